"""How an error is told is the route's, not its address'; a door that does not answer lets nobody in."""

import asyncio

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from callboard.base.errors import NotFound
from callboard.http import site as edge
from callboard.http.door import ClassifiedRoute, ErrorForm
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass
from support.web_server import get, listening


class Everybody:
    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        return Admitted(Caller.loopback())


class Hanging:
    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        await asyncio.Event().wait()
        raise AssertionError


class Failing:
    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        raise RuntimeError("the table of sessions is locked")


async def failing(request: Request) -> Response:
    raise NotFound("It is not here.")


ROUTES = (
    ClassifiedRoute("/page", failing, RouteClass.READ, name="page"),
    ClassifiedRoute("/deep/data", failing, RouteClass.READ, name="data", errors=ErrorForm.JSON),
    ClassifiedRoute("/live", failing, RouteClass.STREAM, name="live"),
)


def site(door: object = None) -> Site:
    return Site(
        ROUTES,
        door or Everybody(),  # type: ignore[arg-type]
        lambda trouble, request_id, address: f"<p>{trouble.message}</p>",
        json_below=("/deep/",),
    )


@pytest.mark.parametrize(
    ("path", "accept", "json"),
    [
        ("/page", "text/html", False),
        ("/page", "application/json", True),
        ("/page", "application/json, text/html", False),
        ("/deep/data", "text/html", True),
        ("/deep/data", "", True),
        ("/deep/nothing", "text/html", True),
        ("/nothing", "text/html", False),
        ("/nothing", "application/json", True),
        ("/api/nothing", "text/html", False),
    ],
)
async def test_the_form_is_the_routes(path: str, accept: str, json: bool) -> None:
    async with listening(lambda port: site()) as base:
        answer = await get(base, path, {"Accept": accept})
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/json" if json else "text/html")
    if json:
        assert msgspec.json.decode(answer.text)["error"]["code"] == "not-found"
    else:
        assert answer.text.startswith("<p>")


@pytest.mark.parametrize("path", ["/page", "/deep/data", "/live", "/nothing"])
@pytest.mark.parametrize(("door", "status"), [(Hanging(), 503), (Failing(), 500)], ids=["hangs", "fails"])
async def test_a_door_that_does_not_answer_lets_nobody_in(
    door: object, status: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "DOOR_SECONDS", 0.05)
    async with listening(lambda port: site(door)) as base:
        answer = await get(base, path)
    assert answer.status == status
    assert "locked" not in answer.text
