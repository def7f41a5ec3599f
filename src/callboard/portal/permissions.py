"""What the portal asks before it reads: one question a road, and what is told where the answer is no.

An entity or a cluster that a caller may not know of is told as what does not exist. What they may know of and not read is refused
by name, with whom to ask.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from callboard.access.permission import Decide, decide, require
from callboard.base.errors import NotAllowed, NotFound
from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.permission import Action, Resource, ResourceKind
from callboard.portal.views import ObjectKey, Portion

__all__ = ["DeedRecorder", "Permissions", "no_such_cluster", "whom_to_ask"]

CATALOG = Resource(kind=ResourceKind.CATALOG)
_DOING = {
    Action.RESOURCES_READ: "see how {name} runs",
    Action.LOGS_READ: "read the logs of {name} there",
    Action.YAML_READ: "read the YAML of {name} there",
}


T = TypeVar("T")


async def _at_once(caller: Caller) -> None:
    return None


class _Answered(Protocol):
    async def __call__(self, work: Callable[[], T], /) -> T: ...


async def _known(work: Callable[[], T], /) -> T:
    return work()


async def _everything(caller: Caller) -> Mapping[Action, Portion]:
    return dict.fromkeys(_DOING, Portion.ALL)


class DeedRecorder(Protocol):
    """Keeps a record of who does what, before it is done."""

    def __call__(
        self, deed: AuditDeed, caller: Caller, what: str = "", *, action: str = "", code: str = ""
    ) -> None:
        """Raises Unavailable where it cannot be kept."""
        ...


def _unrecorded(deed: AuditDeed, caller: Caller, what: str = "", *, action: str = "", code: str = "") -> None:
    return None


class Permissions:
    """`prepare` brings up to date what `decide` decides by for a caller; `knows` says whether they may know of a cluster, and
    that there is one; `reach` what they may do to the services that they see; `answered` gives what deciding comes to, once all
    is known that it goes by. `contact` is whom people are told to ask beside an owner; "" for whoever runs Callboard."""

    def __init__(
        self,
        decide: Decide = decide,
        *,
        prepare: Callable[[Caller], Awaitable[None]] = _at_once,
        knows: Callable[[Caller, str], bool] = lambda caller, cluster: True,
        contact: Callable[[], str] = lambda: "",
        record: DeedRecorder = _unrecorded,
        answered: _Answered = _known,
        reach: Callable[[Caller], Awaitable[Mapping[Action, Portion]]] = _everything,
    ) -> None:
        self.decide = decide
        self.prepare = prepare
        self.knows = knows
        self.contact = contact
        self.reach = reach
        self.record = record
        self.answered = answered

    async def catalog(self, caller: Caller) -> None:
        """Raise NotAllowed unless somebody may read of the catalog what they may read of each entity."""
        await self.prepare(caller)
        self.catalog_now(caller)

    def catalog_now(self, caller: Caller) -> None:
        """The same by what is known."""
        require(self.decide, caller, Action.ENTITY_READ, CATALOG)

    async def require(self, caller: Caller, action: Action, resource: Resource) -> None:
        """Raise NotAllowed, in words, unless the caller may."""
        await self.answered(lambda: require(self.decide, caller, action, resource))

    async def objects(
        self, caller: Caller, entity: Entity, *actions: Action, key: ObjectKey | None = None
    ) -> None:
        """Raise NotAllowed unless somebody who may read the entity may do all this to its objects, or to that one; NotFound
        where they may not know of its cluster."""
        await self.answered(lambda: self._objects(caller, entity, actions, key))

    def _objects(
        self, caller: Caller, entity: Entity, actions: tuple[Action, ...], key: ObjectKey | None
    ) -> None:
        if key is not None and not self.knows(caller, key.cluster):
            raise no_such_cluster(entity.ref, key.cluster)
        objects = Resource(
            kind=ResourceKind.OBJECTS,
            entity=entity.ref,
            cluster=key.cluster if key else "",
            namespace=key.namespace if key else "",
            type=key.type if key else "",
            name=key.name if key else "",
        )
        for action in actions:
            ruling = self.decide(caller, action, objects)
            if not ruling.allowed:
                doing = _DOING.get(action, "do that to {name}").format(name=entity.title)
                raise NotAllowed(
                    f"You may not {doing} ({action}): {ruling.by}. {whom_to_ask(entity, self.contact())}",
                    code="not-permitted",
                )


def whom_to_ask(entity: Entity, contact: str = "") -> str:
    """A sentence that says who can help."""
    owners = ", ".join(owner.name for owner in entity.related("ownedBy")[:3])
    other = contact or "whoever runs this portal"
    return f"Ask its owner, {owners}, or {other}." if owners else f"Ask {other}."


def no_such_cluster(ref: EntityRef, cluster: str) -> NotFound:
    """Of a cluster that is not there, for the caller or at all."""
    return NotFound(f"{ref} has no cluster called {cluster}.", code="no-such-cluster")
