"""Who is asking."""

from enum import StrEnum

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


class ProviderToken(msgspec.Struct, frozen=True):
    """A cluster token that came with the request (`google`, `aks`, `oidc.okta` …): used for that request, then gone."""

    provider: str
    token: Secret


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: never implicit, an argument of every call below the faces.

    `subject` is an entity ref of a User for people, a name for services. `identity` is the key under which anything
    that depends on the caller may be cached; what was read with one of `tokens` is shared with requests of the same tokens
    alone, and not for longer than some seconds.
    """

    kind: CallerKind
    subject: str
    groups: tuple[str, ...] = ()
    tokens: tuple[ProviderToken, ...] = ()
    may: frozenset[str] = frozenset()
    """Of a service: the actions (`model.permission.Action`) that its token was made for; nothing for anybody else."""

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
