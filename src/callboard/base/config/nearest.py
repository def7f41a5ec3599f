"""The known word that was probably meant."""

from collections.abc import Iterable

__all__ = ["distance", "nearest"]


def distance(one: str, other: str) -> int:
    """How many single letters to insert, drop, replace or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The member of `known` closest to `word`, capitals aside, if it is close enough to have been meant."""
    if len(word) > 80:
        return None
    scored = sorted((distance(word.lower(), candidate.lower()), candidate) for candidate in known)
    if scored and scored[0][0] <= max(1, len(word) // 3):
        return scored[0][1]
    return None
