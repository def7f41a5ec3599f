"""The operator's tools for who may come in: what `callboard tokens` and `sessions` do with the database of the configuration."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from callboard.access.sessions_list import SessionsList
from callboard.access.store import AuditStore, KeptToken, SessionStore, TokenStore
from callboard.access.tokens import ServiceTokens
from callboard.app.configuration import read_configuration
from callboard.app.tables import opened
from callboard.base.clock import Clock, SystemClock
from callboard.base.errors import Unavailable
from callboard.base.secret import Secret
from callboard.cli.wiring import SessionDocument, TokenDocument
from callboard.model.audit import AuditDeed, AuditEvent, AuditOutcome
from callboard.model.caller import Caller
from callboard.model.permission import Action

__all__ = ["access_tools"]


@asynccontextmanager
async def access_tools(configs: tuple[Path, ...]) -> AsyncIterator["_Tools"]:
    """Until the context ends. Raises what reading a configuration and opening its database raise."""
    database = opened(read_configuration(configs, os.environ, Path.cwd()).settings)
    try:
        tokens = TokenStore(database)
        await tokens.start()
        clock = SystemClock()
        record = AuditStore(database)
        yield _Tools(ServiceTokens(tokens, clock), SessionsList(SessionStore(database), clock), record, clock)
    finally:
        await database.close()


class _Tools:
    """Implements `callboard.cli.wiring.AccessTools`."""

    def __init__(
        self, tokens: ServiceTokens, sessions: SessionsList, record: AuditStore, clock: Clock
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._record = record
        self._clock = clock

    async def _changed(self, what: str) -> None:
        """Keep on record what the operator is about to do: where that cannot be kept, it is not done."""
        caller = Caller.loopback()
        event = AuditEvent(
            at=self._clock.now(),
            deed=AuditDeed.CHANGE,
            outcome=AuditOutcome.DONE,
            who=caller.subject,
            kind=str(caller.kind),
            through="terminal",
            action=str(Action.ADMIN_CHANGE),
            what=what,
        )
        await self._record.add([event])

    async def make_token(
        self, service: str, may: tuple[str, ...], until: datetime
    ) -> tuple[TokenDocument, Secret]:
        kept, token = await self._tokens.create(service, may, until)
        try:
            await self._changed(f"token {kept.id} made for {service}")
        except Unavailable:
            await self._tokens.revoke(kept.id)  # nobody has seen it
            raise
        return _document(kept), token

    async def tokens(self) -> tuple[TokenDocument, ...]:
        return tuple(_document(kept) for kept in await self._tokens.all())

    async def revoke_token(self, id_: str) -> None:
        await self._changed(f"token {id_} revoked")
        await self._tokens.revoke(id_)

    async def sessions(self) -> tuple[SessionDocument, ...]:
        return tuple(
            SessionDocument(
                id=kept.id,
                subject=kept.subject,
                place=kept.place,
                began=kept.began,
                seen=kept.seen,
                ends=kept.ends,
            )
            for kept in await self._sessions.all()
        )

    async def end_session(self, id_: str) -> None:
        await self._changed(f"session {id_} ended")
        await self._sessions.end(id_)

    async def end_all_sessions(self) -> int:
        await self._changed("all sessions ended")
        return await self._sessions.end_all()


def _document(kept: KeptToken) -> TokenDocument:
    return TokenDocument(
        id=kept.id,
        service=kept.service,
        may=tuple(sorted(kept.may)),
        made=kept.made,
        ends=kept.ends,
        used=kept.used,
        revoked=kept.revoked,
    )
