"""GitHub's OAuth as a way to sign in: it has no ID tokens, so who somebody is is asked of its API."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from callboard.access.sign_in.oidc.endpoints import ProviderClient
from callboard.access.sign_in.oidc.metadata import BOUNDS, may_ask
from callboard.base.clock import Clock
from callboard.base.errors import NotSignedIn, Unavailable
from callboard.base.secret import Secret
from callboard.base.settings import GithubProviderSettings
from callboard.extend.sign_in import Departure, ProvenPerson, ReturnedBrowser
from callboard.outbound import Outbound

__all__ = ["GithubWay"]

ASKED_AGAIN: Final = timedelta(minutes=30)
"""After that it is asked whether the account and its membership still are."""


class _Account(msgspec.Struct, frozen=True):
    id: int
    login: str
    type: str = "User"
    name: str | None = None


class _Email(msgspec.Struct, frozen=True):
    email: str
    primary: bool = False
    verified: bool = False


class _Membership(msgspec.Struct, frozen=True):
    state: str = ""


class GithubWay:
    """Implements `SignInWay` and `Confirms`. An account is its number: names can be changed, and taken by others then."""

    def __init__(
        self, settings: GithubProviderSettings, outbound: Outbound, clock: Clock, *, api: str = ""
    ) -> None:
        """`api` is the address of its API, where it is not the usual one."""
        own = (settings.enterprise_instance_url or "").rstrip("/")
        self._settings = settings
        self._outbound = outbound
        self._clock = clock
        self._issuer = own or "https://github.com"
        self._api = api or (f"{own}/api/v3" if own else "https://api.github.com")
        self._client = ProviderClient(
            self._issuer,
            outbound,
            client_id=settings.client_id,
            secret=settings.client_secret,
            method="client_secret_post",
        )

    async def begin(self, back: str) -> Departure:
        """To GitHub's page."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        scopes = ["read:user", "user:email", *(["read:org"] if self._settings.organization else ())]
        asked = {
            **self._settings.start_url_search_params,
            "client_id": self._settings.client_id,
            "redirect_uri": back,
            "scope": " ".join(dict.fromkeys((*scopes, *self._settings.additional_scopes))),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if self._settings.prompt not in (None, "auto"):
            asked["prompt"] = str(self._settings.prompt)
        url = f"{self._issuer}/login/oauth/authorize?{urlencode(asked)}"
        return Departure(url=url, state=state, remember={"verifier": verifier, "back": back})

    async def finish(self, returned: ReturnedBrowser, back: str) -> ProvenPerson:
        """Whose account it is."""
        code = returned.params.get("code", "")
        if "error" in returned.params or not code or returned.remembered.get("back") != back:
            raise NotSignedIn("GitHub did not sign you in.", code="provider-refused")
        fields = {
            "code": code,
            "redirect_uri": back,
            "code_verifier": returned.remembered.get("verifier", ""),
        }
        answer = await self._client.tokens(f"{self._issuer}/login/oauth/access_token", fields)
        if not answer.access_token:
            raise NotSignedIn("GitHub did not sign you in.", code="provider-refused")
        return await self._person(Secret(answer.access_token))

    async def confirm(self, person: ProvenPerson) -> ProvenPerson:
        """By asking again with the token there is."""
        if person.kept is None:
            return msgspec.structs.replace(person, until=None)
        fresh = await self._person(person.kept)
        if fresh.account != person.account:
            raise NotSignedIn("GitHub speaks of somebody else by now.", code="bad-proof")
        return fresh

    async def _person(self, token: Secret) -> ProvenPerson:
        account = _decoded(await self._ask("/user", token), _Account)
        if account.id <= 0 or account.type != "User":
            raise NotSignedIn("This is no account of a person.", code="bad-proof")
        emails = _decoded(await self._ask("/user/emails?per_page=100", token), list[_Email])
        email = next((each.email for each in emails if each.primary and each.verified), "")
        if self._settings.organization:
            path = f"/user/memberships/orgs/{quote(self._settings.organization, safe='')}"
            found = await self._ask(path, token, missing=b"{}")
            if _decoded(found, _Membership).state != "active":
                raise NotSignedIn("This account is no member of the organization.", code="not-of-ours")
        claims: dict[str, Any] = {"sub": str(account.id), "preferred_username": account.login}
        claims |= {"name": account.name} if account.name else {}
        claims |= {"email": email, "email_verified": True} if email else {}
        return ProvenPerson(
            issuer=self._issuer,
            account=str(account.id),
            claims=claims,
            kept=token,
            until=self._clock.now() + ASKED_AGAIN,
        )

    async def _ask(self, path: str, token: Secret, *, missing: bytes | None = None) -> bytes:
        headers: Mapping[str, str] = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token.reveal()}",
        }
        url = f"{self._api}{path}"
        answer = await self._outbound.get(url, may_ask(self._api), headers=headers, bounds=BOUNDS)
        if answer.status == 404 and missing is not None:
            return missing  # 403 says that we asked too often, or may not ask: nothing of the person
        if answer.status == 401:
            raise NotSignedIn("GitHub no longer vouches for this account.", code="provider-refused")
        if answer.status != 200:
            raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="provider-away")
        return answer.body


def _decoded(body: bytes, type_: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.DecodeError:
        raise Unavailable("GitHub gave no usable JSON.", code="provider-broken") from None
