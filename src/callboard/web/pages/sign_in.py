"""Signing in and out: the page with the ways there are, leading a browser away and taking it back, the one-time link."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from callboard.base.errors import NotFound, UsageError
from callboard.http.door import caller_of
from callboard.http.errors import Refusal, Trouble
from callboard.http.queries import bounded
from callboard.model.door import Refused
from callboard.web.pages.operations import Operations
from callboard.web.rendering import Renderer

__all__ = ["SignInPages"]

_AWAY_SECONDS = 15 * 60
"""How long the cookie of a sign-in under way is kept."""
_MOST_CODE = 4096


class SignInPages:
    """`/sign-in`, `/sign-in/WAY`, `/sign-in/WAY/return`, `/sign-out`."""

    def __init__(self, operations: Operations, renderer: Renderer) -> None:
        self._operations = operations
        self._renderer = renderer

    def page(self, trouble: Trouble | None, request_id: str, to: str) -> str:
        """The ways to sign in, after what went wrong, for whoever wanted to see the address `to`."""
        desk = self._operations.desk
        return self._renderer.page(
            "sign_in.html",
            trouble=trouble,
            request_id=request_id,
            ways=desk.offered() if desk is not None else (),
            link=self._operations.sign_in is not None,
            to=to if to.startswith("/") and not to.startswith("/sign-") else "/",
        )

    async def sign_in(self, request: Request) -> Response:
        """The page; or turn a link's token into a session and lead to the front page: the token leaves the address bar."""
        token = request.query_params.get("token")
        if token is None and self._operations.desk is not None and self._operations.desk.offered():
            return HTMLResponse(self.page(None, "", bounded("to", request.query_params.get("to", "/"))))
        if self._operations.sign_in is None:
            raise NotFound("There is nothing to sign in to here.")
        session = await self._operations.sign_in(token or "")
        if isinstance(session, Refused):
            raise Refusal(session)
        return self._entered(request, session, "/")

    async def begin(self, request: Request) -> Response:
        """Lead the browser to where people prove who they are."""
        if self._operations.desk is None:
            raise NotFound("There is nothing to sign in to here.")
        to = bounded("to", request.query_params.get("to", "/"))
        led = await self._operations.desk.begin(request.path_params["way"], to, _host(request))
        response = RedirectResponse(led.url, status_code=303)
        response.headers["referrer-policy"] = "no-referrer"
        if led.cookie:
            # Lax: it has to come along when another site leads back here
            response.set_cookie(
                led.cookie,
                led.value,
                max_age=_AWAY_SECONDS,
                httponly=True,
                samesite="lax",
                secure=self._operations.cookie(_host(request)).secure,
                path=self._renderer.urls.cookie_path,
            )
        return response

    async def finish(self, request: Request) -> Response:
        """Take the browser back: a session where the proof is good."""
        if self._operations.desk is None:
            raise NotFound("There is nothing to sign in to here.")
        params = dict(reversed(request.query_params.multi_items()))  # of each the first
        if any(len(value) > _MOST_CODE for value in params.values()):
            raise UsageError("The address is longer than an identity provider would make it.")
        entered = await self._operations.desk.finish(
            request.path_params["way"], params, "; ".join(request.headers.getlist("cookie"))
        )
        response = self._entered(request, entered.session, entered.to)
        response.delete_cookie(
            entered.used,
            httponly=True,
            samesite="lax",
            secure=self._operations.cookie(_host(request)).secure,
            path=self._renderer.urls.cookie_path,
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session, here and in the browser, and lead to the provider's own sign-out where it has one."""
        if self._operations.sign_out is None:
            raise NotFound("There is nothing to sign out of here.")
        header = "; ".join(request.headers.getlist("cookie"))
        everywhere = "everywhere" in request.query_params
        provider = await self._operations.sign_out(header, _host(request), everywhere)
        desk = self._operations.desk
        page = self._renderer.page(
            "signed_out.html",
            provider=provider,
            everywhere=everywhere,
            again=desk is not None and bool(desk.offered()),
            through_proxy=bool(caller_of(request).through.startswith("proxy:")),
        )
        response = HTMLResponse(page)
        if provider:  # not a redirect: a form's answer may lead to no other site (form-action)
            response.headers["refresh"] = f"0; url={provider}"
        cookie = self._operations.cookie(_host(request))
        response.delete_cookie(
            cookie.name,
            httponly=True,
            samesite="lax",
            secure=cookie.secure,
            path=self._renderer.urls.cookie_path,
        )
        return response

    def _entered(self, request: Request, session: str, to: str) -> Response:
        response = RedirectResponse(self._renderer.urls.at(to), status_code=303)
        cookie = self._operations.cookie(_host(request))
        # Lax, not Strict: links are opened from a terminal or a chat, and the provider leads back from another site
        response.set_cookie(
            cookie.name,
            session,
            httponly=True,
            samesite="lax",
            secure=cookie.secure,
            path=self._renderer.urls.cookie_path,
        )
        return response


def _host(request: Request) -> str:
    return request.headers.get("host", "")
