"""What to say of a name that nobody knows."""

from collections.abc import Iterable

from callboard.base.config.nearest import nearest

__all__ = ["expected_one_of", "nearest_hint"]


def expected_one_of(known: Iterable[str]) -> str:
    """`one of a, b, c`, in alphabetical order."""
    return "one of " + ", ".join(sorted(known, key=str.lower))


def nearest_hint(found: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or "" when nothing is near. Case alone counts as near."""
    near = nearest(found, known)
    return f"did you mean {near}?" if near else ""
