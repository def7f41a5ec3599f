"""Who is asking: bearer tokens, client certificates, and impersonation."""

from collections.abc import Callable, Mapping

import msgspec

from callboard.simulator.machinery.refusal import unauthorized

__all__ = ["ANONYMOUS", "ApiUser", "Tokens"]

_AUTHENTICATED = "system:authenticated"


class ApiUser(msgspec.Struct, frozen=True):
    """An authenticated user as reviews show it."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()

    def info(self) -> dict[str, object]:
        result: dict[str, object] = {"username": self.name}
        if self.uid:
            result["uid"] = self.uid
        result["groups"] = list(self.groups)
        return result


ANONYMOUS = ApiUser("system:anonymous", groups=("system:unauthenticated",))


class Tokens:
    """Bearer tokens of one cluster and the users they stand for. Revoking or rotating takes effect with the next request.

    `others` knows tokens that were issued elsewhere: those of ServiceAccounts.
    """

    def __init__(self, others: Callable[[str], ApiUser | None]) -> None:
        self._users: dict[str, ApiUser] = {}
        self._others = others

    def add(self, token: str, name: str, *groups: str, uid: str = "") -> None:
        self._users[token] = ApiUser(name, uid, (*groups, _AUTHENTICATED))

    def revoke(self, token: str) -> None:
        self._users.pop(token, None)

    def authenticate(self, headers: Mapping[str, str], certificate_user: ApiUser | None = None) -> ApiUser:
        """The user behind a request. Raises 401 for a token nobody issued."""
        header = headers.get("Authorization", "")
        if header.lower().startswith("bearer "):
            token = header[7:].strip()
            user = self._users.get(token) or self._others(token)
            if user is None:
                raise unauthorized()
            return user
        if header:
            raise unauthorized()
        return certificate_user or ANONYMOUS


def certificate_user(peer: Mapping[str, object] | None) -> ApiUser | None:
    """The user a verified client certificate names: CN is the name, each O a group."""
    if not peer:
        return None
    parts: list[tuple[str, str]] = [pair for rdn in peer.get("subject", ()) for pair in rdn]  # type: ignore[attr-defined]
    name = next((value for key, value in parts if key == "commonName"), "")
    groups = [value for key, value in parts if key == "organizationName"]
    return ApiUser(name, groups=(*groups, _AUTHENTICATED)) if name else None
