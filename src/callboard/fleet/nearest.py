"""What a misspelt name was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["expected_one_of", "nearest_hint"]


def expected_one_of(known: Iterable[str]) -> str:
    """`one of a, b, c`, in alphabetical order."""
    return "one of " + ", ".join(sorted(known, key=str.lower))


def nearest_hint(found: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or "" when nothing is near. Case alone counts as near."""
    names = list(known)
    same = [n for n in names if n.lower() == found.lower()]
    near = same or get_close_matches(found[:100], names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
