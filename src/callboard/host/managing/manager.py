"""Whoever looks after Callboard, and its extensions: reading how they are, switching them, writing routes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from callboard.access.permission import require
from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, NotAllowed, NotFound, UsageError
from callboard.base.part_calls import CALLS
from callboard.base.part_failures import FAILED
from callboard.base.settings import RouteSettings
from callboard.host.contexts import Contexts
from callboard.host.expressions.pool import ExpressionPool
from callboard.host.managing.drafts import RouteDraft, draft_of, parameters_at, written
from callboard.host.managing.views import (
    ExtensionFacts,
    ExtensionRow,
    ExtensionsView,
    KeptRouteRow,
    ManagedExtensions,
)
from callboard.host.mounted import Mounted, Sent
from callboard.host.stalls import StallWatch
from callboard.host.store import KeptRoute, KeptStore, KeptSwitch
from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller
from callboard.model.permission import Action, Resource, ResourceKind
from callboard.portal.permissions import Permissions
from callboard.portal.questions import Questions

__all__ = ["ExtensionManager"]

MOST_ROUTES = 200
_PORTAL = Resource(kind=ResourceKind.PORTAL)


class ExtensionManager:
    """`managed` are the extensions; `permissions` decide and keep the record; `store` keeps what is changed."""

    def __init__(
        self,
        managed: ManagedExtensions,
        store: KeptStore,
        permissions: Permissions,
        stalls: StallWatch,
        clock: Clock,
        *,
        contexts: Contexts,
        questions: Callable[[], Questions | None],
        expressions: ExpressionPool,
    ) -> None:
        self._expressions = expressions
        self._managed = managed
        self._store = store
        self._permissions = permissions
        self._stalls = stalls
        self._clock = clock
        self._contexts = contexts
        self._questions = questions
        self._off: dict[str, KeptSwitch] = {}
        self._kept: dict[str, KeptRoute] = {}
        self._changing = asyncio.Lock()

    @property
    def off(self) -> frozenset[str]:
        """Those that were switched off here."""
        return frozenset(self._off)

    @property
    def routes(self) -> Sequence[RouteSettings]:
        """Those that were written here and can be read."""
        return tuple(s for k in self._kept.values() if (s := _settings(k)) is not None)

    async def start(self) -> None:
        """Make or update the tables, and read what is kept. Raises Unavailable."""
        await self._store.start()
        await self._read()

    async def follow(self) -> None:
        """Take over what another server of ours has changed, if one has. What cannot be used stays as it is, and is told."""
        async with self._changing:
            before = (self._off, self._kept)
            await self._read()
            if before != (self._off, self._kept):
                await self._managed.use(self.off, self.routes)

    async def overview(self, caller: Caller) -> ExtensionsView:
        """Everything. Raises NotAllowed."""
        await self._require(caller, Action.ADMIN_READ)
        locked = self._managed.locked()
        decide = self._permissions.decide
        of_nobody = tuple(s for s in reversed(self._stalls.kept) if not s.extension)
        return ExtensionsView(
            extensions=tuple(self._row(facts) for facts in self._managed.facts()),
            kept=tuple(_kept_row(k) for k in self._kept.values()),
            left_out=tuple(self._managed.left_out()),
            stalls=of_nobody[:10],
            may_change=not locked and decide(caller, Action.ADMIN_CHANGE, _PORTAL).allowed,
            locked=locked,
        )

    async def switch(self, name: str, on: bool, caller: Caller) -> None:
        """Switch an extension on or off. Raises NotAllowed, NotFound, UsageError where it cannot be."""
        await self.may_change(caller)
        async with self._changing:
            facts = next((f for f in self._managed.facts() if f.name == name and not f.ours), None)
            if facts is None:
                raise NotFound(
                    "There is no extension of this name that could be switched.", code="no-extension"
                )
            if name in self._managed.fixed():
                raise NotAllowed(
                    f"The configuration says whether {name} is on (callboard.extensions.switched).",
                    code="fixed",
                )
            if (name not in self._off) == on:
                return
            self._permissions.record(
                AuditDeed.CHANGE,
                caller,
                f"extension {name} {'on' if on else 'off'}",
                action=str(Action.ADMIN_CHANGE),
            )
            before = dict(self._off)
            if on:
                del self._off[name]
            else:
                self._off[name] = KeptSwitch(name, caller.subject, self._clock.now())
            try:
                await self._managed.use(self.off, self.routes)
                await (self._store.on(name) if on else self._store.off(self._off[name]))
            except CallboardError as error:
                self._off = before
                raise await self._back(error, f"{name} stays {'off' if on else 'on'}") from None
            if on:
                FAILED.forget(name)

    async def draft(self, fields: Mapping[str, str], caller: Caller) -> RouteDraft:
        """A route as the form says it, checked. Raises NotAllowed, UsageError."""
        await self._require(caller, Action.ADMIN_READ)
        return await draft_of(fields, self._expressions)

    async def tried(self, draft: RouteDraft, address: str, caller: Caller) -> bytes:
        """What a draft answers at an address, to this caller. Raises CallboardError."""
        await self._require(caller, Action.ADMIN_READ)
        if draft.route is None:
            raise UsageError("A route that is wrong cannot be tried.")
        sent = Sent(path=parameters_at(draft.route.path, address.partition("?")[0]))
        mounted = Mounted(draft.route, self._contexts, self._questions, trusted=True)
        try:
            return await mounted.json(caller, sent)
        finally:
            await mounted.close()

    async def keep(self, fields: Mapping[str, str], caller: Caller) -> None:
        """Serve a route from now on. Raises NotAllowed, UsageError where it is wrong, or another stands there."""
        await self.may_change(caller)
        draft = await draft_of(fields, self._expressions)
        if draft.problems:
            raise UsageError(f"This route cannot be kept: {'; '.join(draft.problems)}.")
        path = draft.settings.path
        async with self._changing:
            if len(self._kept) >= MOST_ROUTES and path not in self._kept:
                raise UsageError(f"There are {MOST_ROUTES} routes already.")
            what = f"declared route {path}"
            self._permissions.record(AuditDeed.CHANGE, caller, what, action=str(Action.ADMIN_CHANGE))
            before = dict(self._kept)
            kept = KeptRoute(
                path, msgspec.json.encode(draft.settings).decode(), caller.subject, self._clock.now()
            )
            self._kept[path] = kept
            try:
                await self._managed.use(self.off, self.routes)
                wrong = [words for words in self._managed.left_out() if f"{path!r}" in words]
                if wrong:
                    raise UsageError(f"This route cannot be kept: {wrong[0]}")
                await self._store.keep(kept)
            except CallboardError as error:
                self._kept = before
                raise await self._back(error, "the route is not kept") from None

    async def drop(self, path: str, caller: Caller) -> None:
        """Serve a route that was written here no longer. Raises NotAllowed, NotFound."""
        await self.may_change(caller)
        async with self._changing:
            if path not in self._kept:
                raise NotFound("No route of this path was written here.", code="no-route")
            what = f"declared route {path} removed"
            self._permissions.record(AuditDeed.CHANGE, caller, what, action=str(Action.ADMIN_CHANGE))
            await self._store.drop(path)
            del self._kept[path]
            await self._managed.use(self.off, self.routes)

    async def _back(self, error: CallboardError, words: str) -> CallboardError:
        """All as before, after what went wrong with a change; what to tell."""
        await self._managed.use(self.off, self.routes)
        if isinstance(error, UsageError):
            return error
        return UsageError(f"{words[:1].upper()}{words[1:]}: {error.message}", code="not-changed")

    async def _read(self) -> None:
        switches, routes = await self._store.all()
        self._off = {s.extension: s for s in switches}
        self._kept = {r.path: r for r in routes}

    async def _require(self, caller: Caller, action: Action) -> None:
        await self._permissions.prepare(caller)
        require(self._permissions.decide, caller, action, _PORTAL)

    async def may_change(self, caller: Caller) -> None:
        """Raise NotAllowed unless somebody may, and the configuration lets them."""
        await self._require(caller, Action.ADMIN_CHANGE)
        if self._managed.locked():
            raise NotAllowed(
                "The configuration lets nothing be changed here (callboard.extensions.locked).", code="locked"
            )

    def _row(self, facts: ExtensionFacts) -> ExtensionRow:
        name, fixed = facts.name, self._managed.fixed()
        on = facts.ours or fixed.get(name, name not in self._off)
        off = self._off.get(name)
        failures = tuple(FAILED.of(name)) if on else ()
        times, seconds = self._stalls.totals.get(name, (0, 0.0))
        mine = [s for s in self._stalls.kept if s.extension == name]
        if not on:
            state = "off" if not facts.loaded else "off; its code is loaded until the next start"
        elif facts.problems and not facts.adds:
            state = "does not work"
        elif facts.problems:
            state = "works in part"
        else:
            state = "fails" if failures else "works"
        return ExtensionRow(
            facts=facts,
            on=on,
            state=state,
            fixed=facts.ours or name in fixed,
            by=off.by if off and not on else "",
            at=off.at if off and not on else None,
            failures=failures,
            stalls=times,
            stalled=seconds,
            last_stall=mine[-1] if mine else None,
            watched=CALLS.watches(name) and not facts.ours,
            calls=tuple(CALLS.of(name)),
        )


def _settings(kept: KeptRoute) -> RouteSettings | None:
    try:
        return msgspec.json.decode(kept.declared, type=RouteSettings)
    except msgspec.MsgspecError:
        return None  # of another version of ours


def _kept_row(kept: KeptRoute) -> KeptRouteRow:
    settings = _settings(kept)
    return KeptRouteRow(
        kept.path, settings.title if settings else "", kept.by, kept.at, written(settings) if settings else ""
    )
