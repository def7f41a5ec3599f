"""May this caller do this to this? One question for every road; what no rule knows is denied.

The rules are those of a portal that reads: whoever is signed in may read, a service what its token says. Which objects of a
cluster somebody sees besides is decided by `visibility`, the second gate.
"""

from collections.abc import Callable, Mapping
from typing import Final

from callboard.base.errors import NotAllowed
from callboard.model.caller import Caller, CallerKind
from callboard.model.permission import Action, Resource, ResourceKind, Ruling

__all__ = ["Decide", "decide", "require"]

Decide = Callable[[Caller, Action, Resource], Ruling]
"""The port. Pure, quick, and total over its values."""

_DONE_TO: Final[Mapping[ResourceKind, frozenset[Action]]] = {
    ResourceKind.CATALOG: frozenset({Action.ENTITY_READ}),
    ResourceKind.ENTITY: frozenset({Action.ENTITY_READ}),
    ResourceKind.CLUSTER: frozenset({Action.CLUSTERS_READ}),
    ResourceKind.OBJECTS: frozenset({Action.RESOURCES_READ, Action.LOGS_READ}),
    ResourceKind.PORTAL: frozenset({Action.METRICS_READ}),
}
_SIGNED_IN: Final = frozenset({CallerKind.PERSON, CallerKind.LOOPBACK, CallerKind.CALLBOARD})

_UNKNOWN = Ruling(False, "no rule knows this action on such a thing")
_READER = Ruling(True, "whoever is signed in may read")
_SAID = Ruling(True, "the token says so")
_NOT_SAID = Ruling(False, "the token does not say so")
_NOBODY = Ruling(False, "nobody is signed in")


def decide(caller: Caller, action: Action, resource: Resource) -> Ruling:
    """The answer of the rules that are built in."""
    if action not in _DONE_TO.get(resource.kind, frozenset()):
        return _UNKNOWN
    if caller.kind in _SIGNED_IN:
        return _READER
    if caller.kind is CallerKind.SERVICE:
        return _SAID if action in caller.may else _NOT_SAID
    return _NOBODY


def require(decide: Decide, caller: Caller, action: Action, resource: Resource) -> None:
    """Raise NotAllowed, in words, unless the caller may."""
    ruling = decide(caller, action, resource)
    if not ruling.allowed:
        raise NotAllowed(f"{action} is not allowed here: {ruling.by}.", code="not-permitted")
