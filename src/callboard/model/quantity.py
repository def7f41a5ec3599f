"""Quantities as Kubernetes writes them (`100m`, `1.5`, `128Mi`, `2e3`), as numbers.

The suffixes are apimachinery's (pkg/api/resource/suffix.go).
"""

import math
import re
from typing import Final

__all__ = ["quantity"]

_SUFFIXES: Final = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}
_FORM: Final = re.compile(
    r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)([numkMGTPE]|[KMGTPE]i)?"
)


def quantity(written: str | int | float | None) -> float | None:
    """The number; None for what is no finite quantity."""
    if isinstance(written, str):
        found = _FORM.fullmatch(written.strip())
        if found is None:
            return None
        written = float(found[1]) * _SUFFIXES[found[2] or ""]
    if written is None:
        return None
    try:
        number = float(written)
    except OverflowError:  # a whole number may have any length
        return None
    return number if math.isfinite(number) else None
