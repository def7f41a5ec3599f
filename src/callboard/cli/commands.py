"""The command line as a whole."""

from typing import Final

import click

from callboard import __version__
from callboard.cli.group import CallboardGroup
from callboard.cli.wiring import Wiring

__all__ = ["build_cli", "commands"]

_PLACES: Final = {
    "serve": "callboard.cli.serving",
    "demo": "callboard.cli.serving",
    "simulate": "callboard.cli.serving",
    "status": "callboard.cli.status",
    "diagnose": "callboard.cli.diagnose",
    "explain": "callboard.cli.explain",
    "clusters": "callboard.cli.clusters",
    "catalog": "callboard.cli.catalog",
    "config": "callboard.cli.config",
    "rbac": "callboard.cli.rbac",
    "database": "callboard.cli.database",
    "sessions": "callboard.cli.sessions",
    "tokens": "callboard.cli.tokens",
    "access": "callboard.cli.access",
    "extensions": "callboard.cli.extensions",
}
"""What one command needs, the others' users need not wait for."""


def build_cli(wiring: Wiring) -> click.Group:
    """The `callboard` command. Called, it runs `sys.argv` and ends the process with one of `exits.Exit`."""
    group = _group()
    group.context_settings["obj"] = wiring
    return group


def commands() -> click.Group:
    """The tree of commands, all of them imported and not wired to anything."""
    group = _group()
    for name in _PLACES:
        group.get_command(click.Context(group), name)
    return group


def _group() -> click.Group:
    @click.group(
        "callboard",
        cls=CallboardGroup,
        places=_PLACES,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    @click.version_option(__version__, message="callboard %(version)s")
    def callboard() -> None:
        """Open a service and see where it runs on Kubernetes, whether it is healthy, and what to do next.

        \b
        Exit codes:
          0  healthy, or nothing wrong
          1  unhealthy (also: not ready yet, or running nowhere), or problems found
          2  could not tell; the output says which clusters, and why
          3  wrong usage: an unknown command, option or entity, a configuration that cannot be used
        """

    return callboard
