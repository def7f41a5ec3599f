"""What is told where something foreign raised what nobody foresaw: one problem at its place, and the rest goes on."""

import traceback

import structlog

from callboard.base.errors import BadInput, CallboardError, Problem

__all__ = ["stumbled"]

FRAMES = 10
TRACE = 4_000
"""Characters of a traceback in the log: it may hold a piece of a foreign file."""

log = structlog.get_logger(__name__)

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (RecursionError, "is nested too deep"),
    (MemoryError, "is too large"),
    (UnicodeError, "holds characters that are none"),
    (OverflowError, "holds a number that is too large"),
)


def stumbled(error: Exception, where: str, line: int | None = None) -> Problem:
    """The problem that stands for `error` at a source (and a line of it, where that is known). Never the error's own words,
    which may quote the source; those go to the log, at debug."""
    if isinstance(error, BadInput):
        return error.problem
    if isinstance(error, CallboardError):
        return Problem(error.message, where=where, line=line)
    trace = "".join(traceback.format_exception(error, limit=-FRAMES))[-TRACE:]
    log.debug("a part of the catalog made its reader fail", place=where, line=line, traceback=trace)
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return Problem(words, where=where, line=line)
    hint = "please report it; the log tells more at level debug"
    return Problem(f"made Callboard fail ({type(error).__name__})", where=where, line=line, hint=hint)
