"""`callboard access`: who may do what, and by which policy."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from callboard.cli.exits import Exit
from callboard.cli.options import config_option, json_option
from callboard.cli.running import with_portal
from callboard.cli.text import Terminal, json_text, say, terminal_of
from callboard.cli.wiring import OpenedPortal, Wiring
from callboard.model.caller import Caller
from callboard.portal.views import AccessExplanation

__all__ = ["access"]


@click.group()
def access() -> None:
    """Who may do what."""


@access.command()
@click.argument("who")
@click.argument("action")
@click.argument("what", required=False, default="")
@config_option
@click.option("--cluster", metavar="NAME", default="", help="In which cluster, where that matters.")
@click.option("--namespace", metavar="NAME", default="", help="In which namespace.")
@click.option(
    "--type", "type_", metavar="TYPE", default="", help="Objects of which type: pods, rollouts.argoproj.io …"
)
@json_option
@click.pass_obj
def explain(
    wiring: Wiring,
    who: str,
    action: str,
    what: str,
    configs: tuple[Path, ...],
    cluster: str,
    namespace: str,
    type_: str,
    as_json: bool,
) -> int:
    """Say whether somebody may do something, and which policy decides, by the configuration and the catalog as they are now.

    WHO is a person (anna, user:default/anna), with the groups that the catalog knows of them, or a service whose token says the
    action (service:ci). ACTION is a permission's name, such as kubernetes.logs.read. WHAT is an entity
    (component:default/shop), or a cluster's name for what is done to clusters, or left out for what is done to Callboard.

    \b
    Exit codes: 0 they may; 1 they may not; 3 wrong usage.
    """

    async def ask(opened: OpenedPortal) -> AccessExplanation | None:
        asked = {
            "who": who,
            "action": action,
            "what": what,
            "cluster": cluster,
            "namespace": namespace,
            "type": type_,
        }
        return (await opened.portal.policies(asked, Caller.loopback())).explanation

    found = with_portal(wiring, configs, ask)
    if found is None:
        raise click.UsageError("WHO must not be empty.")
    say(json_text(found) if as_json else "\n".join(_lines(found, terminal_of(sys.stdout))))
    return Exit.FINE if found.allowed else Exit.TROUBLE


def _lines(found: AccessExplanation, terminal: Terminal) -> Iterator[str]:
    yield terminal.style("yes" if found.allowed else "no", bold=True)
    yield from terminal.wrapped("  because: ", found.by, indent=4)
    for policy in found.policies:
        yield from terminal.wrapped("  policy:  ", policy, indent=4)
    for error in found.errors:
        yield from terminal.wrapped("  error:   ", error, indent=4)
    groups = ", ".join(found.groups) or "no group that the catalog knows"
    yield from terminal.wrapped("  groups:  ", groups, indent=4)
