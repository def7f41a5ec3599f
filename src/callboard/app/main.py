"""The command's entry point."""

import gc
from typing import Final

from callboard.app.wiring import AppWiring
from callboard.cli.commands import build_cli

__all__ = ["main"]

YOUNG: Final = 10_000
"""Containers made before the youngest are searched for cycles. Python's own 700 are the answer of one cluster, which holds none:
a tenth of what a look at a fleet costs. So many are searched in under a millisecond."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    build_cli(AppWiring()).main(prog_name="callboard")
