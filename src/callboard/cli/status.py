"""`callboard status`: the page's answer in a terminal."""

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

import click

from callboard.base.errors import Unavailable
from callboard.cli.options import config_option, json_option
from callboard.cli.progress import Progress
from callboard.cli.running import with_portal
from callboard.cli.status_text import status_lines
from callboard.cli.text import json_text, say, terminal_of
from callboard.cli.wiring import OpenedPortal, Wiring
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.document import document_of
from callboard.portal.views import KubernetesView

__all__ = ["status"]


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
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="How long to wait; clusters that have not answered by then could not be told.",
)
@click.pass_obj
def status(
    wiring: Wiring,
    entity_ref: str,
    configs: tuple[Path, ...],
    as_json: bool,
    require_all: bool,
    timeout: float,
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
    """
    ref = EntityRef.parse(entity_ref, default_kind="component")
    view = with_portal(wiring, configs, lambda opened: _ask(opened, ref, timeout))
    document = document_of(view, require_all=require_all)
    if as_json:
        say(json_text(document))
    else:
        terminal = terminal_of(sys.stdout)
        say("\n".join(status_lines(document, terminal)))
    return document.conclusion.exit_code


async def _ask(opened: OpenedPortal, ref: EntityRef, timeout: float) -> KubernetesView:
    """The settled view, or the newest after `timeout` seconds."""
    newest: KubernetesView | None = None
    with Progress(sys.stderr) as progress:
        async with aclosing(opened.portal.kubernetes(ref, Caller.loopback())) as views:
            try:
                async with asyncio.timeout(timeout):
                    async for newest in views:
                        progress.waiting_for(newest)
                        if newest.settled:
                            break
            except TimeoutError:
                pass
    if newest is None:
        raise Unavailable(f"No answer within {timeout:g} seconds, not even which clusters to ask.")
    return newest
