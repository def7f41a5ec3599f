"""Kubernetes quantities (`100m`, `128Mi`, `1e3`) as numbers and back."""

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


def parse_quantity(text: object) -> float:
    """The value of a quantity. Raises ValueError for what is none."""
    value = str(text).strip()
    for size in (2, 1):
        suffix = value[-size:]
        if len(value) > size and suffix in _SUFFIXES:
            return float(value[:-size]) * _SUFFIXES[suffix]
    return float(value)


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
