"""The ways to sign in that are in force, and what becomes of whoever proves who they are by one."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

import msgspec
import structlog

from callboard.access.sign_in.resolving import PeopleIndex, PersonRule, claimed_groups
from callboard.access.sign_in.signed_tokens import text_claim
from callboard.base.errors import NotAllowed, NotSignedIn
from callboard.base.fence import Fence, is_a
from callboard.base.settings import CallboardAuthSettings
from callboard.extend.sign_in import (
    Confirms,
    Departure,
    LeavesProvider,
    ProvenPerson,
    RecognisesRequests,
    ReturnedBrowser,
    SignInWay,
)
from callboard.model.caller import Caller, CallerKind
from callboard.model.door import RequestFacts
from callboard.model.entity import EntityRef

__all__ = ["GUEST_ISSUER", "BearerReader", "SignInWays", "WayInForce"]

GUEST_ISSUER = "callboard:guest"
"""Who vouches for guests: nobody but us."""
DEADLINE = 10.0
_MOST_ISSUER = 300
_MOST_ACCOUNT = 255
_MOST_NAME = 100
_SHOWN = ("name", "preferred_username", "email", "email_verified")
"""Claims that are kept whatever the rules say: they tell people who they are signed in as."""

_log = structlog.get_logger(__name__)


class WayInForce(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names it in addresses and the database, `title` on the sign-in page; `rules` tell who somebody is in the catalog."""

    key: str
    title: str
    way: object
    fence: Fence
    rules: tuple[PersonRule, ...]
    lifetime: timedelta | None = None
    guest: Caller | None = None
    """Whom everybody is who comes by it."""

    @property
    def leads_away(self) -> bool:
        """Whether there is something to press on the sign-in page."""
        return isinstance(self.way, SignInWay)

    async def begin(self, back: str) -> Departure:
        """Where to lead the browser. Raises what the way raises, and PartFailed."""
        assert isinstance(self.way, SignInWay)  # noqa: S101 - asked for those that lead away alone
        way = self.way
        return await self.fence.call("begin a sign-in", lambda: way.begin(back), is_a(Departure))

    async def finish(self, returned: ReturnedBrowser, back: str) -> ProvenPerson:
        """Who came back."""
        assert isinstance(self.way, SignInWay)  # noqa: S101 - asked for those that lead away alone
        way = self.way
        return _sound(
            await self.fence.call("say who came back", lambda: way.finish(returned, back), is_a(ProvenPerson))
        )

    async def confirm(self, person: ProvenPerson) -> ProvenPerson:
        """As the issuer says now; the very same where the way cannot ask."""
        way = self.way
        if not isinstance(way, Confirms):
            return msgspec.structs.replace(person, until=None)
        fresh = _sound(
            await self.fence.call("confirm somebody", lambda: way.confirm(person), is_a(ProvenPerson))
        )
        if (fresh.issuer, fresh.account) != (person.issuer, person.account):
            raise NotSignedIn("The way to sign in speaks of somebody else by now.", code="bad-proof")
        return fresh

    async def leave(self, person: ProvenPerson, back: str) -> str:
        """Where to lead the browser to sign out there too, or ""."""
        way = self.way
        if not isinstance(way, LeavesProvider):
            return ""
        return await self.fence.call("sign somebody out", lambda: way.leave(person, back), is_a(str))

    async def recognise(self, facts: RequestFacts) -> ProvenPerson | None:
        """Whom a request brings proof of."""
        way = self.way
        if not isinstance(way, RecognisesRequests):
            return None

        def check(value: object) -> ProvenPerson | None:
            return None if value is None else is_a(ProvenPerson)(value)

        found = await self.fence.call("say who is asking", lambda: way.recognise(facts), check)
        return None if found is None else _sound(found)


class BearerReader(Protocol):
    """Knows callers by the token of an Authorization header."""

    async def caller(self, token: str) -> Caller | None:
        """Whose it is; None where it is none of the sort. Raises NotSignedIn for one that is no good, Unavailable."""
        ...


class SignInWays:
    """Those of the configuration in force, by key; replaced whole when it changes."""

    def __init__(self, settings: CallboardAuthSettings | None = None) -> None:
        self.ways: Mapping[str, WayInForce] = {}
        self.settings = settings or CallboardAuthSettings()
        self.people = PeopleIndex(())
        self._recognising: tuple[WayInForce, ...] = ()
        self.bearers: tuple[BearerReader, ...] = ()
        """Tokens that are taken beside our own."""
        self._changed: list[Callable[[], None]] = []

    @property
    def leading_away(self) -> tuple[WayInForce, ...]:
        """Those that the sign-in page offers."""
        return tuple(each for each in self.ways.values() if each.leads_away)

    @property
    def recognising(self) -> tuple[WayInForce, ...]:
        """Those that know people by what a request brings."""
        return self._recognising

    def use(self, ways: Mapping[str, WayInForce], settings: CallboardAuthSettings) -> None:
        """Go on with these: sessions of a way that is gone end."""
        self.ways, self.settings = dict(ways), settings
        self._recognising = tuple(each for each in ways.values() if isinstance(each.way, RecognisesRequests))
        self._tell()

    def know(self, people: PeopleIndex) -> None:
        """Go on with another catalog: sessions of whoever is no longer in it end."""
        self.people = people
        self._tell()

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever somebody may no longer be who they were."""
        self._changed.append(tell)

    def _tell(self) -> None:
        for tell in self._changed:
            tell()

    def caller(self, key: str, person: ProvenPerson, through: str) -> Caller | None:
        """Whom the rules of a way make of somebody, None for whoever may not come in."""
        way = self.ways.get(key)
        if way is None:
            return None
        if way.guest is not None:
            return msgspec.structs.replace(way.guest, through=through)
        ref = self.people.find(person.claims, way.rules)
        if ref is None and self.settings.unknown_people == "refuse":
            return None
        claimed = claimed_groups(person.claims, self.settings.groups, self.people)
        return Caller(
            kind=CallerKind.PERSON,
            subject=str(ref) if ref is not None else f"{person.issuer}#{person.account}",
            groups=tuple(sorted({*self._groups(ref), *claimed})),
            issuer=person.issuer,
            account=person.account,
            name=self._name(ref, person),
            through=through,
        )

    def admitted(self, key: str, person: ProvenPerson, through: str) -> Caller:
        """The same. Raises NotAllowed, in words, for whoever may not come in."""
        caller = self.caller(key, person, through)
        if caller is None:
            _log.warning(
                "somebody proved who they are and is nobody in the catalog", way=key, issuer=person.issuer
            )
            raise NotAllowed(
                "You have signed in, but the catalog has no User that you are. Ask whoever runs this portal to add you.",
                code="not-in-catalog",
            )
        return caller

    def kept_claims(self, key: str, person: ProvenPerson) -> dict[str, object]:
        """Of the claims those that tell who somebody is: the others are forgotten."""
        way = self.ways.get(key)
        wanted = set(_SHOWN) if way is None else {*_SHOWN, *(rule.claim for rule in way.rules)}
        if self.settings.groups.claim is not None:
            wanted.add(self.settings.groups.claim)
        return {name: value for name, value in person.claims.items() if name in wanted}

    def _groups(self, ref: EntityRef | None) -> tuple[str, ...]:
        return self.people.groups_of(ref) if ref is not None else ()

    def _name(self, ref: EntityRef | None, person: ProvenPerson) -> str:
        user = self.people.user(ref) if ref is not None else None
        profile = user.spec.get("profile") if user is not None else None
        shown = profile.get("displayName") if isinstance(profile, dict) else None
        if isinstance(shown, str) and shown.strip():
            return shown.strip()[:_MOST_NAME]
        claims = person.claims
        found = next((text for name in _SHOWN[:3] if (text := text_claim(claims, name, _MOST_NAME))), "")
        return found or (user.title if user is not None else person.account[:_MOST_NAME])


def _sound(person: ProvenPerson) -> ProvenPerson:
    """What a way gave, where both names are usable. Raises NotSignedIn."""
    names = {"issuer": person.issuer, "account": person.account}
    issuer = text_claim(names, "issuer", _MOST_ISSUER)
    if not issuer or ":" not in issuer or issuer.startswith(("user:", "system:")):
        raise NotSignedIn("The way to sign in does not say who vouches for you.", code="bad-proof")
    if not text_claim(names, "account", _MOST_ACCOUNT):
        raise NotSignedIn("The way to sign in does not say who you are.", code="bad-proof")
    return person
