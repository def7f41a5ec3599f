"""The protocols of the replaceable parts. Each takes the caller where the answer may depend on it.

A part must not block the event loop, must bound what it waits for, and must not cache anything under a key that lacks the
identity of whoever it was read as. Parts raise only `CallboardError`s; a fetcher, a provider and a proxy turn a cluster's
failures into values instead of raising.

Every call has a deadline and is checked for what came of it. A part that raises something else, hangs, or gives something else
than it should loses what it is there for, and nothing else; `docs/parts.md` says what that is for each kind. What
cannot be bounded is code that never gives way to others: compute in a thread what takes long.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

import msgspec

from callboard.base.errors import Problem
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.entity import Entity, EntityRef
from callboard.model.outcome import Failure, Outcome, Question
from callboard.model.resource import ResourceType
from callboard.model.selection import Selection
from callboard.model.snapshot import Notice, ServiceSnapshot

__all__ = [
    "AuthStrategy",
    "Closes",
    "ClusterSupplier",
    "CustomResourceSupplier",
    "EntityReader",
    "Fetcher",
    "Located",
    "ObjectsProvider",
    "Proxy",
    "ProxyRequest",
    "ProxyResponse",
    "ServiceLocator",
    "Starts",
    "Supplied",
    "TellingSupplier",
]


@runtime_checkable
class Starts(Protocol):
    """What a part of any kind may have: a beginning."""

    async def start(self) -> None:
        """Called once before anything is asked of the part, within ten seconds: to open connections, to read ahead. One that
        raises is told in the log."""
        ...


@runtime_checkable
class Closes(Protocol):
    """What a part of any kind may have: an end."""

    async def close(self) -> None:
        """Called once when nothing is asked of the part any more: Callboard stops, or another configuration is in force."""
        ...


@runtime_checkable
class ClusterSupplier(Protocol):
    """Answers "which clusters exist, for this caller?"."""

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """All clusters of this source. Caches by itself what is dear to read. Raises CallboardError when the source cannot
        be read at all: the clusters of other suppliers stay."""
        ...


class Supplied(msgspec.Struct, frozen=True):
    """Clusters, and what a person should know about how they came: a file that cannot be read, a name claimed twice."""

    clusters: tuple[Cluster, ...]
    notices: tuple[Notice, ...] = ()


@runtime_checkable
class TellingSupplier(ClusterSupplier, Protocol):
    """A cluster supplier that can give what it has and say what is wrong, instead of only one of the two."""

    async def supplied(self, caller: Caller) -> Supplied:
        """As `clusters`, with notices. Raises as that does."""
        ...


class Located(msgspec.Struct, frozen=True):
    """Where an entity may run, and what a person should know about how that was decided."""

    clusters: tuple[Cluster, ...]
    notices: tuple[Notice, ...] = ()


@runtime_checkable
class ServiceLocator(Protocol):
    """Answers "on which of them may this entity run?"."""

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located: ...


@runtime_checkable
class AuthStrategy(Protocol):
    """Answers "as whom do we ask this cluster, for this caller?"."""

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        """The credential to use now; called for every question, so renewals are noticed. Raises CallboardError when there
        is none: that becomes this cluster's failure and nobody else's."""
        ...

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        """What is wrong with this cluster's auth metadata; empty when it will do."""
        ...


@runtime_checkable
class CustomResourceSupplier(Protocol):
    """Answers "which custom resources belong to a service on this cluster?"."""

    async def custom_resources(self, cluster: Cluster, caller: Caller) -> Sequence[ResourceType]: ...


@runtime_checkable
class Fetcher(Protocol):
    """Asks one cluster. Never raises for what the cluster does."""

    def fetch(self, cluster: Cluster, credential: Credential, selection: Selection) -> AsyncIterator[Outcome]:
        """One outcome per question of the selection, each as soon as it is there, in any order."""
        ...

    def ask(
        self, cluster: Cluster, credential: Credential, questions: Sequence[Question]
    ) -> AsyncIterator[Outcome]:
        """One outcome per question, likewise; for references and single objects."""
        ...


@runtime_checkable
class ObjectsProvider(Protocol):
    """Answers "which objects belong to this entity?"."""

    def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        """Snapshots: the first at once, with every cluster in it, then each more complete than the one before, until all is
        settled. A provider that listens says so (`live`) and gives a newer one after each change until it is closed; any
        other ends with the first settled one.

        `only` narrows the asking to clusters of those names (a drawer's one cluster); empty means all that the service
        locator gives. Raises UsageError when the entity's own annotations cannot be read (a bad label selector).
        Closing the generator cancels what is still being asked."""
        ...


class ProxyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One read through to an API server. `path` is decoded and normalised, `query` is in order, both foreign text."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = {}
    method: str = "GET"


class ProxyResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer as it came: status, the headers that matter, and the body in pieces, never altered."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]


@runtime_checkable
class Proxy(Protocol):
    """An authenticated way through to one API server; whether the caller may is decided before it is called."""

    def open(
        self, cluster: Cluster, credential: Credential, request: ProxyRequest
    ) -> AbstractAsyncContextManager[ProxyResponse | Failure]:
        """Send and give the response while the context lasts; leaving it closes the upstream request."""
        ...


class EntityReader(Protocol):
    """What parts may know of the catalog."""

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        """The entity as this caller may see it, or None."""
        ...
