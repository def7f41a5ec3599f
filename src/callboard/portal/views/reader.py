"""Who is reading, and what of the services they see they may do."""

from enum import StrEnum

import msgspec

from callboard.model.permission import Action

__all__ = ["Portion", "ReaderView"]


class Portion(StrEnum):
    """To how many of the services that somebody sees something may be done."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


class ReaderView(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what to call them, `subject` an entity ref or a name, `issuer` who says that it is them. `reach` is there where
    it was asked for; `contact` is whom to ask for more, "" for whoever runs the portal."""

    name: str
    subject: str
    kind: str
    issuer: str = ""
    through: str = ""
    groups: tuple[str, ...] = ()
    looks_after: bool = False
    reach: tuple[tuple[Action, Portion], ...] = ()
    contact: str = ""
