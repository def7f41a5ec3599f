"""What every method of administration asks first, and leaves on record before it changes anything."""

from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller
from callboard.model.permission import Action, Resource, ResourceKind
from callboard.portal.permissions import Permissions

__all__ = ["AdminGuard"]

_PORTAL = Resource(kind=ResourceKind.PORTAL)
_ACTIONS = (Action.AUDIT_READ, Action.ADMIN_READ, Action.ADMIN_CHANGE)


class AdminGuard:
    """Of Callboard itself, for one caller after the other."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    async def require(self, caller: Caller, action: Action) -> None:
        """Raise NotAllowed unless somebody may do this to Callboard."""
        await self._permissions.prepare(caller)
        await self._permissions.require(caller, action, _PORTAL)

    def may(self, caller: Caller) -> frozenset[Action]:
        """What of looking after Callboard somebody may do, by what is known."""
        decide = self._permissions.decide
        return frozenset(a for a in _ACTIONS if decide(caller, a, _PORTAL).allowed)

    async def changing(self, caller: Caller, what: str) -> None:
        """Raise NotAllowed unless somebody may change who may come in; then keep on record that they do. Raises Unavailable."""
        await self.require(caller, Action.ADMIN_CHANGE)
        self._permissions.record(AuditDeed.CHANGE, caller, what, action=Action.ADMIN_CHANGE)
