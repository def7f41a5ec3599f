"""`callboard clusters check`: does each cluster answer, as whom does it know us, and what may we read there?

Nothing is read of any service: a version, who we are, and access reviews. Concurrent, each cluster within its hard deadline.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.base.settings import Settings
from callboard.extend.parts import Supplied
from callboard.extend.registration import Parts
from callboard.fleet.selection.selection import types_of
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.failure import AnswerRefused
from callboard.kube.reads.access_review import Access, WhoAmI, may, who_am_i
from callboard.kube.reads.discovery import Discovery, version_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, ClusterInfo
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import EVENTS, NODES, ResourceType, known_type

__all__ = ["Access", "ClusterCheck", "FleetCheck", "Permission", "WhoAmI", "check_clusters"]

SPOKE = frozenset(
    {FailureCode.FORBIDDEN, FailureCode.UNAUTHORIZED, FailureCode.THROTTLED, FailureCode.NOT_SERVED}
)
SUBJECT_ACCESS_REVIEWS = ResourceType(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
"""What we must be able to create where the cluster decides who sees what; without it nobody sees anything."""
REFERENCES = ("persistentvolumeclaims", "resourcequotas", "replicasets")


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """Whether something may be read. `namespace` "" means in all of them; `allowed` None means that it could not be found
    out, and `failure` says why; `served` is False for a custom resource that the cluster does not have."""

    type: ResourceType
    verb: str
    subresource: str = ""
    namespace: str = ""
    allowed: bool | None = None
    served: bool = True
    reason: str = ""
    failure: Failure | None = None

    @property
    def title(self) -> str:
        """`list deployments.apps`, `get pods/log in shop`."""
        what = f"{self.verb} {self.type.key}" + (f"/{self.subresource}" if self.subresource else "")
        return f"{what} in {self.namespace}" if self.namespace else what


class ClusterCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What one cluster came to. `failure` says why nothing, or not everything, could be found out. `took` is in seconds.

    `asked_as` is our name of the credential, `known_as` the API server's (None where it is older than 1.28).
    """

    cluster: ClusterInfo
    source: str = ""
    reachable: bool = False
    version: str = ""
    asked_as: str = ""
    known_as: WhoAmI | None = None
    permissions: tuple[Permission, ...] = ()
    failure: Failure | None = None
    took: float = 0.0
    decides: Literal["portal", "cluster"] = "portal"
    """Who decides what callers see of it."""
    viewer: str = ""
    """Where it decides itself: the caller in question, as an entity ref."""
    viewer_user: str = ""
    """Their user there; "" where they have none and so see nothing."""
    viewer_groups: tuple[str, ...] = ()

    @property
    def hidden(self) -> bool:
        """Whether the caller sees nothing of it for want of a user there."""
        return self.decides == "cluster" and not self.viewer_user

    @property
    def missing(self) -> tuple[Permission, ...]:
        """What may not be read, or is not known to be readable."""
        return tuple(p for p in self.permissions if p.allowed is not True or not p.served)


class FleetCheck(msgspec.Struct, frozen=True):
    """All clusters in the order they are known, and what is wrong with their suppliers."""

    clusters: tuple[ClusterCheck, ...]
    supplied: Supplied


async def check_clusters(
    parts: Parts,
    connections: Connections,
    settings: Settings,
    caller: Caller,
    *,
    namespaces: Sequence[str] = (),
    only: frozenset[str] = frozenset(),
) -> FleetCheck:
    """Check every cluster (or those named). With `namespaces` what may be read is asked in each of them, else for all at once.

    Never raises for what a cluster or a strategy does.
    """
    supplied = await parts.clusters.supplied(caller)
    gate = asyncio.Semaphore(settings.callboard.clusters.concurrent)
    discovery = Discovery()

    async def one(cluster: Cluster) -> ClusterCheck:
        async with gate:
            checking = _Checking(parts, connections, settings, caller, cluster, discovery)
            return await checking.run(namespaces)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(one(c), name=f"check {c.name}")
            for c in supplied.clusters
            if not only or c.name in only
        ]
    return FleetCheck(tuple(t.result() for t in tasks), supplied)


class _Checking:
    """One cluster being checked."""

    def __init__(
        self,
        parts: Parts,
        connections: Connections,
        settings: Settings,
        caller: Caller,
        cluster: Cluster,
        discovery: Discovery,
    ) -> None:
        self._parts = parts
        self._connections = connections
        self._settings = settings
        self._caller = caller
        self._cluster = cluster
        self._discovery = discovery
        self._clock: Clock = connections.clock
        self._found = ClusterCheck(cluster=cluster.info, source=cluster.source)

    async def run(self, namespaces: Sequence[str]) -> ClusterCheck:
        started = self._clock.monotonic()
        hard = self._settings.callboard.clusters.limits_of(self._cluster.name).hard_deadline
        deadline = asyncio.timeout(hard)
        try:
            async with deadline:
                await self._check(namespaces)
        except CallboardError as error:
            self._note(failure=Failure(code=FailureCode.CREDENTIAL, message=error.message))
        except TimeoutError:
            message = f"no whole answer within {hard:g} seconds" if deadline.expired() else "it timed out"
            self._note(failure=Failure(code=FailureCode.DEADLINE, message=message))
        except Exception as error:
            # A defect of ours or of a plugin's part is this cluster's failure alone; its message may hold anything.
            message = f"checking failed unexpectedly ({type(error).__name__})"
            self._note(failure=Failure(code=FailureCode.INTERNAL, message=message))
        self._note(took=self._clock.monotonic() - started)
        return self._found

    async def _check(self, namespaces: Sequence[str]) -> None:
        credential = await self._parts.auth.credential(self._cluster, self._caller)
        self._note(asked_as=credential.identity)
        custom = await self._parts.custom_resources.custom_resources(self._cluster, self._caller)
        asked = self._asked(custom, namespaces)
        self._note(permissions=asked)
        connection = self._connections.to(self._cluster, credential)
        try:
            version = await version_of(connection)
        except AnswerRefused as refused:
            self._note(failure=refused.failure, reachable=refused.failure.code in SPOKE)
            return
        self._note(reachable=True, version=version.git_version)
        me = await who_am_i(connection)
        if isinstance(me, WhoAmI):
            self._note(known_as=me)
        elif me.code is not FailureCode.NOT_SERVED:
            self._note(failure=me)
            if me.code is FailureCode.UNAUTHORIZED:
                return  # every further answer would be the same
        async with asyncio.TaskGroup() as group:
            for index, permission in enumerate(asked):
                group.create_task(
                    self._review(connection, index, permission), name=f"review {permission.title}"
                )

    async def _review(self, connection: Connection, index: int, asked: Permission) -> None:
        served = True
        if asked.type.namespaced is None:
            try:
                await self._discovery.resolve(connection, asked.type)
            except AnswerRefused as refused:
                served = refused.failure.code is not FailureCode.NOT_SERVED
        answer = await may(connection, asked.verb, asked.type, asked.namespace, subresource=asked.subresource)
        found = (
            msgspec.structs.replace(asked, served=served, allowed=answer.allowed, reason=answer.reason)
            if isinstance(answer, Access)
            else msgspec.structs.replace(asked, served=served, failure=answer)
        )
        permissions = list(self._found.permissions)
        permissions[index] = found
        self._note(permissions=tuple(permissions))

    def _asked(self, custom: Sequence[ResourceType], namespaces: Sequence[str]) -> tuple[Permission, ...]:
        kubernetes = self._settings.kubernetes
        types = {t.key: t for t in (*(types_of(kubernetes) if kubernetes else ()), *custom)}
        for plural in REFERENCES:
            known = known_type(plural)
            if known is not None:
                types.setdefault(known.key, known)
        types[EVENTS.key] = EVENTS
        if not namespaces:
            types[NODES.key] = NODES
        pods = types.get("pods")
        asked: list[Permission] = []
        for namespace in namespaces or ("",):
            for resource in types.values():
                if not (namespace and resource.namespaced is False):
                    verbs = ("get",) if resource is NODES else ("list", "watch")
                    asked += [Permission(type=resource, verb=verb, namespace=namespace) for verb in verbs]
            if pods is not None:
                asked.append(Permission(type=pods, verb="get", subresource="log", namespace=namespace))
        if self._settings.callboard.clusters.visibility_of(self._cluster.name) == "cluster":
            asked.append(Permission(type=SUBJECT_ACCESS_REVIEWS, verb="create"))
        return tuple(asked)

    def _note(self, **changes: object) -> None:
        self._found = msgspec.structs.replace(self._found, **changes)
