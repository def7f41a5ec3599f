"""The objects provider named `hub`: the first snapshot from what is held, then a new one after each change."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.base.settings import ClustersSettings, KubernetesSettings
from callboard.extend.registration import Parts
from callboard.fleet.asking.as_whom import credential_of, same_identity
from callboard.fleet.asking.fan_out import FanOut
from callboard.fleet.hub.following.followed import FollowedAs
from callboard.fleet.hub.following.following import HubFollowing
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.live_selection import LiveSelection
from callboard.fleet.hub.port import Source, SourceKey
from callboard.fleet.hub.provider.elsewhere import Elsewhere
from callboard.fleet.hub.provider.own_token import OwnTokenView
from callboard.fleet.selection.custom_resources import types_for
from callboard.fleet.selection.locating import located
from callboard.fleet.selection.selection import select
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.entity import Entity
from callboard.model.outcome import Failure, FailureCode
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot

__all__ = ["HubProvider"]

COALESCE = 0.1
"""Seconds between two snapshots at least, on a cluster and for a reader: a rollout is some pages a second, not a hundred,
and what stands alone is shown at once."""
FIRST = 0.03
"""Seconds the first snapshot waits for clusters whose answers may be held already."""
RETRY = 15.0
"""Seconds until a credential that could not be had is asked for again."""

PARKED = 60.0
"""Seconds a live selection outlives its last reader: a reload, a second tab or a colleague finds it ready."""
MOST_PARKED = 4000
"""Those kept so, each one service on one cluster, some kilobytes beside the objects the streams hold anyway."""

_SelectionKey = tuple[SourceKey, Selection]

log = structlog.get_logger(__name__)


class HubProvider:
    """Implements `extend.FollowingProvider`. `fan_out` asks for those whose own token must not be shared."""

    def __init__(
        self,
        hub: Hub,
        parts: Parts,
        fan_out: FanOut,
        *,
        kubernetes: KubernetesSettings,
        clusters: ClustersSettings,
        clock: Clock,
        clock_offset: Callable[[Cluster], float | None] = lambda _: None,
        coalesce: float = COALESCE,
    ) -> None:
        self.hub = hub
        self.parts = parts
        self.fan_out = fan_out
        self.kubernetes = kubernetes
        self.clusters = clusters
        self.clock = clock
        self._clock_offset = clock_offset
        self._coalesce = coalesce
        self._shared: dict[_SelectionKey, _Shared] = {}
        self._parked: dict[_SelectionKey, float] = {}

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        """What is held, then a snapshot after each change, at most one in COALESCE seconds, until the iterator is closed.

        A cluster that is asked with the caller's own token is asked again at an interval. It does not end by itself, where there
        is no cluster neither: one may come. Raises as `FanOut.objects` does, and NotSignedIn when a token of the caller's has run
        out meanwhile.
        """
        chosen, notices = await located(self.parts, entity, caller, only)
        news = asyncio.Event()
        parts = [_ClusterReader(self, c, entity, caller, news.set) for c in chosen]
        elsewhere = Elsewhere(lambda: located(self.parts, entity, caller, only), news.set)

        def snapshot() -> ServiceSnapshot:
            return ServiceSnapshot(
                entity=entity,
                clusters=tuple(p.snapshot for p in parts),
                notices=notices,
                as_of=self.clock.now(),
                live=True,
            )

        loop = asyncio.get_running_loop()
        over: CallboardError | None = None
        self.hub.viewers += 1
        async with asyncio.TaskGroup() as group:
            try:
                for part in parts:
                    part.begin(group)
                elsewhere.begin(group)
                with suppress(TimeoutError):
                    async with asyncio.timeout(FIRST):
                        while any(p.promising for p in parts):
                            news.clear()
                            await news.wait()
                while not over:
                    news.clear()
                    shown = loop.time()
                    yield snapshot()
                    await news.wait()
                    over = next((p.over for p in parts if p.over is not None), None)
                    await asyncio.sleep(max(0.0, shown + self._coalesce - loop.time()))
                    found = elsewhere.found()
                    if found is not None and found != (chosen, notices):
                        chosen, notices = found
                        parts = self._moved(parts, chosen, entity, caller, news.set, group)
                    for part in parts:
                        part.renew(group)
            except GeneratorExit:
                # The reader has left. Nothing may be yielded from here, and nothing raised into the group.
                return
            finally:
                self.hub.viewers -= 1
                elsewhere.end()
                for part in parts:
                    part.end()
        if over is not None:
            raise over

    def _moved(
        self,
        parts: list["_ClusterReader"],
        chosen: Sequence[Cluster],
        entity: Entity,
        caller: Caller,
        changed: Callable[[], None],
        group: asyncio.TaskGroup,
    ) -> list["_ClusterReader"]:
        """The parts of these clusters: those there were as they are, others begun, the rest ended."""
        before = {p.cluster.name: p for p in parts}
        now: list[_ClusterReader] = []
        for cluster in chosen:
            part = before.get(cluster.name)
            if part is None or part.cluster != cluster:
                part = _ClusterReader(self, cluster, entity, caller, changed)
                part.begin(group)
            now.append(part)
        for part in parts:
            if part not in now:
                part.end()
        return now

    def following(self, caller: Caller) -> HubFollowing:
        """All entities at once, for as long as it runs."""
        tools = FollowedAs(
            hub=self.hub,
            parts=self.parts,
            kubernetes=self.kubernetes,
            clusters=self.clusters,
            clock=self.clock,
            clock_offset=self._clock_offset,
        )
        return HubFollowing(tools, caller)

    def join(self, source: Source, selection: Selection) -> LiveSelection:
        """The live selection, shared by all who read it: begun with the first, kept for a moment after the last."""
        key = (source.key, selection)
        shared = self._shared.get(key)
        if shared is None:
            live = LiveSelection(
                self.hub,
                source,
                selection,
                self.clusters.limits_of(source.cluster.name),
                self.clock,
                clock_offset=lambda: self._clock_offset(source.cluster),
                coalesce=self._coalesce,
                next_step=self.hub.steps.next_step,
            )
            task = self.hub.start(_kept_from_raising(live), f"selection {source.cluster.name}")
            shared = self._shared[key] = _Shared(live, task)
            self.hub.selections += 1
        self._parked.pop(key, None)
        return shared.live

    def leave(self, live: LiveSelection) -> None:
        """Somebody listens no more. What the last one leaves is parked: its next reader finds it composed."""
        key = (live.source.key, live.selection)
        if live.idle and key in self._shared:
            loop = asyncio.get_running_loop()
            until = self._parked[key] = loop.time() + min(PARKED, live.source.settings.keep)
            loop.call_at(until, self._unpark, key, until)
            while len(self._parked) > MOST_PARKED:
                self._end(next(iter(self._parked)))

    def _unpark(self, key: _SelectionKey, until: float) -> None:
        if self._parked.get(key) == until:
            self._end(key)

    def _end(self, key: _SelectionKey) -> None:
        self._parked.pop(key, None)
        self._shared.pop(key).task.cancel()
        self.hub.selections -= 1


class _Shared(msgspec.Struct, frozen=True):
    """A live selection and the task that runs it."""

    live: LiveSelection
    task: asyncio.Task[None]


async def _kept_from_raising(live: LiveSelection) -> None:
    """A defect of ours is the cluster's failure on the page, and tried again."""
    while True:
        try:
            await live.run()
        except Exception as error:
            log.error(
                "putting together what a service has in a cluster failed; its pages say so, and it is tried again",
                cluster=live.snapshot.cluster.name,
                exc_info=error,
            )
            live.fail(f"listening failed unexpectedly ({type(error).__name__}); the log tells where")
        await asyncio.sleep(RETRY)


class _ClusterReader:
    """One cluster for one reader: the shared live selection, or what their own token reads."""

    def __init__(
        self,
        provider: HubProvider,
        cluster: Cluster,
        entity: Entity,
        caller: Caller,
        changed: Callable[[], None],
    ) -> None:
        self.cluster = cluster
        self._provider = provider
        self._entity = entity
        self._caller = caller
        self._changed = changed
        self._live: LiveSelection | None = None
        self._listening = 0
        self._own: OwnTokenView | None = None
        self._task: asyncio.Task[None] | None = None
        self._notices: tuple[Notice, ...] = ()
        self._noticed: tuple[ClusterSnapshot, tuple[Notice, ...], ClusterSnapshot] | None = None
        self._alone = ClusterSnapshot(cluster=cluster.info)

    @property
    def snapshot(self) -> ClusterSnapshot:
        if self._own is not None and (own := self._own.snapshot) is not None:
            return own
        found = self._live.snapshot if self._live is not None else self._alone
        if not self._notices:
            return found
        # The same object for the same state: whoever reads it knows by that that nothing has changed.
        if self._noticed is None or self._noticed[0] is not found or self._noticed[1] is not self._notices:
            with_notices = msgspec.structs.replace(found, notices=(*self._notices, *found.notices))
            self._noticed = (found, self._notices, with_notices)
        return self._noticed[2]

    @property
    def promising(self) -> bool:
        """Whether something may be held for it that has not been looked at yet."""
        if self._live is None:
            return self._own is None and self._alone.state is ClusterState.AWAITED
        return self._live.promising

    @property
    def over(self) -> CallboardError | None:
        """Why the reader's stream must end: their own token has run out."""
        return self._own.over if self._own is not None else None

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Find out as whom to look, and join whoever reads the same. The task ends with that; the live selection goes on."""
        self._task = group.create_task(self._run(), name=f"join {self.cluster.name}")
        self._task.add_done_callback(lambda _: self._changed())

    def renew(self, group: asyncio.TaskGroup) -> None:
        """Begin anew where the credential has become another's, or is not to be had any more. What was seen last stays
        until then."""
        done = self._task is None or self._task.done()
        if done and self._live is not None and _lost_credential(self._live.snapshot):
            self.begin(group)

    def end(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
        self._leave()

    def _leave(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.leave(self._listening)
            self._provider.leave(live)

    async def _run(self) -> None:
        """Until joined; what only the caller's token may read goes on until the token has run out."""
        limits = self._provider.clusters.limits_of(self.cluster.name)
        while True:
            found = await credential_of(
                self._provider.parts.auth, self.cluster, self._caller, within=limits.hard_deadline
            )
            if isinstance(found, Failure):
                self._fail(found)
            elif not found.own:
                try:
                    self._join(found, await self._selection())
                    return
                except CallboardError as error:
                    self._fail(Failure(code=FailureCode.INTERNAL, message=error.message))
            else:
                self._leave()
                self._own = OwnTokenView(
                    lambda changed: self._provider.fan_out.asking(
                        self.cluster, self._entity, self._caller, changed
                    ),
                    interval=self._provider.clusters.hub_of(self.cluster.name).poll_interval,
                    clock=self._provider.clock,
                    changed=self._changed,
                )
                await self._own.run(found)
                return
            await asyncio.sleep(RETRY)
            if self._live is not None and not _lost_credential(self._live.snapshot):
                return

    async def _selection(self) -> Selection:
        custom = await types_for(self._provider.parts, self.cluster, self._caller)
        chosen = select(self._entity, self.cluster.name, self._provider.kubernetes, custom.types)
        self._notices = (*custom.notices, *(n for n in chosen.notices if n.cluster))
        return msgspec.structs.replace(chosen.selection, usage=not self.cluster.skip_metrics_lookup)

    def _join(self, credential: Credential, selection: Selection) -> None:
        provider, cluster, identity = self._provider, self.cluster, credential.identity
        renewed = same_identity(provider.parts.auth, cluster, self._caller, identity)
        source = Source(
            cluster, identity, renewed, provider.parts.fetcher, provider.clusters.hub_of(cluster.name)
        )
        live = provider.join(source, selection)
        if live is not self._live:
            listening = live.listen(self._changed)
            self._leave()
            self._live, self._listening = live, listening

    def _fail(self, failure: Failure) -> None:
        self._alone = ClusterSnapshot(
            cluster=self.cluster.info,
            state=ClusterState.FAILED,
            failure=failure,
            as_of=self._provider.clock.now(),
        )
        self._changed()


def _lost_credential(snapshot: ClusterSnapshot) -> bool:
    return any(o.failure is not None and o.failure.code is FailureCode.CREDENTIAL for o in snapshot.outcomes)
