"""Who may come in: sessions and tokens, listed and ended; a token is made for no more than whoever makes it may do."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import Final

from callboard.access.sessions_list import SessionsList
from callboard.access.store import KeptToken
from callboard.access.tokens import ServiceTokens
from callboard.base.clock import Clock
from callboard.base.errors import NotAllowed, Unavailable, UsageError
from callboard.model.caller import Caller
from callboard.model.permission import NOT_YET, Action
from callboard.portal.administration.guard import AdminGuard
from callboard.portal.views import NewToken, SessionLine, SessionsView, TokenLine, TokensView

__all__ = ["PAGE", "ComingIn"]

PAGE: Final = 100
"""Rows of one page."""
_KNOWN: Final = frozenset(map(str, Action))
_ID = re.compile(r"[0-9a-f]{1,16}")


class ComingIn:
    """Reads for whoever may read how Callboard is set up; changes for whoever may change who may come in. `may_to_all` says
    whether somebody may do something to everything it can be done to."""

    def __init__(
        self,
        guard: AdminGuard,
        sessions: SessionsList,
        tokens: ServiceTokens,
        clock: Clock,
        may_to_all: Callable[[Caller, Action], Awaitable[bool]],
    ) -> None:
        self._may_to_all = may_to_all
        self._guard = guard
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock

    async def sessions(self, who: str, offset: int, caller: Caller) -> SessionsView:
        """One page of the sessions whose owner has `who` in their name. Raises NotAllowed, Unavailable."""
        await self._guard.require(caller, Action.ADMIN_READ)
        found = await self._sessions.page(who, offset, PAGE + 1)
        rows = tuple(
            SessionLine(
                id=kept.id,
                subject=kept.subject,
                way=kept.way,
                place=kept.place,
                began=kept.began,
                seen=kept.seen,
                ends=kept.ends,
                own=caller.through == f"session:{kept.id}",
            )
            for kept in found[:PAGE]
        )
        return SessionsView(
            rows=rows,
            older=offset + PAGE if len(found) > PAGE else 0,
            may_end=Action.ADMIN_CHANGE in self._guard.may(caller),
        )

    async def end_session(self, id_: str, caller: Caller) -> None:
        """End one, with all that is open under it. Raises NotFound, NotAllowed, Unavailable."""
        _require_id(id_)
        await self._guard.changing(caller, f"session {id_} ended")
        await self._sessions.end(id_)

    async def end_sessions_of(self, subject: str, caller: Caller) -> int:
        """End all of somebody; how many there were."""
        if not subject or len(subject) > 300:
            raise UsageError("Say whose sessions are to end.", code="no-subject")
        await self._guard.changing(caller, f"all sessions of {subject} ended")
        return await self._sessions.end_of(subject)

    async def tokens(self, who: str, offset: int, caller: Caller) -> TokensView:
        """One page of the tokens whose service has `who` in its name. Raises NotAllowed, Unavailable."""
        await self._guard.require(caller, Action.ADMIN_READ)
        found = [kept for kept in await self._tokens.all() if who.lower() in kept.service]
        may_change = Action.ADMIN_CHANGE in self._guard.may(caller)
        return TokensView(
            rows=tuple(self._line(kept) for kept in found[offset : offset + PAGE]),
            older=offset + PAGE if len(found) > offset + PAGE else 0,
            may_change=may_change,
            for_=await self._for(caller) if may_change else (),
        )

    async def revoke_token(self, id_: str, caller: Caller) -> None:
        """End one for good. Raises NotFound, NotAllowed, Unavailable."""
        _require_id(id_)
        await self._guard.changing(caller, f"token {id_} revoked")
        await self._tokens.revoke(id_)

    async def make_token(self, service: str, may: tuple[str, ...], days: int, caller: Caller) -> NewToken:
        """A new token that ends in so many days. Raises NotAllowed where its maker may not do themselves what it is made for,
        UsageError for what cannot be, Unavailable."""
        await self._guard.require(caller, Action.ADMIN_CHANGE)
        known = [Action(each) for each in sorted({*may}) if each in _KNOWN]
        beyond = [str(a) for a in known if a not in NOT_YET and not await self._may_to_all(caller, a)]
        if beyond:
            raise NotAllowed(
                f"A token may do no more than whoever makes it; you may not do this to everything: {', '.join(beyond)}.",
                code="not-permitted",
            )
        ends = self._clock.now() + timedelta(days=days)
        kept, token = await self._tokens.create(service, may, ends)
        what = f"token {kept.id} made for {service}, who may {', '.join(sorted(may))}, until {ends.astimezone(UTC):%Y-%m-%d}"
        try:
            await self._guard.changing(caller, what)
        except Unavailable:
            await self._tokens.revoke(kept.id)  # nobody has seen it
            raise
        return NewToken(line=self._line(kept), token=token)

    async def _for(self, caller: Caller) -> tuple[str, ...]:
        return tuple([str(a) for a in Action if a not in NOT_YET and await self._may_to_all(caller, a)])

    def _line(self, kept: KeptToken) -> TokenLine:
        now = self._clock.now()
        state = "revoked" if kept.revoked is not None else "over" if kept.ends <= now else "good"
        return TokenLine(
            id=kept.id,
            service=kept.service,
            may=tuple(sorted(kept.may)),
            made=kept.made,
            ends=kept.ends,
            used=kept.used,
            state=state,
        )


def _require_id(id_: str) -> None:
    if not _ID.fullmatch(id_):
        raise UsageError("Say which one by its id, as it stands in the list.", code="no-id")
