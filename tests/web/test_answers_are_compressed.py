"""Answers are compressed as the browser asks for; the stream never is."""

import gzip
from collections import Counter
from collections.abc import Mapping

import aiohttp
import pytest
import zstandard

from callboard.http.compression import encoding_for
from callboard.web.rendering import Renderer
from support.live import body
from support.live_portal import NAMES, LivePortal
from support.web_scenes import StubPortal, awaited, healthy, kubernetes, troubled
from support.web_server import serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("gzip;q=0", ""),
        ("zstd;q=0.2, gzip;q=0.9", "gzip"),
        ("identity", ""),
        ("gzip;q=x, \x00", ""),
        ("*", ""),
    ],
)
def test_the_browser_chooses(accept: str, encoding: str) -> None:
    assert encoding_for(accept) == encoding


async def fetched(base: str, path: str, accept: str) -> tuple[bytes, Mapping[str, str]]:
    """The bytes as they are on the wire."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(base + path, headers={"Accept-Encoding": accept}) as answer,
    ):
        return await answer.read(), answer.headers.copy()


@pytest.mark.parametrize("path", ["/catalog", PAGE, "/nowhere"])
async def test_a_page_is_the_same_however_it_travels(path: str) -> None:
    async with serving(StubPortal()) as base:
        plain, headers = await fetched(base, path, "identity")
        zipped, with_gzip = await fetched(base, path, "gzip")
        small, with_zstd = await fetched(base, path, "gzip, zstd")
    assert "content-encoding" not in headers
    assert (with_gzip["content-encoding"], with_zstd["content-encoding"]) == ("gzip", "zstd")
    assert {h["vary"] for h in (headers, with_gzip, with_zstd)} == {"Accept-Encoding"}
    number = plain.partition(b"Callboard: <code>")[2][:16]  # an error page tells it
    for again in (gzip.decompress(zipped), zstandard.ZstdDecompressor().decompress(small)):
        other = again.partition(b"Callboard: <code>")[2][:16]
        assert again.replace(other, number) == plain
    assert len(small) < len(plain) / 2
    assert "content-security-policy" in with_zstd


async def test_a_live_page_is_written_once_until_it_changes_and_packed_well_from_the_second_time_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: Counter[str] = Counter()
    page, compress = Renderer.shared_page, gzip.compress

    def counted(self: Renderer, template: str, **context: object) -> str:
        written[template] += 1
        return page(self, template, **context)

    def packed(data: bytes, compresslevel: int = 9, *, mtime: float | None = None) -> bytes:
        written[f"packed {compresslevel}"] += 1
        return compress(data, compresslevel, mtime=mtime)

    monkeypatch.setattr(Renderer, "shared_page", counted)
    monkeypatch.setattr("callboard.http.compression.gzip.compress", packed)
    portal = LivePortal()
    async with serving(portal) as base:
        answers = [(await fetched(base, PAGE, "gzip"))[0] for _ in range(5)]
        assert written == {"entity.html": 1, "packed 2": 1, "packed 6": 1}
        assert set(answers[1:]) == {answers[1]}
        assert len(answers[1]) < len(answers[0])
        plain, _ = await fetched(base, PAGE, "identity")
        assert gzip.decompress(answers[0]) == gzip.decompress(answers[1]) == plain
        small, _ = await fetched(base, PAGE, "zstd")
        assert zstandard.ZstdDecompressor().decompress(small) == plain
        assert written == {"entity.html": 1, "packed 2": 1, "packed 6": 1}
        await portal.change(troubled("eu-03"))
        changed, _ = await fetched(base, PAGE, "gzip")
        assert b"keeps crashing" in gzip.decompress(changed)
        assert written == {"entity.html": 2, "packed 2": 2, "packed 6": 1}


async def test_what_a_page_mostly_consists_of_passes_through_no_template_of_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shells: list[str] = []
    page = Renderer.shared_page

    def seen(self: Renderer, template: str, **context: object) -> str:
        shells.append(page(self, template, **context))
        return shells[-1]

    monkeypatch.setattr(Renderer, "shared_page", seen)
    async with serving(LivePortal()) as base:
        whole, _ = await fetched(base, PAGE, "identity")
    (shell,) = shells
    for name in NAMES:
        card = f'<section class="cluster" id="cluster-{name}"'.encode()
        assert whole.count(card) == 1
        assert card.decode() not in shell
    assert b"<!--list" not in whole


async def test_what_is_small_is_left_as_it_is() -> None:
    async with serving(StubPortal()) as base:
        body, headers = await fetched(base, "/livez", "gzip, zstd")
    assert body == b"ok\n"
    assert "content-encoding" not in headers


async def test_static_files_come_compressed_and_are_kept() -> None:
    async with serving(StubPortal()) as base:
        page, _ = await fetched(base, "/catalog", "identity")
        url = page.partition(b'<link rel="stylesheet" href="')[2].partition(b'"')[0].decode()
        plain, _ = await fetched(base, url, "identity")
        small, headers = await fetched(base, url, "zstd")
        again, _ = await fetched(base, url, "zstd")
    assert zstandard.ZstdDecompressor().decompress(small) == plain
    assert small == again
    assert "immutable" in headers["cache-control"]
    assert headers["vary"] == "Accept-Encoding"


async def test_a_stream_is_never_compressed_so_that_nothing_waits() -> None:
    portal = StubPortal((kubernetes(awaited("a")), kubernetes(healthy("a"))))
    portal.held = True
    async with (
        serving(portal) as base,
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.post(
            base + "/live",
            json=body({"1": "tab/kubernetes/default/component/dice-roller"}),
            headers={"Accept-Encoding": "gzip, zstd"},
        ) as answer,
    ):
        assert "content-encoding" not in answer.headers
        assert await answer.content.readuntil(b"\n\n") == b"event: hello\ndata: {}\n\n"
        assert b"0 of 1 cluster" in await answer.content.readuntil(b"\n\n")
