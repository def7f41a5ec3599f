"""May this caller do this to this? One question for every road; what no rule knows is denied.

The rules built in are those of a portal on one's own machine: its person may read everything and look after it, a service what
its token says, whoever else is signed in may read. `policies` decides by policies instead. Which objects of a cluster somebody
sees besides is decided by `visibility`.
"""

from collections.abc import Callable
from typing import Final

from callboard.base.errors import NotAllowed
from callboard.model.caller import Caller, CallerKind
from callboard.model.permission import DONE_TO, NOT_YET, Action, Resource, Ruling

__all__ = ["Decide", "decide", "is_known", "require"]

Decide = Callable[[Caller, Action, Resource], Ruling]
"""The port. Pure, quick, and total over its values."""

_ALL: Final = frozenset({CallerKind.LOOPBACK, CallerKind.CALLBOARD})
_NOT_FOR_ALL: Final = frozenset(
    {Action.AUDIT_READ, Action.ADMIN_READ, Action.ADMIN_CHANGE, Action.OBJECTS_READ}
)

_UNKNOWN = Ruling(False, "no rule knows this action on such a thing")
_HERE = Ruling(True, "the person at Callboard's own machine may")
_READER = Ruling(True, "whoever is signed in may read")
_NOT_EVERYONE = Ruling(False, "not everyone who is signed in may")
_SAID = Ruling(True, "the token says so")
_NOT_SAID = Ruling(False, "the token does not say so")
_NOBODY = Ruling(False, "nobody is signed in")


def is_known(action: Action, resource: Resource) -> bool:
    """Whether there is such an action that can be done to such a thing, and something does it."""
    kinds = DONE_TO.get(action)
    return kinds is not None and resource.kind in kinds and action not in NOT_YET


def decide(caller: Caller, action: Action, resource: Resource) -> Ruling:
    """The answer of the rules that are built in."""
    if not is_known(action, resource):
        return _UNKNOWN
    if caller.kind in _ALL:
        return _HERE
    if caller.kind is CallerKind.PERSON:
        return _NOT_EVERYONE if action in _NOT_FOR_ALL else _READER
    if caller.kind is CallerKind.SERVICE:
        return _SAID if action in caller.may else _NOT_SAID
    return _NOBODY


def require(decide: Decide, caller: Caller, action: Action, resource: Resource) -> None:
    """Raise NotAllowed, in words, unless the caller may."""
    ruling = decide(caller, action, resource)
    if not ruling.allowed:
        raise NotAllowed(f"{action} is not allowed here: {ruling.by}.", code="not-permitted")
