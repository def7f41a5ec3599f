"""The ways to sign in of the configuration in force, and the catalog that tells who people are, both kept up to date."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog

from callboard.access.sign_in.backstage import BackstageTokens
from callboard.access.sign_in.external import ExternalAccess
from callboard.access.sign_in.plugin import SignInPlugin, titles_of
from callboard.access.sign_in.resolving import PeopleIndex, PersonRule, rules_of
from callboard.access.sign_in.sealing import Sealer
from callboard.access.sign_in.ways import GUEST_ISSUER, BearerReader, SignInWays, WayInForce
from callboard.app.plugins import Plugins, asked
from callboard.base.clock import Clock
from callboard.base.errors import BadInput, Problem
from callboard.base.fence import Fence
from callboard.base.settings import Settings, SignInSettings
from callboard.catalog.catalog import Catalog
from callboard.catalog.search import MAX_LIMIT, SearchQuery
from callboard.extend.registration import Offered, PartConfig, Registration
from callboard.extend.sign_in import RecognisesRequests, SignInWay
from callboard.model.caller import Caller, CallerKind
from callboard.outbound import Outbound

__all__ = ["SignInInForce", "sealer_of"]

LOOK: Final = 0.5
"""Seconds between two looks at whether the catalog has changed."""
MOST_PEOPLE: Final = 200_000
"""Users and Groups that people are looked up among."""
_EACH: Final = 500
_OURS: Final = ("oidc", "google", "microsoft", "okta", "gitlab", "github")

_log = structlog.get_logger(__name__)


class SignInInForce:
    """Holds `ways`, and replaces them when the configuration changes; those whose settings stay the same go on."""

    def __init__(self, *, outbound: Outbound, catalog: Catalog, clock: Clock, directory: str) -> None:
        self._outbound = outbound
        self._catalog = catalog
        self._clock = clock
        self._directory = directory
        self.ways = SignInWays()
        self._made_of: object = None
        self._known = -1
        self.guests = False
        """Whether a guest may come in: on loopback only. To be said before `put_to_use`."""

    def put_to_use(self, settings: Settings, extensions: Plugins) -> None:
        """Go on with the ways of this configuration. Raises BadInput for one that cannot be made, and then the old ones stay."""
        made_of = (
            settings.auth,
            settings.callboard.auth,
            settings.backend.auth,
            extensions.names,
            self.guests,
        )
        if made_of == self._made_of:
            return
        ours = Plugins((asked("callboard.sign_in", SignInPlugin(settings, self._outbound, self._clock)),))
        if ours.problems:
            raise BadInput(Problem(ours.problems[0], where="callboard.auth.proxies"))
        found: dict[str, WayInForce] = {}
        others = settings.auth.providers.options
        for offered in (*ours.offered("callboard_sign_in"), *extensions.offered("callboard_sign_in")):
            registration: Registration[Any] = offered.item
            key = registration.key
            if key in found or (offered.extension and key not in others):
                continue
            if key == "guest" and not self.guests:
                _log.warning("guests are let in on loopback only; auth.providers.guest has no effect")
                continue
            found[key] = self._made(offered, settings)
        for key in others:
            if key not in found:
                _log.warning(
                    "no way to sign in of this name is had: an extension must bring it", provider=key
                )
        self.ways.bearers = self._bearers(settings)
        self.ways.use(found, settings.callboard.auth)
        self._made_of = made_of

    def _bearers(self, settings: Settings) -> tuple[BearerReader, ...]:
        backstage, external = settings.callboard.auth.backstage, settings.backend.auth.external_access
        found: list[BearerReader] = []
        if backstage is not None:
            found.append(BackstageTokens(backstage, self.ways, self._outbound, self._clock))
        if external:
            found.append(ExternalAccess(external, self._outbound, self._clock))
        return tuple(found)

    def _made(self, offered: Offered[Registration[Any]], settings: Settings) -> WayInForce:
        key, where = offered.item.key, f"auth.providers.{offered.item.key}"
        options = settings.auth.providers.options.get(key, {}) if offered.extension else {}
        options = options if isinstance(options, Mapping) else {}
        fence = Fence(f"the way to sign in {key!r}", offered.extension, quiet=True)
        config = PartConfig(
            options=options, where=where, base_dir=self._directory, clock=self._clock, entities=self._catalog
        )
        way = fence.now("make it", lambda: offered.item.make(config), _way)
        title = options.get("title")
        titles = titles_of(settings)
        return WayInForce(
            key=key,
            title=title if isinstance(title, str) else titles.get(key, key),
            way=way,
            fence=fence,
            rules=_rules(settings, key, options, where),
            lifetime=_lifetime(settings, key),
            guest=_guest(settings) if key == "guest" and not offered.extension else None,
        )

    async def keep_up(self) -> None:
        """Follow the catalog until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Read who there is, if the catalog has changed."""
        revision = self._catalog.revision
        if revision == self._known:
            return
        caller, query = Caller.callboard(), SearchQuery(kind=("User", "Group"), sort="name", limit=MAX_LIMIT)
        refs = await self._catalog.refs(query, caller)
        found = []
        for start in range(0, min(len(refs), MOST_PEOPLE), _EACH):
            entities = await self._catalog.entities(refs[start : start + _EACH], caller)
            found += [each for each in entities if each is not None]
            await asyncio.sleep(0)
        self.ways.know(PeopleIndex(found))
        self._known = revision


def sealer_of(settings: Settings) -> Sealer:
    """By the configured secret, and those before it."""
    secret = settings.auth.session.secret
    return Sealer(() if secret is None else (secret, *settings.callboard.auth.former_secrets))


def _way(value: object) -> SignInWay | RecognisesRequests:
    if isinstance(value, SignInWay | RecognisesRequests):
        return value
    raise TypeError("neither leads browsers away nor recognises requests")


def _rules(settings: Settings, key: str, options: Mapping[str, object], where: str) -> tuple[PersonRule, ...]:
    if (proxy := settings.callboard.auth.proxies.get(key)) is not None:
        return rules_of(proxy.sign_in.resolvers)
    if key in _OURS and not options:
        client = getattr(settings.auth.providers, key).get(settings.auth.environment)
        return rules_of(client.sign_in.resolvers if client is not None else ())
    try:
        said = msgspec.convert(options.get("signIn", {}), SignInSettings)
    except msgspec.ValidationError as error:
        raise BadInput(
            Problem("not a list of resolvers", where=where, path="signIn", hint=str(error))
        ) from None
    return rules_of(said.resolvers)


def _lifetime(settings: Settings, key: str) -> timedelta | None:
    client = getattr(settings.auth.providers, key).get(settings.auth.environment) if key in _OURS else None
    seconds = client.session_duration if client is not None else None
    return timedelta(seconds=seconds) if seconds is not None else None


def _guest(settings: Settings) -> Caller:
    guest = settings.auth.providers.guest
    ref = guest.user_entity_ref if guest is not None else "user:development/guest"
    return Caller(
        kind=CallerKind.PERSON,
        subject=ref.lower(),
        groups=tuple(sorted(each.lower() for each in (guest.ownership_entity_refs if guest else ()))),
        issuer=GUEST_ISSUER,
        account="guest",
        name="Guest",
    )
