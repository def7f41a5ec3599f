"""Kubernetes quantities (`100m`, `128Mi`, `1e3`) as numbers and back (apimachinery, pkg/api/resource/quantity.go)."""

import re

__all__ = ["format_like", "parse_quantity"]

_SUFFIXES: dict[str, float] = {
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


_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,2})|([KMGTPE]i|[numkMGTPE]))?", re.ASCII)


def parse_quantity(text: object) -> float:
    """The value of a quantity. Raises ValueError for what is none."""
    found = _FORM.fullmatch(str(text))
    if found is None:
        raise ValueError(f"no quantity: {str(text)[:64]!r}")
    number, exponent, suffix = found.groups()
    return float(number + (exponent or "")) * _SUFFIXES.get(suffix, 1.0)


def format_like(amount: float, model: object) -> str:
    """Write `amount` in the family of suffixes that `model` uses."""
    text = str(model)
    if text.endswith("i"):
        for suffix in ("Gi", "Mi", "Ki"):
            if amount and amount % _SUFFIXES[suffix] == 0:
                return f"{int(amount / _SUFFIXES[suffix])}{suffix}"
        return str(int(amount))
    if abs(amount - round(amount)) < 1e-9:
        return str(round(amount))
    return f"{round(amount * 1000)}m"
