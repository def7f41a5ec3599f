"""A guest: whoever presses the button, for trials on loopback."""

import secrets
from urllib.parse import urlencode

from callboard.access.sign_in.ways import GUEST_ISSUER
from callboard.base.errors import NotSignedIn
from callboard.extend.sign_in import Departure, ProvenPerson, ReturnedBrowser

__all__ = ["GuestWay"]


class GuestWay:
    """Leads the browser to where it would come back to: nobody has to prove anything."""

    async def begin(self, back: str) -> Departure:
        """Straight back."""
        state = secrets.token_urlsafe(24)
        return Departure(url=f"{back}?{urlencode({'state': state})}", state=state)

    async def finish(self, returned: ReturnedBrowser, back: str) -> ProvenPerson:
        """A guest."""
        if set(returned.params) != {"state"}:
            raise NotSignedIn("A guest brings nothing along.", code="bad-proof")
        return ProvenPerson(issuer=GUEST_ISSUER, account="guest")
