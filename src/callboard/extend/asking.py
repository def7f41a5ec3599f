"""What an extension may ask Callboard, for the caller it works for.

Every question goes the way a page's goes: whether the caller may is decided first, what they may not see is left out before
anything is counted, and values of Secrets are gone. Nothing here leads to a credential. What is asked after the call has ended
that it was lent for raises UsageError.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityRef
from callboard.model.outcome import Outcome
from callboard.model.resource import ResourceType
from callboard.model.snapshot import ServiceSnapshot
from callboard.model.verdict import Verdict

__all__ = ["Ask", "EntityPage", "ExtensionLog", "Observed", "WayOut", "WayOutAnswer"]


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may see of a service at one moment."""

    snapshot: ServiceSnapshot
    """Its objects, cluster by cluster, with what is awaited, refused and broken."""
    verdict: Verdict
    """What they mean: a word, a sentence, and the findings."""
    settled: bool
    """Whether waiting longer would tell more."""


class EntityPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the entities that were found."""

    entities: tuple[Entity, ...]
    total: int
    """How many there are in all."""


class Ask(Protocol):
    """Asks as the caller. Methods raise NotFound for what is not there for them, NotAllowed for what they may not, UsageError for
    what cannot be understood, and Unavailable; what a cluster does is a value."""

    async def entity(self, ref: EntityRef) -> Entity:
        """One entity of the catalog."""
        ...

    async def entities(
        self,
        text: str = "",
        *,
        kind: str = "",
        of_type: str = "",
        owner: str = "",
        system: str = "",
        tag: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> EntityPage:
        """Entities that fit, at most 200 at once; `text` is searched for as in the list, the others are as in its filters."""
        ...

    async def clusters(self) -> tuple[ClusterInfo, ...]:
        """The clusters the caller may know of. None of them is asked."""
        ...

    async def observed(self, ref: EntityRef, *, cluster: str = "", within: float = 5.0) -> Observed:
        """The objects and findings of a service on all its clusters, or on one, when settled or after `within` seconds (at most
        30). NotFound where it has no such cluster."""
        ...

    def changes(self, ref: EntityRef, *, cluster: str = "") -> AsyncGenerator[Observed, None]:
        """The same now, and after each change for as long as the clusters are listened to. Close it with `aclosing`."""
        ...

    async def list(
        self, cluster: str, of: ResourceType, *, namespace: str = "", selector: str = ""
    ) -> Outcome:
        """All objects of a type in a namespace, or in all of them, by a label selector, whatever service they are of: for whoever
        may `kubernetes.objects.read` there, which nobody may but the person at Callboard's own machine and whom a policy names.
        Objects in namespaces where they may not are left out. What the cluster does not give is told
        by the outcome's `answer`."""
        ...

    async def get(self, cluster: str, of: ResourceType, name: str, *, namespace: str = "") -> Outcome:
        """One object by its name: an outcome of one, or EMPTY."""
        ...


class WayOutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request: the status, the headers by name in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WayOut(Protocol):
    """The way to what is no cluster: a monitoring system, a price list. Redirects are not followed, bytes and time are bounded,
    and addresses of clouds' metadata cannot be reached. Raises Unavailable, and NotAllowed for what is no address."""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float = 5.0,
        most_bytes: int = 1024 * 1024,
    ) -> WayOutAnswer:
        """GET; `within` is in seconds, 30 at most."""
        ...

    async def post_json(
        self,
        url: str,
        value: object,
        *,
        headers: Mapping[str, str] | None = None,
        within: float = 5.0,
        most_bytes: int = 1024 * 1024,
    ) -> WayOutAnswer:
        """POST a value as JSON; sent once."""
        ...


class ExtensionLog(Protocol):
    """Callboard's log, with the extension's name in each line. `event` is a constant text; what varies goes into `facts`."""

    def debug(self, event: str, **facts: object) -> None: ...

    def info(self, event: str, **facts: object) -> None: ...

    def warning(self, event: str, **facts: object) -> None: ...

    def error(self, event: str, **facts: object) -> None: ...
