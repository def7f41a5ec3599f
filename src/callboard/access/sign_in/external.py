"""`backend.auth.externalAccess` of a Backstage configuration: services with a token that everybody who has it may use, or with
tokens that an issuer of theirs signs; each with what it may do."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from callboard.access.sign_in.key_sets import KeySetReader
from callboard.access.sign_in.oidc.metadata import BOUNDS, may_ask
from callboard.access.sign_in.signed_tokens import ExpectedToken, checked_token, claimed_issuer, text_claim
from callboard.base.clock import Clock
from callboard.base.errors import Unavailable
from callboard.base.settings import AccessRestriction, ExternalAccessSettings
from callboard.model.caller import Caller, CallerKind
from callboard.model.permission import Action
from callboard.outbound import Outbound

__all__ = ["ExternalAccess"]

PLUGINS: Final = frozenset({"callboard", "kubernetes", "catalog"})
"""Plugins of a restriction that are ours: what Callboard does, these do in Backstage."""
_READS: Final = frozenset(
    map(
        str,
        (
            Action.ENTITY_READ,
            Action.CLUSTERS_READ,
            Action.RESOURCES_READ,
            Action.LOGS_READ,
            Action.YAML_READ,
            Action.METRICS_READ,
        ),
    )
)
"""What a service may do that nothing restricts: read services, and nothing of who else comes here."""
LEAST: Final = 8
"""Characters of a static token."""

_log = structlog.get_logger(__name__)


class _Static(msgspec.Struct, frozen=True):
    digest: bytes
    caller: Caller


class _Signed(msgspec.Struct, frozen=True):
    expected: ExpectedToken
    keys: KeySetReader
    prefix: str
    may: frozenset[str]


class ExternalAccess:
    """Recognises their tokens."""

    def __init__(self, settings: Sequence[ExternalAccessSettings], outbound: Outbound, clock: Clock) -> None:
        self._clock = clock
        self._outbound = outbound
        self._static: list[_Static] = []
        self._signed: list[_Signed] = []
        for number, each in enumerate(settings):
            may, options = may_of(each.access_restrictions), each.options
            if not may:
                continue  # it may do nothing here
            if (
                each.type == "static"
                and options.token
                and options.subject
                and len(options.token.reveal()) >= LEAST
            ):
                digest = hashlib.sha256(options.token.reveal().encode()).digest()
                through = f"external:{number}"
                caller = Caller(
                    kind=CallerKind.SERVICE, subject=f"external:{options.subject}", may=may, through=through
                )
                self._static.append(_Static(digest, caller))
            elif each.type == "jwks" and options.url and options.issuer and options.audience:
                self._signed.append(self._by_keys(options.url, each, may))
            else:
                _log.warning(
                    "an entry of backend.auth.externalAccess is not used: it lacks something",
                    number=number,
                    type=each.type,
                )

    def _by_keys(self, url: str, each: ExternalAccessSettings, may: frozenset[str]) -> _Signed:
        async def read() -> bytes:
            answer = await self._outbound.get(url, may_ask(url), bounds=BOUNDS)
            if answer.status != 200:
                raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="keys-away")
            return answer.body

        options = each.options
        expected = ExpectedToken(
            issuers=options.issuer, audiences=options.audience, algorithms=options.algorithm or ("RS256",)
        )
        prefix = f"external:{options.subject_prefix}:" if options.subject_prefix else "external:"
        return _Signed(expected, KeySetReader(read, self._clock, "an external service"), prefix, may)

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is; None where it is none of theirs. Raises NotSignedIn for one that is no good, Unavailable."""
        digest, found = hashlib.sha256(token.encode(errors="surrogatepass")).digest(), None
        for each in self._static:
            if hmac.compare_digest(each.digest, digest):
                found = each.caller
        issuer = "" if found is not None else claimed_issuer(token)
        for signed in self._signed:
            if found is None and issuer in signed.expected.issuers:
                claims = await checked_token(token, signed.expected, signed.keys, self._clock.now())
                subject = text_claim(claims, "sub", 200)
                found = Caller(
                    kind=CallerKind.SERVICE,
                    subject=f"{signed.prefix}{subject}",
                    may=signed.may,
                    through="external",
                )
        return found


def may_of(restrictions: Sequence[AccessRestriction] | None) -> frozenset[str]:
    """What a service may do: all that reads where nothing restricts it; else what the entries for us name."""
    if restrictions is None:
        return _READS
    found: set[str] = set()
    for each in restrictions:
        if each.plugin not in PLUGINS:
            continue
        named = frozenset(each.permission) & _READS if each.permission else _READS
        if not each.permission_attribute.action or "read" in each.permission_attribute.action:
            found |= named
    return frozenset(found)
