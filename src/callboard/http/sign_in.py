"""What the pages ask for when somebody signs in, as a protocol: `access` implements it."""

from collections.abc import Mapping
from typing import Protocol

from callboard.model.door import EnteredBrowser, LedAway, OfferedWay

__all__ = ["SignInDesk"]


class SignInDesk(Protocol):
    """`host` is the name that a browser asked by."""

    def offered(self) -> tuple[OfferedWay, ...]:
        """The ways that there are."""
        ...

    async def begin(self, key: str, to: str, host: str) -> LedAway:
        """Where to lead a browser, to show it the path `to` afterwards. Raises NotFound, Unavailable."""
        ...

    async def finish(self, key: str, params: Mapping[str, str], cookie: str) -> EnteredBrowser:
        """The session of a browser that is back. Raises NotFound, NotSignedIn, NotAllowed, Unavailable."""
        ...
