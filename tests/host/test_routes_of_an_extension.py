"""Routes and pages of an extension: behind the door and a permission, typed, bounded; what one does wrong costs itself alone."""

import asyncio
import json
import re
import types
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import pytest

from callboard.app.application import Application
from callboard.app.plugins import Plugins, asked
from callboard.base.errors import NotFound
from callboard.base.fence import Fence
from callboard.extend import Action, ExtensionPage, ExtensionRoute, RouteContext, hookimpl
from callboard.host import mounted
from callboard.model.door import RouteClass
from support.checkout import ROOT
from support.extended import SiteOf, extended, site_of

TEMPLATE = "support:templates/own_page.html"
READ = Action.RESOURCES_READ


class Cost(msgspec.Struct):
    words: str


class Which(msgspec.Struct):
    namespace: str
    limit: int = 10
    tag: tuple[str, ...] = ()


class Order(msgspec.Struct):
    count: int


async def echo(context: RouteContext) -> Cost:
    return Cost(f"{context.parameters} {context.body} {context.path}")


def route(
    path: str, handler: Callable[[RouteContext], Awaitable[object]] = echo, **more: Any
) -> ExtensionRoute:
    return ExtensionRoute(path=path, handler=handler, **{"permission": READ, **more})


class Routes:
    def __init__(self, *routes: Any, pages: Any = ()) -> None:
        self._routes = routes
        self._pages = pages

    @hookimpl
    def callboard_routes(self) -> Any:
        return self._routes

    @hookimpl
    def callboard_pages(self) -> Any:
        return self._pages


@asynccontextmanager
async def serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *routes: Any, pages: Any = ()
) -> AsyncIterator[tuple[Application, SiteOf]]:
    extensions = {"mine": Routes(*routes, pages=pages)}
    async with extended(extensions, tmp_path, monkeypatch) as app, site_of(app) as site:
        yield app, site


async def test_the_door_sees_every_one_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ExtensionPage(path="/about/{entity}", title="About", template=TEMPLATE, view=echo, permission=READ)
    routes = (
        route("/a"),
        route("/b/{x}"),
        route("/of/{entity}"),
        route("/change", method="POST", body=Order),
    )
    async with serving(tmp_path, monkeypatch, *routes, pages=[page]) as (app, site):
        paths = {
            "/api/ext/mine/a": 200,
            "/api/ext/mine/b/1": 200,
            "/api/ext/mine/of/default/component/web": 200,
            "/api/ext/mine/change": 403,  # a token changes nothing
            "/ext/mine/about/default/component/web": 200,
        }
        assert len(app.extensions.mounted) == len(paths)
        for path, status in paths.items():
            method = "POST" if path.endswith("change") else "GET"
            assert (await site.get(path, {}, method=method)).status in (401, 403), "anonymous"
            assert (await site.get(path, site.stranger, method=method)).status == 403, "stranger"
            assert (await site.get(path, method=method)).status == status, "reader"
            assert (
                await site.get(path, {**site.reader, "Host": "evil.example"}, method=method)
            ).status == 421
        assert (await site.get("/api/ext/mine/of/default/component/gone")).status == 404


async def test_a_change_comes_from_our_own_pages_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extensions = {"mine": Routes(route("/change", method="POST", body=Order, most_body=100))}
    async with (
        extended(extensions, tmp_path, monkeypatch) as app,
        site_of(app, everyone=True) as site,
        aiohttp.ClientSession() as session,
    ):
        assert {m.method: m.path for m in app.extensions.mounted} == {"POST": "/api/ext/mine/change"}

        async def post(body: bytes, **headers: str) -> tuple[int, Any]:
            named = {k.replace("_", "-"): v for k, v in headers.items()}
            async with session.post(f"{site.base}/api/ext/mine/change", data=body, headers=named) as got:
                return got.status, json.loads(await got.read())

        ours = {"Origin": site.base, "Content_Type": "application/json"}
        assert (await post(b'{"count": 3}', **ours))[0] == 200
        assert (await post(b'{"count": 3}', Content_Type="application/json"))[0] == 403
        assert (await post(b'{"count": 3}', **{**ours, "Origin": "https://evil.example"}))[0] == 403
        for body, words in (
            (b'{"count": "x"}', "Expected `int`, got `str`"),
            (b'{"count": 1' + b" " * 200, "at most 100 bytes"),
            (b"[" * 90, "not understood"),
            (b"\xff", "not understood"),
        ):
            status, told = await post(body, **ours)
            assert status == 400
            assert words in told["error"]["message"]
        assert (await post(b'{"count": 3}', Origin=site.base, Content_Type="text/plain"))[0] == 400


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "?limit=5&tag=a&tag=b",
            "Which(namespace='shop', limit=5, tag=('a', 'b')) None {'namespace': 'shop'}",
        ),
        ("?limit=x", "Expected `int`, got `str` - at `$.limit`"),
        ("?limt=1", "takes no parameter 'limt'; it takes: limit, tag"),
        ("?limit=1&limit=2", "stands more than once"),
        ("?namespace=other", "'namespace' stands more than once"),
        ("?tag=" + "x" * 501, "longer than 500 characters"),
        ("?" + "tag=1&" * 60, "at most 50"),
    ],
)
async def test_parameters_are_what_the_struct_says(
    query: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(
        tmp_path, monkeypatch, route("/pods/{namespace}", parameters=Which), route("/none")
    ) as (_, site):
        answer = await site.get("/api/ext/mine/pods/shop" + query)
        assert words in " ".join(msgspec.json.decode(answer.text).get("error", {}).values()) + answer.text
        assert answer.status == (200 if words.startswith("Which") else 400)
        assert (await site.get("/api/ext/mine/none?x=1")).status == 400


async def hangs(context: RouteContext) -> object:
    """Does not end when it is told to, some hundred times."""
    for _ in range(100):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)
    return Cost("at last")


async def raises(context: RouteContext) -> object:
    raise BaseExceptionGroup("eyJ-secret", [KeyboardInterrupt(), SystemExit(3)])


async def tells(context: RouteContext) -> object:
    raise NotFound("There is no such price.")


async def wrong(context: RouteContext) -> object:
    return 42


async def floods(context: RouteContext) -> object:
    return [Cost("x" * 1_000_000)] * 5


async def unwritable(context: RouteContext) -> object:
    return {"x": object()}


def no_coroutine(context: RouteContext) -> Any:
    return Cost("at once")


async def test_what_one_does_wrong_is_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callboard.base.fence.GIVING_UP", 0.01)
    bad = {
        "hangs": (route("/hangs", hangs, deadline=0.05), 503, "did not answer within 0.05 seconds"),
        "raises": (route("/raises", raises), 503, "failed unexpectedly (BaseExceptionGroup)"),
        "tells": (route("/tells", tells), 404, "There is no such price."),
        "wrong": (route("/wrong", wrong, answer=Cost), 503, "expected Cost, got int"),
        "floods": (route("/floods", floods), 503, "bytes, of at most 4194304"),
        "unwritable": (route("/unwritable", unwritable), 503, "cannot be written as JSON"),
        "no-coroutine": (route("/no-coroutine", no_coroutine), 503, "expected something to await"),
    }
    pages = [
        ExtensionPage(path="/fails", title="Fails", template=TEMPLATE, view=raises, permission=READ),
        ExtensionPage(path="/undrawn", title="Undrawn", template=TEMPLATE, view=wrong, permission=READ),
    ]
    async with serving(
        tmp_path, monkeypatch, route("/well"), *(r for r, _, _ in bad.values()), pages=pages
    ) as (_, site):
        for name, (_, status, words) in bad.items():
            answer = await site.get(f"/api/ext/mine/{name}")
            assert answer.status == status
            assert words in answer.text
            assert "eyJ-secret" not in answer.text
            assert (await site.get("/api/ext/mine/well")).status == 200
        for path in ("/ext/mine/fails", "/ext/mine/undrawn"):
            page = await site.get(path)
            assert page.status == 503
            assert "</nav>" in page.text or "<main" in page.text, "the frame stands"
            assert "ailed unexpectedly" in page.text
        assert (await site.get("/catalog")).status == 200


async def test_one_that_only_fails_is_left_alone_and_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    async def failing(context: RouteContext) -> object:
        calls.append(1)
        raise RuntimeError

    async with serving(tmp_path, monkeypatch, route("/failing", failing)) as (app, site):
        (one,) = app.extensions.mounted
        for _ in range(mounted.IN_A_ROW):
            assert "failed unexpectedly" in (await site.get("/api/ext/mine/failing")).text
        assert len(calls) == mounted.IN_A_ROW
        assert one.paused
        assert "failed 5 times in a row" in (await site.get("/api/ext/mine/failing")).text
        assert len(calls) == mounted.IN_A_ROW
        monkeypatch.setattr(one, "_until", 0.0)
        await site.get("/api/ext/mine/failing")
        assert len(calls) == mounted.IN_A_ROW + 1


async def test_no_more_calls_at_once_than_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, running = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(context: RouteContext) -> object:
        running.release()
        await go.wait()
        return Cost("done")

    async with serving(tmp_path, monkeypatch, route("/slow", slow, concurrent=2), route("/well")) as (
        _,
        site,
    ):
        two = [asyncio.create_task(site.get("/api/ext/mine/slow")) for _ in range(2)]
        for _ in two:
            await running.acquire()
        third = await site.get("/api/ext/mine/slow")
        assert (third.status, "is answering 2 others" in third.text) == (503, True)
        assert (await site.get("/api/ext/mine/well")).status == 200
        go.set()
        assert [(await each).status for each in two] == [200, 200]


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        (
            [route("/a", permission=None)],
            "the route '/a' is left out: it does not say what its caller must be allowed",
        ),
        ([route("/a", permission="may-everything")], "permission: expected Action, got str"),
        ([route("/a", permission=Action.ACTIONS_RUN)], "its permission is none that Callboard knows"),
        ([route("/a"), route("/a")], "another one stands there"),
        ([route("/a/{x}"), route("/a/{y}")], "another one stands there"),
        ([route("no-slash")], "its path is none"),
        ([route("/../escape")], "its path is none"),
        ([route("/a/{x}/{x}")], "stands twice"),
        ([route("/a/{entity_name}")], "called as those of {entity}"),
        ([route("/{entity}", permission=Action.ADMIN_READ)], "is not about an entity"),
        ([route("/a/{x}", parameters=Which)], "no field 'x'"),
        ([route("/a", deadline=1e9)], "its deadline"),
        ([route("/a", concurrent=0)], "the calls at once"),
        ([route("/a", most_body=10**9)], "the bytes of a body"),
        ([route("/a", body=Order)], "a GET has no body"),
        ([route("/a", method="TRACE")], "method: expected 'GET' or"),
        ([route("/a", cast(Any, 42))], "handler: expected something to call"),
        ([42, "x"], "expected ExtensionRoute, got int"),
    ],
)
def test_one_that_cannot_be_served_is_left_out_and_told(routes: list[Any], words: str) -> None:
    plugins = Plugins([asked("mine", Routes(*routes, route("/well")))])
    assert words in " ".join(plugins.problems)
    assert "/well" in [r.path for r in plugins.routes()]
    assert all(r.permission for r in plugins.routes())


def test_the_name_of_an_extension_that_cannot_stand_in_an_address_is_told() -> None:
    plugins = Plugins([asked("a/b", Routes(route("/a")))])
    assert plugins.routes() == ()
    assert "cannot stand in an address" in plugins.problems[0]


def test_every_route_has_a_class() -> None:
    from callboard.api.extension_routes import as_route
    from callboard.host.mounted import Mounted

    def made(method: str) -> RouteClass:
        of = msgspec.structs.replace(route("/a", method=method), extension="mine")
        return as_route(Mounted(of, None, lambda: None)).route_class  # type: ignore[arg-type]

    assert {m: made(m) for m in ("GET", "POST", "DELETE")} == {
        "GET": RouteClass.READ,
        "POST": RouteClass.UNSAFE,
        "DELETE": RouteClass.UNSAFE,
    }
    assert Fence("x").deadline == 10


async def test_the_route_of_the_guide_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / "docs" / "guides" / "contexts-and-routes.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", guide, re.S) if "import" in block)
    module = types.ModuleType("guide")
    exec(compile(code, "guide", "exec"), module.__dict__)
    async with extended({"mine": module}, tmp_path, monkeypatch) as app, site_of(app, everyone=True) as site:
        answer = await site.get("/api/ext/mine/pods/eu/shop", {})
    assert (answer.status, answer.text) == (200, '["web-1"]')
