"""As whom a cluster knows a caller. Pure."""

import msgspec

from callboard.base.settings import AccessSettings
from callboard.model.caller import Caller, CallerKind

__all__ = ["Subject", "subject_of"]

AUTHENTICATED = "system:authenticated"
"""The group of everyone an API server has authenticated; a review has to name it as any other."""
_RESERVED = "system:"


class Subject(msgspec.Struct, frozen=True, order=True):
    """A user of a cluster. `groups` are sorted, so that callers of the same ones share what was decided."""

    user: str
    groups: tuple[str, ...] = ()


def subject_of(caller: Caller, settings: AccessSettings) -> Subject | None:
    """The user whom the settings name for this caller; else, for a person who signed in, their own name and groups.

    None for everyone else: the person at this machine, a service and Callboard itself are nobody's users unless an operator
    says so. Names that begin with `system:` are the cluster's own (`system:masters` may do everything) and never taken from
    a sign-in.
    """
    if caller.kind is CallerKind.ANONYMOUS:
        return None
    named = settings.users.get(caller.subject)
    if named is not None:
        return _subject(named.user, named.groups)
    if caller.kind is not CallerKind.PERSON or not caller.subject or caller.subject.startswith(_RESERVED):
        return None
    return _subject(caller.subject, tuple(g for g in caller.groups if not g.startswith(_RESERVED)))


def _subject(user: str, groups: tuple[str, ...]) -> Subject:
    return Subject(user, tuple(sorted({*groups, AUTHENTICATED})))
