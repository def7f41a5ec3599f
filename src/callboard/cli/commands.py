"""The command line as a whole."""

from importlib.metadata import version

import click

from callboard.cli.catalog import catalog
from callboard.cli.clusters import clusters
from callboard.cli.config import config
from callboard.cli.group import CallboardGroup
from callboard.cli.rbac import rbac
from callboard.cli.serving import demo, serve, simulate
from callboard.cli.status import status
from callboard.cli.wiring import Wiring

__all__ = ["build_cli", "commands"]


def build_cli(wiring: Wiring) -> click.Group:
    """The `callboard` command. Called, it runs `sys.argv` and ends the process with one of `exits.Exit`."""
    group = commands()
    group.context_settings["obj"] = wiring
    return group


def commands() -> click.Group:
    """The tree of commands, not wired to anything."""

    @click.group(
        "callboard",
        cls=CallboardGroup,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    @click.version_option(version("callboard"), message="callboard %(version)s")
    def callboard() -> None:
        """Open a service and see where it runs on Kubernetes, whether it is healthy, and what to do next.

        \b
        Exit codes:
          0  healthy, or nothing wrong
          1  unhealthy (also: not ready yet, or running nowhere), or problems found
          2  could not tell; the output says which clusters, and why
          3  wrong usage: an unknown command, option or entity, a configuration that cannot be used
        """

    for command in (serve, demo, status, clusters, catalog, config, rbac, simulate):
        callboard.add_command(command)
    return callboard
