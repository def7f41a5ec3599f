"""Who is asking."""

from enum import StrEnum
from typing import Final

import msgspec

from callboard.base.secret import Secret

__all__ = ["Caller", "CallerKind", "ProviderToken"]


class CallerKind(StrEnum):
    """What sort of caller this is; deciding on it belongs to `access`."""

    PERSON = "person"
    SERVICE = "service"
    LOOPBACK = "loopback"
    ANONYMOUS = "anonymous"
    CALLBOARD = "callboard"
    """Callboard's own background work (the catalog's refresh, the hub); never a face."""


PEOPLE: Final = frozenset({CallerKind.PERSON, CallerKind.LOOPBACK})


class ProviderToken(msgspec.Struct, frozen=True):
    """A cluster token that came with the request (`google`, `aks`, `oidc.okta` …): used for that request, then gone."""

    provider: str
    token: Secret


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: never implicit, an argument of every call below the faces.

    `subject` is an entity ref of a User for people in the catalog, `ISSUER#ACCOUNT` for other people, a name for services;
    `groups` are entity refs of Groups, and what an issuer's claims named besides. `identity` is the key under which anything
    that depends on the caller may be cached; what was read with one of `tokens` is shared with requests of the same tokens
    alone, and not for longer than some seconds.
    """

    kind: CallerKind
    subject: str
    groups: tuple[str, ...] = ()
    tokens: tuple[ProviderToken, ...] = ()
    may: frozenset[str] = frozenset()
    """Of a service: the actions (`model.permission.Action`) that its token was made for; nothing for anybody else."""
    issuer: str = ""
    """Of a person who signed in: who says that it is them, as a URL; with `account`, that issuer's own name for them, it tells
    one person from every other for good."""
    account: str = ""
    name: str = ""
    """What to call a person on screen: foreign text."""
    through: str = ""
    """The session, token or key by which they came, by a name that opens nothing: for the record of who did what."""
    behind: str = ""
    """Of a service that acts for a person, the service; then all else tells of the person."""

    @property
    def entity_ref(self) -> str:
        """The User entity that this person is, as a canonical ref; "" for whoever is none."""
        return self.subject if self.kind in PEOPLE and self.subject.startswith("user:") else ""

    @property
    def identity(self) -> str:
        """Names this caller and never holds a token's bytes."""
        may = f":{','.join(sorted(self.may))}" if self.may else ""
        return f"{self.kind}:{self.subject}:{','.join(sorted(self.groups))}{may}"

    def token(self, provider: str) -> Secret | None:
        """The token for one auth provider, if the request brought it."""
        return next((t.token for t in self.tokens if t.provider == provider), None)

    @classmethod
    def anonymous(cls) -> "Caller":
        return cls(kind=CallerKind.ANONYMOUS, subject="anonymous")

    @classmethod
    def loopback(cls) -> "Caller":
        """The person at this machine: holder of the one-time link, or of the terminal."""
        return cls(kind=CallerKind.LOOPBACK, subject="user:default/local")

    @classmethod
    def callboard(cls) -> "Caller":
        return cls(kind=CallerKind.CALLBOARD, subject="callboard")
