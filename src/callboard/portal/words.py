"""Words that all faces have for the same values: how current something is, how much a pod uses. Pure."""

from collections.abc import Callable

from callboard.model.outcome import Freshness
from callboard.portal.views import PodUsage

__all__ = ["FRESHNESS", "STALE", "cpu_words", "memory_words", "usage_words"]

FRESHNESS = {
    Freshness.LIVE: "Live",
    Freshness.POLLED: "Asked at intervals, last",
    Freshness.ASKED: "Asked once,",
}
"""What a face says, with the age behind it where it is not live."""
STALE = "What is shown is what was seen last; Callboard goes on trying."
"""What a face says behind "Stale since"."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def usage_words(usage: PodUsage) -> tuple[str, str]:
    """CPU and memory, each in one clause: `0.12 cores (asked for 0.5 cores, at most 1 cores)`."""
    return (
        _against(usage.cpu, usage.cpu_request, usage.cpu_limit, cpu_words),
        _against(usage.memory, usage.memory_request, usage.memory_limit, memory_words),
    )


def cpu_words(cores: float) -> str:
    """`0.12 cores`, `3 cores`."""
    shown = f"{cores:.3f}" if cores < 0.1 else f"{cores:.2f}" if cores < 10 else f"{cores:.0f}"
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} cores"


def memory_words(amount: float) -> str:
    """`128 MiB`, `1.5 GiB`."""
    unit = 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if amount >= 100 else f"{amount:.3g} {_UNITS[unit]}"


def _against(used: float, request: float | None, limit: float | None, words: Callable[[float], str]) -> str:
    told = [f"asked for {words(request)}"] if request is not None else []
    told += [f"at most {words(limit)}"] if limit is not None else []
    return f"{words(used)} ({', '.join(told)})" if told else words(used)
