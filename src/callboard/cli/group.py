"""The command group: whatever ends a command becomes one of `exits.Exit`, with its reason on standard error."""

import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from callboard.base.errors import (
    BadInput,
    BadInputs,
    CallboardError,
    Conflict,
    NotFound,
    UsageError,
)
from callboard.cli.exits import Exit
from callboard.cli.text import plain

__all__ = ["CallboardGroup", "exit_of"]

_WRONG_REQUEST = (UsageError, NotFound, BadInput, BadInputs, Conflict)
"""The errors that the person at the terminal can put right: a reference, an option, a file."""


def exit_of(error: CallboardError) -> Exit:
    """USAGE for what was asked wrongly, COULD_NOT_TELL for what was refused or is not available at present."""
    return Exit.USAGE if isinstance(error, _WRONG_REQUEST) else Exit.COULD_NOT_TELL


class CallboardGroup(click.Group):
    """A click group with Callboard's exit codes; click's own usage error would exit with 2, which here means something else.

    `places` names the module of each command, in which it stands under its own name. It is imported when the command is asked
    for: see "Lazily loading subcommands" in click's documentation.
    """

    def __init__(self, *args: Any, places: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = dict(places or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all, imported or not."""
        return sorted({*self._places, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name in self._places:
            self.add_command(getattr(import_module(self._places.pop(cmd_name)), cmd_name))
        return super().get_command(ctx, cmd_name)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line. In standalone mode (the default) ends the process, else answers the exit code."""
        code = self._run(args, prog_name or "callboard", complete_var, windows_expand_args, extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(
        self,
        args: Sequence[str] | None,
        prog_name: str,
        complete_var: str | None,
        windows_expand_args: bool,
        extra: dict[str, Any],
    ) -> int:
        try:
            result = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
            return result if isinstance(result, int) else Exit.FINE
        except click.ClickException as error:
            error.show()
            return Exit.USAGE
        except click.Abort:
            return Exit.INTERRUPTED
        except SystemExit as error:
            # click answers a closed pipe so, once it has kept the interpreter from complaining about it; and completion ends
            return Exit.PIPE_CLOSED if error.code == 1 else int(error.code or 0)
        except CallboardError as error:
            return _told(error)
        except BaseExceptionGroup as group:
            known = [e for e in _leaves(group) if isinstance(e, CallboardError)]
            return _told(known[0]) if known else _defect(group)
        except Exception as error:
            return _defect(error)


def _told(error: CallboardError) -> Exit:
    problems = error.problems if isinstance(error, BadInputs) else ()
    lines = [plain(str(p), 2000) for p in problems] or [plain(error.message, 2000)]
    for line in lines:
        click.echo(f"callboard: {line}", err=True)
    return exit_of(error)


def _defect(error: BaseException) -> Exit:
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo("callboard: Callboard itself failed; please report it with the lines above.", err=True)
    return Exit.COULD_NOT_TELL


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
