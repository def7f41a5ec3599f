"""`callboard config`: what becomes of every key of the configuration. No value is ever shown."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from callboard.base.config import KeyOutcome, Level, Row, check
from callboard.cli.exits import Exit
from callboard.cli.options import config_option, json_option
from callboard.cli.running import run
from callboard.cli.text import ASIDE, Terminal, json_text, plain, say, table, terminal_of
from callboard.cli.wiring import WiredCheck, Wiring

__all__ = ["config"]

_COLORS = {Level.INFO: "", Level.WARNING: "yellow", Level.ERROR: "red"}


@click.group()
def config() -> None:
    """The configuration."""


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `outcome` is `used`, `unset`, `unused`, `unknown`, `invalid` or `caution`."""

    path: str
    outcome: str
    level: Level
    file: str
    line: int | None
    message: str


@config.command("check")
@config_option
@json_option
@click.pass_obj
def check_config(wiring: Wiring, configs: tuple[Path, ...], as_json: bool) -> int:
    """Say of every key whether it is used, known to Backstage but not used here, or unknown; and where it stands. A catalog
    location of files that leads nowhere is told as well. Then wire what the server would wire, extensions included, and say what
    of it cannot be used.

    \b
    Exit codes: 0 nothing wrong, or warnings only; 1 problems: this configuration would be refused, or something in it cannot
    be used; 3 wrong usage.
    """
    files = wiring.config_files(configs)
    checked = check(files, os.environ)
    nowhere = wiring.leading_nowhere(checked.loaded.settings) if checked.loaded else {}
    rows = [_caution(row, nowhere[row.path]) if row.path in nowhere else row for row in checked.report]
    wired = run(wiring.wired_check(configs)) if files and not checked.problems else WiredCheck()
    if as_json:
        keys = [_key(row) for row in rows]
        problems = [*map(str, checked.problems), *wired.problems]
        document = {
            "files": [str(f) for f in files],
            "keys": keys,
            "problems": problems,
            "warnings": wired.warnings,
        }
        say(json_text(document))
    else:
        terminal = terminal_of(sys.stdout)
        say("\n".join((*_lines(files, rows, terminal), *_wired(wired, terminal))))
    return Exit.TROUBLE if checked.problems or wired.problems else Exit.FINE


def _wired(wired: WiredCheck, terminal: Terminal) -> list[str]:
    """What came of wiring it, a line each."""
    lines = [
        f"{terminal.style('problem', 'red', bold=True)}  {plain(words, 1000)}" for words in wired.problems
    ]
    lines += [f"{terminal.style('warning', 'yellow')}  {plain(words, 1000)}" for words in wired.warnings]
    return ["", *lines] if lines else []


def _caution(row: Row, message: str) -> Row:
    return msgspec.structs.replace(
        row,
        outcome=KeyOutcome.CAUTION,
        level=Level.WARNING,
        message="; ".join(filter(None, (row.message, message))),
    )


def _key(row: Row) -> KeyRow:
    return KeyRow(
        path=row.path,
        outcome=row.outcome.name.lower(),
        level=row.level,
        file=row.where,
        line=row.line,
        message=row.message,
    )


def _lines(files: Sequence[Path], rows: Sequence[Row], terminal: Terminal) -> list[str]:
    if not files and not rows:
        return ["No configuration file: every setting has its default."]
    cells = [
        (
            terminal.style(row.outcome.value, _COLORS[row.level], bold=row.level is Level.ERROR),
            plain(row.path) or "-",
            plain(f"{row.where}:{row.line}" if row.line is not None else row.where, 500),
            plain(row.message, 1000),
        )
        for row in rows
    ]
    counts = Counter(row.outcome for row in rows)
    told = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in KeyOutcome if counts[outcome])
    return [
        *table(terminal, ("OUTCOME", "KEY", "PLACE", ""), cells),
        terminal.style(f"{len(rows)} keys: {told}", ASIDE),
    ]
