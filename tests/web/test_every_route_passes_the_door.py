"""Every route of the whole site, tried as anonymous, with a foreign Host, and with a foreign Origin."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from callboard.base.clock import FakeClock
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.door import RouteClass
from callboard.web.application import create_web
from support.web_scenes import NOW, StubPortal
from support.web_server import door, get, listening, operations, site

ROUTES = site(StubPortal()).routes
NAMES = [getattr(route, "name", "?") for route in ROUTES]
KNOWN_CALLER = {RouteClass.READ, RouteClass.STREAM, RouteClass.UNSAFE}
VALUES = {
    "namespace": "default", "kind": "component", "name": "dice-roller", "tab": "kubernetes",
    "cluster": "eu-west-1", "type": "pods", "object_namespace": "dice", "object_name": "p",
    "way": "oidc", "version": "1", "name:path": "page.css",
}  # fmt: skip


def path_of(route: object) -> str:
    path: str = route.path  # type: ignore[attr-defined]
    return re.sub(r"\{([^}]+)\}", lambda m: VALUES[m[1]], path)


@asynccontextmanager
async def closed_site() -> AsyncIterator[tuple[str, StubPortal, str]]:
    """A site that wants a session; gives its address, its portal, and a link's token."""
    portal = StubPortal()
    with_token: list[str] = []

    def make(port: int) -> Site:
        guard, sessions = door(port, open_to_all=False)
        with_token.append(sessions.link_token(Caller.loopback()))
        return create_web(portal, guard, operations(guard), clock=FakeClock(NOW))

    async with listening(make) as base:
        yield base, portal, with_token[0]


def test_every_route_has_a_class() -> None:
    assert [
        n
        for n, r in zip(NAMES, ROUTES, strict=True)
        if not isinstance(getattr(r, "route_class", None), RouteClass)
    ] == []


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
async def test_anonymous_gets_nothing_that_needs_a_caller(route: Route) -> None:
    async with closed_site() as (base, portal, _):
        answer = await get(base, path_of(route), {"Sec-Fetch-Site": "same-origin"})
    if route.route_class in KNOWN_CALLER:  # type: ignore[attr-defined]
        assert answer.status == 401
        assert portal.callers == []
    else:
        assert answer.status != 500
        assert all(caller.kind == "anonymous" for caller in portal.callers)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
async def test_a_foreign_host_is_refused_everywhere(route: Route) -> None:
    async with closed_site() as (base, portal, _):
        answer = await get(base, path_of(route), {"Host": "rebound.example"})
    assert answer.status == 421
    assert portal.callers == []


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
async def test_a_foreign_page_gets_no_stream_and_changes_nothing(route: Route) -> None:
    guarded = route.route_class in {RouteClass.STREAM, RouteClass.UNSAFE}  # type: ignore[attr-defined]
    async with closed_site() as (base, portal, token):
        signed = await get(base, f"/sign-in?token={token}")
        cookie = signed.headers["Set-Cookie"].partition(";")[0]
        for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            portal.callers.clear()
            answer = await get(base, path_of(route), {"Cookie": cookie, **header})
            assert (answer.status == 403) == guarded
            assert not guarded or portal.callers == []
            assert "access-control-allow-origin" not in {h.lower() for h in answer.headers}


async def test_a_route_without_a_class_is_refused_though_it_exists() -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse("open to all")

    def make(port: int) -> Site:
        guard, _ = door(port)
        return create_web(StubPortal(), guard, operations(), further=[Route("/forgotten", page)])

    async with listening(make) as base:
        answer = await get(base, "/forgotten")
    assert answer.status == 403
    assert "open to all" not in answer.text


async def test_the_link_signs_in_once_and_leaves_the_address_bar() -> None:
    async with closed_site() as (base, _, token):
        first = await get(base, f"/sign-in?token={token}")
        second = await get(base, f"/sign-in?token={token}")
        cookie = first.headers["Set-Cookie"]
        page = await get(base, "/catalog", {"Cookie": cookie.partition(";")[0]})
    assert first.status == 303
    assert first.headers["Location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert page.status == 200
    assert second.status == 401


async def test_an_unknown_address_tells_a_foreign_host_nothing() -> None:
    async with closed_site() as (base, _, _token):
        assert (await get(base, "/nowhere", {"Host": "rebound.example"})).status == 421
        assert (await get(base, "/nowhere")).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_no_page_takes_another_verb(method: str) -> None:
    async with listening(lambda port: site(StubPortal(), port)) as base:
        assert (await get(base, "/catalog", method=method)).status == 405
