"""conditions.md and a page for each code: what findings mean, from the rules and their texts themselves."""

from collections.abc import Iterator, Mapping

from callboard.portal.documents.explanations import Explanation, explanations

__all__ = ["pages"]

_WRITTEN = "<!-- Written from callboard.diagnosis.rules and callboard.diagnosis.texts by `make docs`; edit these instead. -->"


def pages() -> Mapping[str, str]:
    """conditions.md, which lists the codes, and conditions/CODE.md of each."""
    found = explanations()
    return {"conditions.md": _index(found), **{f"conditions/{each.code}.md": _page(each) for each in found}}


def _index(found: tuple[Explanation, ...]) -> str:
    blocks = [_WRITTEN, "# Conditions"]
    families = dict.fromkeys(each.family for each in found)
    for family in families:
        rows = ["| code | |", "| --- | --- |"]
        rows += [
            f"| [{e.code}](conditions/{e.code}.md) | {_cell(e.title)} |" for e in found if e.family == family
        ]
        blocks += [f"## {family}", "\n".join(rows)]
    return "\n\n".join(blocks) + "\n"


def _page(one: Explanation) -> str:
    return "\n\n".join(_blocks(one)) + "\n"


def _blocks(one: Explanation) -> Iterator[str]:
    yield _WRITTEN
    yield f"# {one.code}: {one.title}"
    yield one.means
    yield "\n".join(f"- told as: {sentence}" for sentence in one.sentences)
    rows = ["| | |", "| --- | --- |"]
    rows.append(f"| impact | {one.impact.value if one.impact else 'by how many pods are ready'} |")
    rows.append(f"| when | {_cell(one.window)} |")
    if one.reads:
        rows.append(f"| rests on | {', '.join(one.reads)} |")
    if one.refines:
        rows.append(f"| says more than | {', '.join(f'[{code}]({code}.md)' for code in one.refines)} |")
    yield "\n".join(rows)
    if one.steps:
        yield "## What to do"
        yield "\n".join(_step(number, step.text, step.target) for number, step in enumerate(one.steps, 1))
    if one.docs:
        yield f"More: <{one.docs}>"


def _step(number: int, text: str, target: str) -> str:
    if target.startswith("https://"):
        return f"{number}. {text} <{target}>"
    if target.startswith("kubectl "):
        return f"{number}. {text} `{target}`"
    return f"{number}. {text}" + (f" ({target})" if target else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
