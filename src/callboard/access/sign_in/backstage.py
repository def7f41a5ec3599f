"""Tokens that a Backstage gives to people and to its plugins, told apart by their header `typ`.

    vnd.backstage.user      of a person: `sub` is an entity ref; signed by the plugin `auth`
    vnd.backstage.plugin    of a plugin: `sub` is its id, `aud` the plugin that it speaks to; signed by that plugin itself, which
                            publishes its own keys; `obo` holds a token of the person for whom it speaks
    vnd.backstage.limited-user    what `obo` holds

The form is that of Backstage's `backend-defaults` (entrypoints/auth).
"""

import base64
import re
from collections import OrderedDict
from typing import Any, Final

import msgspec

from callboard.access.sign_in.key_sets import KeySetReader
from callboard.access.sign_in.oidc.metadata import BOUNDS, may_ask
from callboard.access.sign_in.signed_tokens import ExpectedToken, checked_token, header_of, text_claim
from callboard.access.sign_in.ways import SignInWays
from callboard.base.clock import Clock
from callboard.base.errors import NotSignedIn, Unavailable, UsageError
from callboard.base.settings import BackstageTokensSettings
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.model.permission import Action
from callboard.outbound import Outbound

__all__ = ["BackstageTokens"]

USER: Final = "vnd.backstage.user"
LIMITED: Final = "vnd.backstage.limited-user"
PLUGIN: Final = "vnd.backstage.plugin"
ALGORITHM: Final = "ES256"
_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class BackstageTokens:
    """Recognises them. People are those of the catalog that `ways` knows."""

    def __init__(
        self, settings: BackstageTokensSettings, ways: SignInWays, outbound: Outbound, clock: Clock
    ) -> None:
        self._settings = settings
        self._base = settings.base_url.rstrip("/")
        self._ways = ways
        self._outbound = outbound
        self._clock = clock
        self._of_people = self._keys(f"{self._base}/api/auth/.well-known/jwks.json")
        self._of_plugins: OrderedDict[str, KeySetReader] = OrderedDict()

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is; None where it is none of Backstage's. Raises NotSignedIn for one that is no good, Unavailable."""
        try:
            kind = (header_of(token).typ or "").lower()
        except NotSignedIn:
            return None
        if kind == USER:
            return await self._person(token, USER)
        if kind == PLUGIN:
            return await self._plugin(token)
        return None

    async def _person(self, token: str, kind: str) -> Caller:
        issuer = f"{self._base}/api/auth"
        full = kind == USER  # what is limited says only whose it is
        expected = ExpectedToken(
            issuers=(issuer,) if full else (),
            audiences=("backstage",) if full else (),
            algorithms=(ALGORITHM,),
            types=(kind,),
            made=True,
            bare=not full,
        )
        claims = await checked_token(token, expected, self._of_people, self._clock.now())
        try:
            ref = EntityRef.parse(text_claim(claims, "sub"))
        except UsageError:
            raise NotSignedIn("The Backstage token is of no entity.", code="bad-proof") from None
        people = self._ways.people
        if ref.kind != "user" or people.user(ref) is None:
            raise NotSignedIn(
                "The Backstage token is of a User who is not in the catalog.", code="not-in-catalog"
            )
        return Caller(
            kind=CallerKind.PERSON,
            subject=str(ref),
            groups=tuple(sorted(people.groups_of(ref))),
            issuer=issuer,
            account=str(ref),
            name=ref.name,
            through="backstage:user",
        )

    async def _plugin(self, token: str) -> Caller:
        named = text_claim(_unchecked(token), "sub", 100)
        if named not in self._settings.plugins or not _ID.fullmatch(named):
            raise NotSignedIn("This plugin of Backstage may not ask Callboard.", code="bad-proof")
        if named not in self._of_plugins:
            self._of_plugins[named] = self._keys(f"{self._base}/api/{named}/.backstage/auth/v1/jwks.json")
        expected = ExpectedToken(
            issuers=(),
            audiences=(self._settings.plugin,),
            algorithms=(ALGORITHM,),
            types=(PLUGIN,),
            made=True,
            bare=True,
            audience=True,
        )
        claims = await checked_token(token, expected, self._of_plugins[named], self._clock.now())
        if claims.get("sub") != named:
            raise NotSignedIn("The Backstage token is of another plugin.", code="bad-proof")
        on_behalf = claims.get("obo")
        if on_behalf is not None:
            if not isinstance(on_behalf, str):
                raise NotSignedIn("The Backstage token does not say for whom it is.", code="bad-proof")
            person = await self._person(on_behalf, LIMITED)
            return _behind(person, named)
        return Caller(
            kind=CallerKind.SERVICE,
            subject=f"plugin:{named}",
            may=frozenset(self._settings.may) & set(Action),
            through=f"backstage:{named}",
        )

    def _keys(self, address: str) -> KeySetReader:
        async def read() -> bytes:
            answer = await self._outbound.get(address, may_ask(self._base), bounds=BOUNDS)
            if answer.status != 200:
                raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="keys-away")
            return answer.body

        return KeySetReader(read, self._clock, "Backstage")


def _behind(person: Caller, plugin: str) -> Caller:
    return msgspec.structs.replace(person, behind=f"plugin:{plugin}", through=f"backstage:{plugin}")


def _unchecked(token: str) -> dict[str, Any]:
    """What a token says of itself, to know whose keys would have to be asked for."""
    part = token.split(".")[1]
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}
