"""The command's entry point."""

from callboard.app.wiring import AppWiring
from callboard.cli.commands import build_cli

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    build_cli(AppWiring()).main(prog_name="callboard")
