"""One provider of OpenID Connect as a way to sign in."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog

from callboard.access.sign_in.key_sets import KeySetReader, UnknownKey
from callboard.access.sign_in.oidc.endpoints import ERRORS, ProviderClient, TokenAnswer
from callboard.access.sign_in.oidc.metadata import MetadataReader, ProviderMetadata
from callboard.access.sign_in.signed_tokens import ClocksDiffer, ExpectedToken, checked_token, text_claim
from callboard.base.clock import Clock
from callboard.base.errors import NotSignedIn, Unavailable
from callboard.base.secret import Secret
from callboard.base.settings import OidcClientSettings
from callboard.extend.sign_in import Departure, ProvenPerson, ReturnedBrowser
from callboard.outbound import Outbound

__all__ = ["OidcWay"]

_log = structlog.get_logger(__name__)


class OidcWay:
    """Implements `SignInWay`, `Confirms` and `LeavesProvider`. `hosted_domain` is the `hd` that Google has to say."""

    def __init__(
        self,
        settings: OidcClientSettings,
        metadata_url: str,
        outbound: Outbound,
        clock: Clock,
        *,
        hosted_domain: str = "",
        more: Mapping[str, str] | None = None,
    ) -> None:
        """`more` are further parameters for the provider's page."""
        self._settings = settings
        self._clock = clock
        self._hosted_domain = hosted_domain
        self._more = {**(more or {}), **settings.start_url_search_params}
        self._metadata = MetadataReader(metadata_url, outbound, clock)
        self._client = ProviderClient(
            metadata_url,
            outbound,
            client_id=settings.client_id,
            secret=settings.client_secret,
            method=settings.token_endpoint_auth_method,
        )
        self._keys = KeySetReader(self._read_keys, clock, "the identity provider", patient=True)

    async def begin(self, back: str) -> Departure:
        """To the provider's page, with a challenge that only we can answer."""
        metadata = await self._metadata.current()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            **self._more,
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": back,
            "scope": " ".join(
                dict.fromkeys(("openid", "profile", "email", *self._settings.additional_scopes))
            ),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if self._settings.prompt not in (None, "auto"):
            asked["prompt"] = str(self._settings.prompt)
        return Departure(
            url=_with(metadata.authorization_endpoint, asked),
            state=state,
            remember={"nonce": nonce, "verifier": verifier, "back": back, "issuer": metadata.issuer},
        )

    async def finish(self, returned: ReturnedBrowser, back: str) -> ProvenPerson:
        """Who the provider says came back."""
        metadata = await self._metadata.current()
        remembered = returned.remembered
        if remembered.get("back") != back or remembered.get("issuer") != metadata.issuer:
            raise NotSignedIn("The sign-in was begun with another provider.", code="bad-proof")
        self._check_answer(returned.params, metadata)
        code = returned.params.get("code", "")
        if not code or len(code) > 4096:
            raise NotSignedIn("The identity provider sent no code.", code="bad-proof")
        answer = await self._client.tokens(
            metadata.token_endpoint,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": back,
                "code_verifier": remembered["verifier"],
            },
        )
        claims = await self._claims(answer, metadata, remembered["nonce"])
        claims = await self._completed(claims, answer, metadata)
        if self._hosted_domain and claims.get("hd") != self._hosted_domain:
            raise NotSignedIn("This account is of another domain.", code="not-of-ours")
        return self._proven(claims, answer, metadata, None)

    async def confirm(self, person: ProvenPerson) -> ProvenPerson:
        """By the refresh token, where there is one; who has none is vouched for until their session ends."""
        if person.kept is None:
            return msgspec.structs.replace(person, until=None)
        metadata = await self._metadata.current()
        answer = await self._client.tokens(
            metadata.token_endpoint, {"grant_type": "refresh_token", "refresh_token": person.kept.reveal()}
        )
        claims: Mapping[str, Any] = person.claims
        fresh = await self._fresh_claims(answer, metadata) if answer.id_token else {}
        if fresh and fresh["sub"] != person.account:
            raise NotSignedIn("The identity provider speaks of somebody else by now.", code="bad-proof")
        claims = {**claims, **fresh}
        return self._proven({**claims, "sub": person.account}, answer, metadata, person.kept)

    async def leave(self, person: ProvenPerson, back: str) -> str:
        """The provider's own sign-out (OpenID Connect RP-Initiated Logout 1.0). Without an ID token as a hint, which would pass
        through the browser: the provider asks people whether they mean it."""
        metadata = await self._metadata.current()
        if not metadata.end_session_endpoint:
            return ""
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": back}
        return _with(metadata.end_session_endpoint, asked)

    # ---------------------------------------------------------------- details

    async def _read_keys(self) -> bytes:
        metadata = await self._metadata.current()
        return await self._client.keys(metadata.jwks_uri)

    def _check_answer(self, params: Mapping[str, str], metadata: ProviderMetadata) -> None:
        """What the browser brought back (RFC 6749, 4.1.2; RFC 9207)."""
        issuer = params.get("iss")
        told = issuer is not None or metadata.authorization_response_iss_parameter_supported
        if told and issuer != metadata.issuer:
            raise NotSignedIn("The answer is from another identity provider.", code="bad-proof")
        error = params.get("error")
        if error is not None:
            word = f" ({error})" if error in ERRORS else ""
            raise NotSignedIn(f"The identity provider did not sign you in{word}.", code="provider-refused")

    async def _claims(
        self, answer: TokenAnswer, metadata: ProviderMetadata, nonce: str | None
    ) -> Mapping[str, Any]:
        if not answer.id_token:
            raise NotSignedIn("The identity provider gave no ID token.", code="bad-proof")
        algorithm = self._settings.token_signed_response_alg
        expected = ExpectedToken(
            issuers=(metadata.issuer,),
            audiences=(self._settings.client_id,),
            algorithms=(algorithm,),
            nonce=nonce,
            authorized_party=True,
            must=("sub",),
            made=True,
        )
        claims = await checked_token(answer.id_token, expected, self._keys, self._clock.now())
        made_with = claims.get("at_hash")
        if made_with is not None and answer.access_token and algorithm not in ("EdDSA", "Ed25519"):
            digest = hashlib.new(f"sha{algorithm[2:]}", answer.access_token.encode()).digest()
            half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
            if made_with != half:
                raise NotSignedIn("The tokens do not belong together.", code="bad-proof")
        return claims

    async def _fresh_claims(self, answer: TokenAnswer, metadata: ProviderMetadata) -> Mapping[str, Any]:
        """What the provider says by now; nothing where its keys are not to be had or clocks differ. That it gave tokens for a
        refresh token says that it vouches for its owner, and the old one is used up: to give up here would sign them out for
        good."""
        try:
            return await self._claims(answer, metadata, None)
        except (Unavailable, UnknownKey, ClocksDiffer) as error:
            _log.warning("what a provider says of somebody by now cannot be checked", error=error.message)
            return {}

    async def _completed(
        self, claims: Mapping[str, Any], answer: TokenAnswer, metadata: ProviderMetadata
    ) -> Mapping[str, Any]:
        """With what the user info endpoint says besides, where the ID token does not tell the email: some providers keep it
        short. What the signed token says counts before it."""
        if "email" in claims or not metadata.userinfo_endpoint or not answer.access_token:
            return claims
        more = await self._client.user_info(metadata.userinfo_endpoint, answer.access_token)
        if more.get("sub") != claims["sub"]:
            raise NotSignedIn("The identity provider speaks of two people at once.", code="bad-proof")
        return {**more, **claims}

    def _proven(
        self,
        claims: Mapping[str, Any],
        answer: TokenAnswer,
        metadata: ProviderMetadata,
        before: Secret | None,
    ) -> ProvenPerson:
        kept = Secret(answer.refresh_token) if answer.refresh_token else before
        until = self._clock.now() + timedelta(seconds=answer.seconds) if kept is not None else None
        return ProvenPerson(
            issuer=metadata.issuer,
            account=text_claim(claims, "sub"),
            claims=claims,
            kept=kept,
            until=until,
        )


def _with(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"
