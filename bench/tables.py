"""How results are said: tables of Markdown, so that they can be pasted into a document as they are."""

import statistics
import sys
import time
from collections.abc import Sequence

__all__ = ["doing", "line", "percentile", "say", "spread", "table"]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and the lowest and highest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all do not exceed; of none, 0."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    place = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(0, min(len(ordered) - 1, int(place) - 1))]


def table(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print it. More of it may follow with `line`."""
    say(f"\n### {title}\n\n| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for row in rows:
        line(row)


def line(row: Sequence[str]) -> None:
    """A further line of the table printed last: a run that is stopped has told what it had."""
    say(f"| {' | '.join(row)} |")


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def doing(text: str) -> None:
    """Where the run is, on standard error: what is printed stays a document."""
    sys.stderr.write(f"  {time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()
