"""Ways to sign in: how people prove who they are to somebody else whom the operator trusts.

A way either leads the browser away and takes it back (`SignInWay`), or knows people by what each of their requests
brings (`RecognisesRequests`): a token that a proxy in front has signed. It says who somebody is to its issuer and
nothing else: which User of the catalog that is, which groups they are in, and whether they may come in at all is
decided by the configuration.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from callboard.base.secret import Secret
from callboard.model.door import RequestFacts

__all__ = [
    "Confirms",
    "Departure",
    "LeavesProvider",
    "ProvenPerson",
    "RecognisesRequests",
    "ReturnedBrowser",
    "SignInWay",
]


class ProvenPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, as their issuer says.

    `issuer` is a URL and `account` the issuer's own name for them, which it gives to nobody else ever; `claims` is what
    it says of them besides, as JSON values: foreign text. `kept` is what the way needs later (a refresh token): it is
    encrypted where it is stored, and no browser ever sees it. `until` is when the issuer has to be asked again, None
    for never.
    """

    issuer: str
    account: str
    claims: Mapping[str, object] = {}
    kept: Secret | None = None
    until: datetime | None = None


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Where to lead a browser, and what to remember until it is back. `state` comes back as the parameter of that name; what is
    remembered is sealed, and bound to that browser."""

    url: str
    state: str
    remember: Mapping[str, str] = {}


class ReturnedBrowser(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is back: the parameters of its address (foreign text, the first of each), and what was remembered for it."""

    params: Mapping[str, str]
    remembered: Mapping[str, str]


@runtime_checkable
class SignInWay(Protocol):
    """Leads the browser away and takes it back. `back` is the address that it comes back to."""

    async def begin(self, back: str) -> Departure:
        """Raises Unavailable where the issuer cannot be asked."""
        ...

    async def finish(self, returned: ReturnedBrowser, back: str) -> ProvenPerson:
        """Who came back. Raises NotSignedIn, in words that quote nothing foreign, and Unavailable."""
        ...


@runtime_checkable
class Confirms(Protocol):
    """What a way may have: asking the issuer again, without the browser, once `until` has passed."""

    async def confirm(self, person: ProvenPerson) -> ProvenPerson:
        """As the issuer says now. Raises NotSignedIn where it no longer vouches for them: the session ends; Unavailable where it
        cannot be asked: the session goes on for some minutes."""
        ...


@runtime_checkable
class LeavesProvider(Protocol):
    """What a way may have: signing out at the issuer as well."""

    async def leave(self, person: ProvenPerson, back: str) -> str:
        """The address to lead the browser to, or "" where there is none. Must not wait long."""
        ...


@runtime_checkable
class RecognisesRequests(Protocol):
    """Knows people by what each request brings, without a session."""

    async def recognise(self, facts: RequestFacts) -> ProvenPerson | None:
        """None where the request brings nothing of its kind. Raises NotSignedIn for what is not good, Unavailable where
        that cannot be found out."""
        ...
