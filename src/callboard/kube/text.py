"""Foreign text, made fit to be kept and shown."""

import re
from typing import Final

__all__ = ["clean"]

_UNFIT: Final = re.compile(
    "\x1b\\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
    "|[\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters but tab and newline, escape sequences, and what turns the direction of text or hides in it."""


def clean(text: str, most: int) -> str:
    """`text` in one piece of at most `most` characters, without control and direction characters."""
    cut = len(text) > most
    text = _UNFIT.sub("", text[: most * 2]).strip()
    return text[: most - 1] + "…" if len(text) > most or cut else text
