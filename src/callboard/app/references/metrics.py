"""metrics.md: what `/metrics` tells, from the registry itself."""

from collections.abc import Iterator
from enum import Enum

from prometheus_client.metrics import MetricWrapperBase

from callboard.app.metrics import LABELS, Metrics
from callboard.app.references.source import attribute_docs

__all__ = ["render"]

HEAD = """\
<!-- Written from callboard.app.metrics by `make docs`; edit the descriptions there instead. -->

# Metrics

What `/metrics` tells, in Prometheus' text format. No label names a service, an object or a person.

A histogram comes as the usual three: `_bucket` with the further label `le`, `_sum` and `_count`. Counters and histograms have
a gauge `_created` beside them: when their counting began, in seconds of Unix time."""


def render() -> str:
    """The page as Markdown."""
    rows = "\n".join(("| metric | type | labels | meaning |", "| --- | --- | --- | --- |", *_rows()))
    blocks = [HEAD, rows, "## Labels"]
    for label, (meaning, values) in LABELS.items():
        blocks += [f"### `{label}`", meaning]
        if values is not None:
            blocks.append("\n".join(_values(values)))
    return "\n\n".join(blocks) + "\n"


def _rows() -> Iterator[str]:
    for metric in vars(Metrics()).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            # the library has no public way to ask for them
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)
            yield f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def _values(of: type[Enum]) -> Iterator[str]:
    docs = attribute_docs(of)
    for value in of:
        doc = docs.get(value.name, "")
        yield f"- `{value.value}`" + (f": {doc}" if doc else "")
