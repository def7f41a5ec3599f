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
    """Run the command line and end the process with its exit code. What is there at the end goes with the process: the
    interpreter need not look for cycles in it, which takes a second where a large fleet was held."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    try:
        build_cli(AppWiring()).main(prog_name="callboard")
    finally:
        gc.freeze()
