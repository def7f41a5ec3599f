"""Who may read the catalog: the one place that decides."""

from callboard.model.caller import Caller, CallerKind

__all__ = ["may_read"]


def may_read(caller: Caller) -> bool:
    """Whether the caller may read entities: everyone who is signed in may read every one."""
    return caller.kind is not CallerKind.ANONYMOUS
