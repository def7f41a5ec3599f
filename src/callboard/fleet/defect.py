"""A mistake of ours or of a plugin's, as a cluster's failure."""

import traceback

import structlog

from callboard.model.outcome import Failure, FailureCode

__all__ = ["defect"]

log = structlog.get_logger(__name__)


def defect(doing: str, error: Exception, *, told: str = "", **where: str) -> Failure:
    """What `doing` failed with. Logs where it happened and of what class, under `told`; not what it says: that may quote a token
    or a body."""
    frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    log.error(told or f"{doing} failed", **where, error=type(error).__name__, frames=frames[-8:])
    return Failure(
        code=FailureCode.INTERNAL,
        message=f"{doing} failed unexpectedly ({type(error).__name__}); the log tells where",
    )
