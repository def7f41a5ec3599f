"""An incident as text that can be pasted into a chat: what is wrong, where, since when, what it said, what to do next. Made of
what its reader sees and of nothing else. Pure.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from callboard.portal.views import KubernetesView
from callboard.web import times
from callboard.web.troubles import ShownFinding, Troubles, troubles

__all__ = ["Incident", "incident", "one_line"]

MOST_OTHERS: Final = 6
MOST_OWNERS: Final = 3
_BLANK: Final = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]+"
)
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>|~#])")
_MENTION: Final = re.compile(r"@(?=\w)")


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is its headline, `markdown` and `plain` the whole of it, several lines each."""

    title: str
    markdown: str
    plain: str


def one_line(text: str, most: int = 300) -> str:
    """Foreign text on one line, without what acts on a chat: nobody is called by it."""
    line = _MENTION.sub("@\u2060", _BLANK.sub(" ", text).strip())
    return line if len(line) <= most else line[:most] + "…"


def incident(view: KubernetesView, page: str, said: str, now: datetime) -> Incident:
    """The incident that a view shows. `page` is the view's address, `said` what the software said last, "" where that is not to
    be had."""
    told = troubles(view.verdict, {part.cluster.name: part.cluster.display for part in view.clusters})
    title = _title(view, told.first)
    return Incident(
        title=title,
        markdown=_written(view, told, title, page, said, now, _marked, bold="**", code="`"),
        plain=_written(view, told, title, page, said, now, lambda text: text, bold="", code=""),
    )


def _title(view: KubernetesView, first: ShownFinding | None) -> str:
    name = one_line(view.entity.title, 100)
    if first is None:
        return f"{name}: {one_line(view.verdict.sentence)}"
    return f"{name} is {_IS.get(first.impact, first.word.lower())} in {one_line(first.where, 200)}"


_IS: Final = {"down": "down", "degraded": "degraded", "at-risk": "at risk"}


def _marked(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", text)


def _written(
    view: KubernetesView,
    told: Troubles,
    title: str,
    page: str,
    said: str,
    now: datetime,
    shown: Callable[[str], str],
    *,
    bold: str,
    code: str,
) -> str:
    lines = [f"{bold}{shown(title)}{bold}"]
    if (first := told.first) is not None:
        lines += [shown(line) for line in _facts(first, now)]
        if said:
            quoted = one_line(said).replace("`", "'")
            lines.append(f"{code}{quoted}{code}" if code else quoted)
        for number, step in enumerate(first.steps, 1):
            lines.append(f"{number}. {shown(one_line(step.text))}")
            lines += [f"   {code}{one_line(c).replace('`', chr(39))}{code}" for c in step.commands]
    if owners := [ref.name for ref in view.entity.related("ownedBy")[:MOST_OWNERS]]:
        lines.append(shown(one_line(f"Owner: {', '.join(owners)}")))
    others = told.others[:MOST_OTHERS]
    lines += [f"- {shown(_other(each))}" for each in others]
    if more := len(told.others) - len(others) + told.more:
        lines.append(f"- and {more} more")
    lines.append(f"As of {times.exact(view.as_of or now)}: {page}")
    return "\n".join(lines)


def _facts(first: ShownFinding, now: datetime) -> Sequence[str]:
    finding = first.finding
    facts = []
    elsewhere = f"also in {one_line(first.elsewhere)}" if first.elsewhere else ""
    if finding.since is not None:
        begun = "For at least" if finding.since_at_least else f"Since {times.exact(finding.since)},"
        facts.append(f"{begun} {times.age(finding.since, now)}" + (f"; {elsewhere}" if elsewhere else ""))
    elif elsewhere:
        facts.append(elsewhere.capitalize())
    if finding.after is not None:
        change = finding.after
        facts.append(one_line(f"After {change.what} {change.before} → {change.after}"))
    facts.append(one_line(f"{finding.subject}: {finding.sentence}.", 600))
    return facts


def _other(trouble: ShownFinding) -> str:
    finding = trouble.finding
    return one_line(f"{trouble.word}: {finding.subject}: {finding.sentence} ({trouble.where})", 400)
