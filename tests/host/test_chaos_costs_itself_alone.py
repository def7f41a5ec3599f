"""Routes and tabs under chaos, of a service beside and of code in our process: our pages stay whole and in time, whoever asks is
told in words, and the page of extensions says what is wrong."""

import asyncio
import html
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from callboard.base.part_failures import FAILED
from callboard.extend import Action, Entity, ExtensionRoute, RouteContext, Tab, hookimpl
from callboard.host.stalls import StallWatch
from callboard.web import page_fences
from support.beside import Beside, Say, answer, beside
from support.extended import ENTITY, extended, site_of


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The test's own log would draw every value at every place that an error went through."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


CANARY = "canary-in-a-body"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LATE = "did not answer in time"
BROKEN = "did not answer, or not in whole HTTP"


def cases(service: Beside) -> dict[str, tuple[bytes | Say, str]]:
    async def nothing(writer: asyncio.StreamWriter) -> None:
        await service.over.wait()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        while not service.over.is_set():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
            await writer.drain()

    async def early(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b'Content-Length: 1000\r\n\r\n{"a": "' + CANARY.encode())
        await writer.drain()

    async def informational(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            await writer.drain()

    quoted = f'"{CANARY}"'.encode()
    leads = b"Location: http://169.254.169.254/latest/meta-data/\r\n"
    return {
        "nothing": (nothing, LATE),
        "drips": (drip, LATE),
        "endless": (endless, "answered more than it may"),
        "early": (early, BROKEN),
        "informational": (informational, BROKEN),
        "garbage": (b"\x00\x01 no HTTP\r\n\r\n", BROKEN),
        "headers": (HEAD + b"X-A: b\r\n" * 10_000 + b"\r\n{}", BROKEN),
        "packed": (answer(b"\x1f\x8b", more=b"Content-Encoding: gzip\r\n"), BROKEN),
        "large": (HEAD + b"Content-Length: 99999999\r\n\r\n", "answered more than it may"),
        "cut": (
            HEAD + b"Content-Length: 9\r\n\r\n" + quoted,
            "of the extension 'cut'",
        ),  # as bad JSON, or as bad HTTP
        "no-json": (answer(f"<b>{CANARY}</b>"), "what is no JSON, and says so"),
        "markup": (
            answer(f"<b>{CANARY}</b>", kind="text/html"),
            "text/html, where JSON or plain text is expected",
        ),
        "no-type": (answer(quoted, kind=""), "no type at all"),
        "deep": (answer(b"[" * 50_000 + b"]" * 50_000), "nested too deep"),
        "wide": (answer(b"[" + b"[]," * 110_000 + b"1]"), "more than 100000 values"),
        "leads-on": (answer(quoted, status=302, more=leads), "redirects are not followed"),
        "fails": (answer(quoted, status=500), "500, an error of its own"),
        "no-token": (answer(quoted, status=401), "it does not take our token"),
    }


async def test_a_service_beside_that_does_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as service:
        found = cases(service)
        service.says = {f"/{name}/a": say for name, (say, _) in found.items()} | {"/sound/a": answer("1")}
        names = (*found, "sound", "metadata", "closed")
        told = {name: words for name, (_, words) in found.items()}
        told |= {"metadata": "stands at an address that is never asked", "closed": BROKEN}
        target = {"metadata": "http://169.254.169.254", "closed": "http://127.0.0.1:1"}
        services = {
            name: {
                "target": target.get(name, f"{service.address}/{name}"),
                "timeout": 1 if told.get(name) == LATE else 30,
                "routes": [{"path": "/a", "permission": "catalog.entity.read"}],
                "tabs": {
                    f"t-{name}": {"title": f"Tab {name}", "to": "/a", "permission": "catalog.entity.read"}
                },
            }
            for name in names
        }
        async with (
            extended({}, tmp_path, monkeypatch, callboard={"services": services}) as app,
            site_of(app, everyone=True) as site,
        ):

            async def one(name: str) -> None:
                got = await site.get(f"/api/ext/{name}/a", {})
                tab = await site.get(f"{ENTITY}/t-{name}", {})
                assert tab.status == (200 if name == "sound" else 503), name
                assert tab.text.rstrip().endswith("</html>"), name
                assert f"Tab {name}" in tab.text
                assert CANARY not in got.text + tab.text, name
                if name == "sound":
                    assert (got.status, got.text) == (200, "1")
                else:
                    assert got.status == 503, name
                    assert told[name] in got.text, (name, got.text)
                    assert "of the extension" in html.unescape(tab.text), name

            for name in names:  # one after the other: a busy machine is no trouble of theirs
                await one(name)
            page = html.unescape((await site.get("/admin/extensions", {})).text)
            for name in told:
                section = page.partition(f'id="extension-{name}"')[2].partition("</section>")[0]
                assert "<strong>fails</strong>" in section, name
                assert CANARY not in section, name
            assert (
                "<strong>works</strong>"
                in page.partition('id="extension-sound"')[2].partition("</section>")[0]
            )
            # whoever fails again and again is left alone, and the others are asked
            for _ in range(5):
                await site.get("/api/ext/fails/a", {})
            asked = len(service.asked)
            assert "it is asked again in" in (await site.get("/api/ext/fails/a", {})).text
            assert len(service.asked) == asked
            assert (await site.get("/api/ext/sound/a", {})).status == 200


class Wild:
    """What code in our process does wrong, by the name of the route and tab."""

    async def raises(self, context: Any) -> object:
        raise ZeroDivisionError(CANARY)

    async def exits(self, context: Any) -> object:
        raise SystemExit(3)

    async def hangs(self, context: Any) -> object:
        await asyncio.Event().wait()
        return []

    async def holds_on(self, context: Any) -> object:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.sleep(0.2)
        return []

    async def floods(self, context: Any) -> object:
        return ["x" * 1000] * 6000

    async def wrong(self, context: Any) -> object:
        return {"a": object()}

    async def nests(self, context: Any) -> object:
        value: list[object] = []
        for _ in range(5000):
            value = [value]
        return value

    def at_once(self, context: Any) -> object:
        return []

    @property
    def all(self) -> dict[str, Callable[[Any], Any]]:
        names = ("raises", "exits", "hangs", "holds_on", "floods", "wrong", "nests", "at_once")
        return {name: getattr(self, name) for name in names}

    @hookimpl
    def callboard_routes(self) -> Any:
        async def sound(context: RouteContext) -> list[str]:
            return ["sound"]

        return [
            ExtensionRoute(
                path=f"/{name}", handler=work, permission=Action.ENTITY_READ, answer=list[str], deadline=0.3
            )
            for name, work in {**self.all, "sound": sound}.items()
        ]

    @hookimpl
    def callboard_tabs(self) -> Any:
        def always(entity: Entity) -> bool:
            return True

        return [
            Tab(key=name, title=name, template="callboard/tabs/service.html", view=work, applies=always)
            for name, work in self.all.items()
        ]


async def test_code_in_our_process_that_does_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_fences, "TAB", 0.3)
    async with (
        extended({"wild": Wild()}, tmp_path, monkeypatch) as app,
        site_of(app, everyone=True) as site,
    ):

        async def one(name: str) -> None:
            got, tab = await asyncio.gather(
                site.get(f"/api/ext/wild/{name}", {}), site.get(f"{ENTITY}/{name}", {})
            )
            assert got.status == 503, name
            assert CANARY not in got.text
            assert tab.text.rstrip().endswith("</html>"), name
            assert "of the extension" in html.unescape(tab.text), name

        await asyncio.gather(*(one(name) for name in Wild().all))
        assert (await site.get("/api/ext/wild/sound", {})).text == '["sound"]'
        page = html.unescape((await site.get("/admin/extensions", {})).text)
        section = page.partition('id="extension-wild"')[2].partition("</section>")[0]
        assert "<strong>fails</strong>" in section
        kept = {f.part for f in FAILED.of("wild")}
        for name in Wild().all:
            assert any(f"/api/ext/wild/{name} " in part for part in kept), name
            assert any(f"the tab '{name}'" in part for part in kept), name


async def test_code_that_never_gives_way_is_named() -> None:
    now = 0.0
    watch = StallWatch(lambda module: "mine" if module == __name__ else "", clock=lambda: now)
    watch.attach()

    async def blocks() -> None:
        nonlocal now
        now = 3.0
        looking = threading.Thread(target=watch.look)
        looking.start()
        looking.join()  # the loop stands still here, as in time.sleep

    watch.look()
    assert len(watch.kept) == 0
    task = asyncio.create_task(blocks(), name="the route GET /api/ext/mine/a of the extension 'mine'")
    await task
    watch.beat()
    (stall,) = watch.kept
    assert (stall.extension, stall.seconds) == ("mine", 3.0)
    assert stall.doing == "the route GET /api/ext/mine/a of the extension 'mine'"
    assert Path(stall.place.partition(":")[0]).name == Path(__file__).name
    assert stall.place.endswith("blocks")
    assert watch.totals == {"mine": (1, 3.0)}
    watch.beat()
    assert len(watch.kept) == 1
