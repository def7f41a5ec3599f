"""permissions.md: every action, what it is done to, and what policies may speak of."""

from callboard.access.policies.schema import SCHEMA
from callboard.app.references.source import attribute_docs, own_doc, paragraphs
from callboard.model.permission import DONE_TO, NOT_YET, Action, ResourceKind

__all__ = ["render"]

HEAD = """\
<!-- Written from callboard.model.permission by `make docs`; edit the docstrings there instead. -->

# Permissions

What somebody may do in Callboard, by the names that policies, tokens and the audit use. How to write policies:
[the guide](../guides/policies.md)."""


def render() -> str:
    """The page as Markdown."""
    docs = attribute_docs(Action)
    rows = ["| action | done to | meaning |", "| --- | --- | --- |"]
    for action in Action:
        kinds = ", ".join(sorted(DONE_TO[action]))
        yet = " Nothing in Callboard does it yet." if action in NOT_YET else ""
        rows.append(f"| `{action}` | {kinds} | {docs[action.name]}{yet} |")
    kinds_of = attribute_docs(ResourceKind)
    return (
        "\n\n".join(
            (
                HEAD,
                paragraphs(own_doc(Action)),
                "\n".join(rows),
                "## What it is done to",
                paragraphs(own_doc(ResourceKind)),
                "\n".join(f"- **{kind}**: {kinds_of[kind.name]}" for kind in ResourceKind),
                "## The schema of policies",
                f"```cedar\n{SCHEMA}```",
            )
        )
        + "\n"
    )
