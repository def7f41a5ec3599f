"""Which request something is done for: its id and where it came from, for whoever keeps a record of it."""

from contextvars import ContextVar, Token

import msgspec

__all__ = ["RequestOrigin", "request_begun", "request_ended", "request_facts"]


class RequestOrigin(msgspec.Struct, frozen=True):
    """`id` is the one in the log and in error pages; both are "" outside of a request."""

    id: str = ""
    address: str = ""


_NONE = RequestOrigin()
_CURRENT: ContextVar[RequestOrigin] = ContextVar("callboard_request", default=_NONE)


def request_facts() -> RequestOrigin:
    """Of the request that is being answered."""
    return _CURRENT.get()


def request_begun(id_: str, address: str) -> Token[RequestOrigin]:
    """From here on, in this task and those it begins."""
    return _CURRENT.set(RequestOrigin(id_, address))


def request_ended(token: Token[RequestOrigin]) -> None:
    """It is answered."""
    _CURRENT.reset(token)
