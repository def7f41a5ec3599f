"""`callboard explain`: what the codes of findings mean."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from callboard.cli.exits import Exit
from callboard.cli.options import json_option
from callboard.cli.text import ASIDE, Terminal, json_text, say, terminal_of

if TYPE_CHECKING:
    from callboard.portal.documents.explanations import Explanation

__all__ = ["explain"]


@click.command()
@click.argument("code", metavar="[CODE]", required=False)
@json_option
def explain(code: str | None, as_json: bool) -> int:
    """Say what a code means, and what to do about it; without one, list them all.

    CODE is CB-IMAGE-DENIED or image-denied, as findings and their pages have it.

    \b
    Exit codes: 0; 3 where there is no such code.
    """
    # A second of imports, which the list of commands does not need.
    from callboard.portal.documents.explanations import explain_code, explanations

    terminal = terminal_of(sys.stdout)
    if code is None:
        found = explanations()
        if as_json:
            say(json_text(found))
        else:
            width = max(len(each.code) for each in found)
            say("\n".join(f"{each.code:{width}}  {each.title}" for each in found))
        return Exit.FINE
    one = explain_code(code)
    say(json_text(one) if as_json else "\n".join(_lines(one, terminal)))
    return Exit.FINE


def _lines(one: "Explanation", terminal: Terminal) -> Iterator[str]:
    yield terminal.style(one.code, bold=True) + f"  {one.title}"
    yield ""
    yield from terminal.wrapped("", one.means, indent=0)
    yield ""
    for sentence in one.sentences:
        yield from terminal.wrapped("  told as: ", sentence, indent=4)
    impact = (
        one.impact.value if one.impact else "down, degraded, at risk or a notice, by how many pods are ready"
    )
    yield from terminal.wrapped("  impact:  ", impact, indent=4)
    yield from terminal.wrapped("  when:    ", one.window, indent=4)
    if one.reads:
        yield from terminal.wrapped("  reads:   ", ", ".join(one.reads), indent=4)
    for step in one.steps:
        target = f" ({step.target})" if step.target else ""
        yield from terminal.wrapped("  next:    ", f"{step.text}{target}", indent=4)
    if one.docs:
        yield terminal.style(f"  docs:    {one.docs}", ASIDE)
