"""`callboard status`: the page's answer in a terminal."""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import click

from callboard.base.errors import Unavailable, UsageError
from callboard.cli.options import Span, config_option, json_option
from callboard.cli.progress import ProgressLine
from callboard.cli.release import Release
from callboard.cli.running import with_portal
from callboard.cli.status_text import status_lines
from callboard.cli.text import json_text, say, terminal_of
from callboard.cli.watching import WatchOptions, tell_lacking, watch
from callboard.cli.wiring import OpenedPortal, Wiring
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.finding import Impact
from callboard.portal.documents.status_writer import document_of, is_late
from callboard.portal.views import ClusterPart, KubernetesView

__all__ = ["status"]

MOST = 60.0
"""Seconds without --timeout: only for a soft deadline that was set longer still."""
LEAST = 0.05
"""Seconds that asking gets in any case: what is known at once is told."""
REFERENCES = 3.0
"""Seconds that events, nodes and the like get, for a person, once all that decides is there. A script (--json) gets the same
answer each time: all of it, for as long as the clusters' hard deadlines let it take."""


@click.command()
@click.argument("entity_ref", metavar="ENTITY_REF")
@config_option
@json_option
@click.option(
    "--require-all",
    is_flag=True,
    help="Exit with 2 when anything could not be told, even where something is known to be unhealthy.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Span(),
    help="Wait so long for every cluster (a number of seconds, or 90s, 10m). Without it as long as a page would: a cluster "
    "that has not answered by its soft deadline (callboard.clusters.limits.softDeadline, usually 3 s) could not be told, and "
    "events and other references that come late are left out, but with --json. With --watch: end after so long.",
)
@click.option(
    "--watch",
    "watching",
    is_flag=True,
    help="Go on showing it as it changes: on a terminal in place, elsewhere a line for each change of the verdict or of a "
    "cluster, with --json a document a line. Ctrl-C ends it.",
)
@click.option(
    "--until",
    type=click.Choice(["healthy"]),
    help="Watch until the service is healthy and all that decides it was seen (exit code 0), or the timeout has passed.",
)
@click.option(
    "--wait",
    is_flag=True,
    help="The same as --until healthy.",
)
@click.option(
    "--image",
    metavar="IMAGE",
    default="",
    help="The version that is to run, as registry/app:1.43: exit code 0 only where everything that runs this image runs this "
    "version of it, ready, and something does.",
)
@click.option(
    "--label",
    metavar="KEY=VALUE",
    default="",
    help="The version that is to run by a label of its pods, as app.kubernetes.io/version=1.43: exit code 0 only where "
    "everything that has this label has this value, ready, and something does.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["at-risk", "degraded", "down"]),
    help="While waiting: end at once with 1 when something is found that is as bad as this; with --image or --label only what "
    "concerns that version.",
)
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    default=10.0,
    show_default=True,
    help="How often everything is asked anew while watching, where the objects provider does not listen.",
)
@click.pass_obj
def status(
    wiring: Wiring,
    entity_ref: str,
    configs: tuple[Path, ...],
    as_json: bool,
    require_all: bool,
    timeout: float | None,
    watching: bool,
    until: str | None,
    wait: bool,
    image: str,
    label: str,
    fail_on: str | None,
    interval: float,
) -> int:
    """Say where a service runs and whether it is healthy.

    ENTITY_REF is [kind:][namespace/]name, as Backstage writes it: dice-roller, component:default/dice-roller.
    The kind is component and the namespace default where they are left out.

    \b
    Exit codes:
      0  healthy, and everything that decides it was seen
      1  unhealthy, not ready yet, or running nowhere
      2  could not tell: a cluster did not answer or would not show what decides
      3  wrong usage, unknown entity, or a configuration that cannot be used
    Where both 1 and 2 hold, 1 wins, unless --require-all. The output tells both, --json below "conclusion".

    With --watch the code is that of the last state, or 130 after Ctrl-C. A pipeline waits for what it has deployed with
    --wait --image registry/app:1.43 --fail-on degraded --timeout 10m.
    """
    ref = EntityRef.parse(entity_ref, default_kind="component")
    waiting = wait or until is not None
    if fail_on and not waiting:
        raise UsageError("--fail-on goes with --wait: without it the exit code tells what is found.")
    key, equals, value = label.strip().partition("=")
    if label.strip() and not (key.strip() and equals):
        raise UsageError(
            f"--label {label[:100]!r} is no label; expected KEY=VALUE, as app.kubernetes.io/version=1.43."
        )
    release = Release(
        image=image.strip(),
        label=key.strip(),
        value=value.strip(),
        fail_on=Impact(fail_on) if fail_on else None,
    )
    if watching or waiting:
        options = WatchOptions(
            ref=ref,
            as_json=as_json,
            require_all=require_all,
            until_healthy=waiting,
            release=release,
            interval=interval,
            timeout=timeout,
        )
        return with_portal(wiring, configs, lambda opened: watch(opened, options), watching=True)
    began = time.monotonic()
    view = with_portal(
        wiring,
        configs,
        lambda opened: _ask(opened, ref, timeout, whole=as_json, spent=time.monotonic() - began),
        within=timeout,
    )
    document = release.concluded(document_of(view, require_all=require_all))
    if as_json:
        say(json_text(document))
    else:
        terminal = terminal_of(sys.stdout)
        say("\n".join(status_lines(document, terminal)))
    tell_lacking(document, release)
    return document.conclusion.exit_code


async def _ask(
    opened: OpenedPortal, ref: EntityRef, timeout: float | None, *, whole: bool, spent: float
) -> KubernetesView:
    """The newest view when settled; else after `timeout` seconds, of which some are `spent`. Without one, when only clusters past
    their soft deadline are still out and, unless it has to be `whole`, what decides nothing had a moment to come."""
    newest: KubernetesView | None = None
    most = MOST if timeout is None else timeout
    left = max(LEAST, most - spent)
    with ProgressLine(sys.stderr) as progress:
        async with aclosing(opened.portal.kubernetes(ref, Caller.loopback())) as views:
            try:
                async with asyncio.timeout(left) as deadline:
                    hurried = whole or timeout is not None
                    async for newest in views:
                        progress.waiting_for(newest)
                        if newest.settled or (timeout is None and _all(newest, _settled)):
                            break
                        if not hurried and _all(newest, _final):
                            hurried = True
                            deadline.reschedule(asyncio.get_running_loop().time() + REFERENCES)
            except TimeoutError:
                pass
    if newest is None:
        raise Unavailable(f"No answer within {most:g} seconds, not even which clusters to ask.")
    return newest


def _all(view: KubernetesView, holds: Callable[[ClusterPart], bool]) -> bool:
    return bool(view.clusters) and all(holds(part) or is_late(part) for part in view.clusters)


def _settled(part: ClusterPart) -> bool:
    return part.settled


def _final(part: ClusterPart) -> bool:
    return part.final
