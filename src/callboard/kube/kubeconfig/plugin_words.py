"""What a credential plugin says on standard error, fit to be shown: its last lines, without what may be a secret."""

import re
from collections.abc import Iterable
from typing import Final

from callboard.kube.redact import MASK
from callboard.kube.text import clean

__all__ = ["Tail", "shown_words"]

MOST_WORDS: Final = 300
_KEPT: Final = 8 * 1024

_NAMED: Final = re.compile(
    r"(?i)((?:token|secret|passw(?:or)?d|passphrase|credential|assertion|api[_-]?key|access[_-]?key|private[_-]?key)[\w-]*"
    r"[\"']?\s*[:=]\s*[\"']?)([^\s\"',;]+)"
)
_SCHEMED: Final = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
_IN_ADDRESS: Final = re.compile(r"(://)[^/\s@]*@")
_JWT: Final = re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*")
_RUN: Final = re.compile(r"[A-Za-z0-9_+/=~-]{16,}")
_LONG: Final = 40


class Tail:
    """The last few kilobytes of what was written, however much it was."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, piece: bytes) -> None:
        self._kept += piece
        del self._kept[:-_KEPT]

    def text(self) -> str:
        return self._kept.decode(errors="replace")


def shown_words(text: str, secrets: Iterable[str] = ()) -> str:
    """The end of `text` in one line. `secrets` are values that must not stand in it; what looks like one is masked as well."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, MASK)
    lines = [" ".join(clean(line, _KEPT).split()) for line in text.splitlines()]
    masked = _masked("; ".join(line for line in lines if line))
    return masked if len(masked) <= MOST_WORDS else "…" + masked[-MOST_WORDS + 1 :]


def _masked(text: str) -> str:
    text = _IN_ADDRESS.sub(rf"\1{MASK}@", text)
    text = _SCHEMED.sub(rf"\1 {MASK}", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    return _RUN.sub(_judged, _JWT.sub(MASK, text))


def _judged(run: re.Match[str]) -> str:
    """Long runs of letters and digits may be keys. Of a path each name is judged by itself."""
    text = run[0]
    if text.startswith(("/", "~/")):
        return "/".join(MASK if _may_be_a_key(name) else name for name in text.split("/"))
    return MASK if _may_be_a_key(text) else text


def _may_be_a_key(text: str) -> bool:
    if len(text) >= _LONG:
        return True
    return len(text) >= 16 and any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
