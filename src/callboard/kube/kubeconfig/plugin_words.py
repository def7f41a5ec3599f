"""What a credential plugin says on standard error, fit to be shown: its last lines, without what may be a secret."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from callboard.kube.ingest.redact import MASK
from callboard.kube.text import clean

__all__ = ["MOST_WORDS", "SECRET_NAME", "Overheard", "overhearing", "shown_words"]

MOST_WORDS: Final = 300
_KEPT: Final = 8 * 1024

_NAMES: Final = (
    "token|secret|passw(?:or)?d|passphrase|credential|assertion|api[_-]?key|access[_-]?key|private[_-]?key"
)
SECRET_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
"""In the name of what holds one."""
_NAMED: Final = re.compile(rf"((?:{_NAMES})[\w-]*[\"']?\s*[:=]\s*[\"']?)([^\s\"',;]+)", re.IGNORECASE)
_SCHEMED: Final = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
_IN_ADDRESS: Final = re.compile(r"(://)[^/\s@]*@")
_JWT: Final = re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*")
_RUN: Final = re.compile(r"[A-Za-z0-9_+/=~-]{16,}")
_LONG: Final = 40


class Overheard(asyncio.Protocol):
    """The last few kilobytes of what was written to a pipe, however much it was. `ended` is set when nobody holds it open."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._kept += data
        del self._kept[:-_KEPT]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()

    def text(self) -> str:
        return self._kept.decode(errors="replace")


@asynccontextmanager
async def overhearing() -> AsyncIterator[tuple[int, Overheard]]:
    """A pipe's end for a program to write to, and what comes out of it. Whoever starts the program closes that end."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as pipe:
        overheard = Overheard()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: overheard, pipe)
        try:
            yield writing, overheard
        finally:
            transport.close()


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
