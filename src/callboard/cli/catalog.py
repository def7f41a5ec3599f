"""`callboard catalog`: catalog files, without a portal."""

import click

from callboard.cli.exits import Exit
from callboard.cli.options import json_option
from callboard.cli.text import json_text, plain, say

__all__ = ["catalog"]


@click.group()
def catalog() -> None:
    """Catalog files."""


@catalog.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@json_option
def validate(paths: tuple[str, ...], as_json: bool) -> int:
    """Check catalog files by Backstage's rules, without fetching anything.

    PATH is a file, a directory (every .yaml and .yml below it) or a glob. Each problem is told with its file, line, path in
    the document, what was found and what was expected.

    \b
    Exit codes: 0 nothing wrong; 1 problems found; 3 wrong usage.
    """
    # A second of imports, which the list of commands does not need.
    from callboard.portal.operations import validate_catalog

    validation = validate_catalog(paths)
    if as_json:
        say(json_text(validation))
    else:
        for problem in validation.problems:
            say(plain(str(problem), 2000))
        valid = f"{validation.entities} of {validation.documents} entities valid"
        say(f"{_count(validation.files, 'file')}, {valid}, {_count(len(validation.problems), 'problem')}")
    return Exit.TROUBLE if validation.problems else Exit.FINE


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
