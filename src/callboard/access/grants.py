"""Who may see what, by the setting `portal`: whoever may read an entity sees what the portal's credential sees."""

from callboard.model.caller import Caller, CallerKind
from callboard.model.grants import Grants

__all__ = ["portal_grants"]

_NOTHING = Grants()
_EVERYTHING = Grants.everything()


def portal_grants(caller: Caller) -> Grants:
    """Everything for a caller we know, nothing for anonymous (Backstage's model)."""
    return _NOTHING if caller.kind is CallerKind.ANONYMOUS else _EVERYTHING
