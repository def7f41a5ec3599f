"""Long foreign texts in a view: as much of them as somebody reads."""

from typing import Final

__all__ = ["LONGEST_WORDS", "clipped"]

LONGEST_WORDS: Final = 4096
"""Characters: what the kubelet keeps of a container's last words. A message of a condition may have eight times as many."""


def clipped(text: str) -> str:
    """The text, and where it goes on a sign that it does."""
    return text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS] + " …"
