"""Who may come in: sessions and Callboard's own tokens, listed, ended and made. Every form works without a script."""

import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from callboard.base.errors import UsageError
from callboard.http.door import caller_of
from callboard.http.forms import FormFields, form_of
from callboard.http.queries import bounded, number
from callboard.model.permission import Action
from callboard.portal.administration.coming_in import ComingIn
from callboard.portal.protocol import Portal
from callboard.web.pages.admin.frame import AdminFrame
from callboard.web.rendering import Renderer

__all__ = ["ComingInPages"]

_LONGEST = 366
_MOST = 1_000_000


class ComingInPages:
    """`/admin/sessions` and `/admin/tokens`, and what their forms do."""

    def __init__(self, portal: Portal, frame: AdminFrame, renderer: Renderer) -> None:
        self._portal = portal
        self._frame = frame
        self._renderer = renderer

    @property
    def _coming_in(self) -> ComingIn:
        return self._portal.administration.coming_in

    async def sessions(self, request: Request) -> Response:
        """Who is signed in; `?who=&from=`."""
        who, offset = _asked(request)
        view = await self._coming_in.sessions(who, offset, caller_of(request))
        return self._frame.page(
            request, "sessions", "sessions.html", view=view, who=who, older=_older(who, view.older)
        )

    async def end_sessions(self, request: Request) -> Response:
        """End the session of an `id`, or all of a `subject`."""
        form = await self._form(request)
        if form.get("id"):
            await self._coming_in.end_session(form["id"], caller_of(request))
        else:
            await self._coming_in.end_sessions_of(form.get("subject", ""), caller_of(request))
        return self._back("sessions", form.get("who", ""))

    async def tokens(self, request: Request) -> Response:
        """Which tokens there are; `?who=&from=`."""
        who, offset = _asked(request)
        view = await self._coming_in.tokens(who, offset, caller_of(request))
        return self._frame.page(
            request, "tokens", "tokens.html", view=view, who=who, older=_older(who, view.older), made=None
        )

    async def make_token(self, request: Request) -> Response:
        """Make one and show it, this once."""
        form = await self._form(request)
        days = form.get("days", "")
        if not re.fullmatch(r"[0-9]{1,3}", days) or not 1 <= int(days) <= _LONGEST:
            raise UsageError(f"A token lasts for 1 to {_LONGEST} days.", code="no-such-end")
        may = tuple(dict.fromkeys(form.getlist("may")))
        made = await self._coming_in.make_token(form.get("service", ""), may, int(days), caller_of(request))
        view = await self._coming_in.tokens("", 0, caller_of(request))
        return self._frame.page(
            request, "tokens", "tokens.html", view=view, who="", older=_older("", view.older), made=made
        )

    async def revoke_token(self, request: Request) -> Response:
        """End the token of an `id` for good."""
        form = await self._form(request)
        await self._coming_in.revoke_token(form.get("id", ""), caller_of(request))
        return self._back("tokens", form.get("who", ""))

    async def _form(self, request: Request) -> FormFields:
        """What a form says, read for nobody else than those who may change something."""
        await self._portal.administration.guard.require(caller_of(request), Action.ADMIN_CHANGE)
        return await form_of(request)

    def _back(self, section: str, who: str) -> Response:
        """To the list again, by another request: reloading it sends no form a second time."""
        query = f"?{urlencode({'who': who})}" if who else ""
        return RedirectResponse(self._renderer.urls.at(f"/admin/{section}{query}"), status_code=303)


def _asked(request: Request) -> tuple[str, int]:
    params = request.query_params
    return (
        bounded("who", params.get("who", "")).strip(),
        number(params, "from", usual=0, least=0, most=_MOST),
    )


def _older(who: str, offset: int) -> str:
    """The query of the next page; "" where there is none."""
    return urlencode({**({"who": who} if who else {}), "from": offset}) if offset else ""
