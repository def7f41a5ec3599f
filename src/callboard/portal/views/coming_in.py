"""Who is signed in, and which tokens there are, for whoever looks after that."""

from datetime import datetime

import msgspec

from callboard.base.secret import Secret

__all__ = ["NewToken", "SessionLine", "SessionsView", "TokenLine", "TokensView"]


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a browser. `id` names it and opens nothing; `way` is by which way its owner came, "" for a link."""

    id: str
    subject: str
    way: str
    place: str
    began: datetime
    seen: datetime
    ends: datetime
    own: bool = False
    """Whether it is the reader's own, the one they ask by."""


class SessionsView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the sessions that go on, the newest first. `older` is the offset of the next page, 0 where there is none."""

    rows: tuple[SessionLine, ...]
    older: int = 0
    may_end: bool = False


class TokenLine(msgspec.Struct, frozen=True, kw_only=True):
    """One of Callboard's own tokens: for whom, for what, until when. `state` is `good`, `over` or `revoked`."""

    id: str
    service: str
    may: tuple[str, ...]
    made: datetime
    ends: datetime
    used: datetime | None
    state: str


class TokensView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of them, the newest first. `for_` are the actions that the reader may make a token for; none where they may make
    none."""

    rows: tuple[TokenLine, ...]
    older: int = 0
    may_change: bool = False
    for_: tuple[str, ...] = ()


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was just made: the one time it is shown."""

    line: TokenLine
    token: Secret
