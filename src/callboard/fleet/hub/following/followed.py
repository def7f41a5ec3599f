"""One cluster of those that are followed: as whom, which streams are kept for it, and how far they have come."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.base.settings import ClustersSettings, KubernetesSettings
from callboard.extend.following import FollowedCluster
from callboard.extend.registration import Parts
from callboard.fleet.asking.as_whom import credential_of, same_identity
from callboard.fleet.hub.following.held import read_held
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.fleet.hub.hub import Hub, Told
from callboard.fleet.hub.port import Key, Source
from callboard.fleet.hub.scope import tier
from callboard.fleet.hub.streams.stream import Stream
from callboard.fleet.selection.custom_resources import SuppliedTypes, types_for
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import PackedObject
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Question
from callboard.model.resource import ResourceType
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice

__all__ = ["Followed", "FollowedAs"]

RETRY = 15.0
"""Seconds until a credential that could not be had is asked for again."""
RENEWED = 60.0
"""Seconds between two looks whether the credential is still the same one's."""
CHUNK = 500
"""Objects told of one after the other before others get their turn."""

log = structlog.get_logger(__name__)


class FollowedAs(msgspec.Struct, frozen=True, kw_only=True):
    """What following needs of the objects provider it belongs to."""

    hub: Hub
    parts: Parts
    kubernetes: KubernetesSettings
    clusters: ClustersSettings
    clock: Clock
    clock_offset: Callable[[Cluster], float | None]


class Followed:
    """`run` it in a task of its owner. `changed` is called with the cluster's name when `state` or the answers' trust is
    another than before; `told` for objects that a stream held before it was followed."""

    def __init__(
        self,
        tools: FollowedAs,
        cluster: Cluster,
        caller: Caller,
        changed: Callable[[str], None],
        told: Told,
    ) -> None:
        self.cluster = cluster
        self.custom: tuple[ResourceType, ...] = ()
        self._tools = tools
        self._caller = caller
        self._changed = changed
        self._told = told
        self._settings = tools.clusters.hub_of(cluster.name)
        self._source: Source | None = None
        self._failure: Failure | None = None
        self._notices: tuple[Notice, ...] = ()
        self._failed_at: datetime | None = None
        self._own = False
        self._types: tuple[ResourceType, ...] = ()
        self._namespaces: tuple[str, ...] = ()
        self._streams: dict[Question, Stream] = {}
        self._untold: list[Stream] = []
        self._signs: object = None
        self._waiting = False
        self._wake = asyncio.Event()

    # ---- holdings.Reader: the streams tell of their status only

    def put(self, obj: PackedObject) -> None:
        """Not called: what is held is no object's."""

    def gone(self, key: Key) -> None:
        """Not called either."""

    def told(self) -> None:
        """A stream's status has changed; many do at once."""
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._weigh)

    def void(self) -> None:
        self.told()

    def whole(self, held: Holdings) -> None:
        """What a stream had before a restart is here: each of its objects is told once, for all services."""
        self._untold += [s for s in self._streams.values() if s.held is held and s not in self._untold]
        self._wake.set()
        self.told()

    def _weigh(self) -> None:
        """Hold what a refusal makes necessary, and tell if anything is to be trusted otherwise than before."""
        self._waiting = False
        self._hold()
        signs: list[object] = [
            (
                s.held.answer,
                s.held.freshness,
                (status := s.held.status(s.question)).stale_since is None,
                status.failure,
            )
            for s in self._streams.values()
        ]
        signs.append(bool(self._untold) or self._unread)
        if signs != self._signs:
            self._signs = signs
            self._changed(self.cluster.name)

    @property
    def _unread(self) -> bool:
        return not all(s.held.whole for s in self._streams.values())

    # ---- for those who follow

    def scope(self, types: tuple[ResourceType, ...], namespaces: Collection[str]) -> None:
        """What is to be listened to: these types, and in these namespaces where not all can be had at once."""
        self._types, self._namespaces = types, tuple(sorted(namespaces))
        self._hold()

    def state(self) -> FollowedCluster:
        """How far it has come."""
        info = self.cluster.info
        if self._failure is not None:
            return FollowedCluster(cluster=info, ready=True, as_of=self._failed_at)
        if self._own or self._settings.scope == "entity":
            return FollowedCluster(cluster=info, ready=True)
        statuses = [s.held.status(s.question) for s in self._streams.values()]
        known = [s for s in statuses if s.answer is not Answer.AWAITED]
        old = [s.as_of for s in known if s.as_of and (s.freshness is not Freshness.LIVE or s.stale_since)]
        return FollowedCluster(
            cluster=info,
            ready=bool(statuses) and len(known) == len(statuses) and not self._untold and not self._unread,
            as_of=min(old, default=self._tools.clock.now()) if known else None,
            polled=any(s.answer is Answer.EMPTY and s.freshness is Freshness.POLLED for s in known),
            stale_since=min((s.stale_since for s in statuses if s.stale_since), default=None),
        )

    def read(self, selection: Selection) -> ClusterSnapshot | None:
        """What is held of a selection."""
        if self._failure is not None:
            return ClusterSnapshot(
                cluster=self.cluster.info,
                state=ClusterState.FAILED,
                failure=self._failure,
                as_of=self._failed_at,
            )
        if self._source is None:
            return None
        tools = self._tools
        found = read_held(
            tools.hub, self._source, selection, tools.clock.now(), tools.clock_offset(self.cluster)
        )
        if found is None or not self._notices:
            return found
        return msgspec.structs.replace(found, notices=(*self._notices, *found.notices))

    # ---- running

    async def run(self) -> None:
        """Find out as whom to listen, and again whether that has changed, until cancelled."""
        limits = self._tools.clusters.limits_of(self.cluster.name)
        while True:
            parts, pause = self._tools.parts, RETRY
            found = await credential_of(parts.auth, self.cluster, self._caller, within=limits.hard_deadline)
            if isinstance(found, Failure):
                self._fail(found)
            else:
                custom = await types_for(parts, self.cluster, self._caller)
                await (
                    self._tools.hub.steps.next_step()
                )  # all clusters begin at once, each with a dozen streams
                try:
                    self._follow(found, custom)
                    pause = RENEWED
                except CallboardError as error:
                    self._fail(Failure(code=FailureCode.INTERNAL, message=error.message))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    while True:
                        await self._tell_held()
                        await self._wake.wait()

    def release(self) -> None:
        """Listen no more."""
        for stream in self._streams.values():
            self._tools.hub.release(stream, self)
        self._streams.clear()
        self._untold.clear()
        self._source = None

    def _follow(self, credential: Credential, custom: SuppliedTypes) -> None:
        told = self._notices != custom.notices
        self.custom, self._notices, self._own = custom.types, custom.notices, credential.own
        healed, self._failure = self._failure is not None, None
        if credential.own:
            self.release()
        elif self._source is None or self._source.identity != credential.identity:
            self.release()
            self._source = self._source_as(credential.identity)
        self._hold()
        if healed or told or credential.own:
            self._changed(self.cluster.name)

    def _fail(self, failure: Failure) -> None:
        """Streams there are tell by themselves that they are stale, and of what was seen last."""
        if self._source is None:
            self._failure = failure
            self._failed_at = self._tools.clock.now()
            self._changed(self.cluster.name)

    def _source_as(self, identity: str) -> Source:
        parts = self._tools.parts
        renewed = same_identity(parts.auth, self.cluster, self._caller, identity)
        return Source(self.cluster, identity, renewed, parts.fetcher, self._settings)

    def _hold(self) -> None:
        """Keep exactly the streams that are wanted now, the important ones first."""
        if self._source is None:
            return
        wanted = self._wanted()
        for question in [q for q in self._streams if q not in wanted]:
            self._tools.hub.release(self._streams.pop(question), self)
        for question in wanted:
            if question not in self._streams:
                stream = self._tools.hub.hold(self._source, question, self)
                self._streams[question] = stream
                if stream.held.whole and len(stream.held.objects):
                    self._untold.append(stream)
                    self._wake.set()

    def _wanted(self) -> dict[Question, None]:
        """As `scope.candidates` has it, for all services together, and no more than may be watched."""
        scope = self._settings.scope
        types = sorted((*self._types, *self.custom), key=lambda t: tier(Question(type=t)))
        found: list[Question] = []
        narrow: list[ResourceType] = []
        for each in types:
            wide = Question(type=each)
            if scope == "cluster":
                found.append(wide)
                stream = self._streams.get(wide)
                if stream is not None and stream.held.refused:
                    narrow.append(each)
            elif scope == "namespace":
                narrow.append(each)
        found += [
            Question(type=t, namespace=namespace)
            for t in narrow
            if t.namespaced is not False
            for namespace in self._namespaces
        ]
        return dict.fromkeys(found[: self._settings.streams])

    async def _tell_held(self) -> None:
        """A stream that others listened to before has told its objects already, and one that was restored tells none: tell
        them, for us."""
        self._wake.clear()
        while self._untold:
            stream = self._untold[0]
            told: set[tuple[str, int]] = set()
            for number, obj in enumerate(stream.held.objects.all(), 1):
                key = (obj.namespace, id(obj.labels))
                if obj.labels and key not in told:  # many share theirs, and so does who is touched
                    told.add(key)
                    self._told(self.cluster.name, obj.namespace, None, obj.labels)
                if number % CHUNK == 0:
                    await asyncio.sleep(0)
            self._untold = [s for s in self._untold if s is not stream]
        self.told()
