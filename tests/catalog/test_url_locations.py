"""Reading URLs from a real server: ETags, nested Locations, placeholders, and every way it can go wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callboard.base.clock import FakeClock
from callboard.base.errors import CallboardError, NotAllowed, NotFound, Unavailable
from callboard.base.settings import ReadingAllow
from callboard.catalog import HttpFetch, SearchQuery
from callboard.outbound import Outbound
from support.catalog import ME, dump, entity, get, has, opened, settings, write
from support.http_server import Answer, Asked, Served, served


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with Outbound(environment={}) as way:
        yield way


def fetch_from(
    outbound: Outbound, server: Served, *, deadline: float = 5.0, max_bytes: int = 100_000
) -> HttpFetch:
    allow = [ReadingAllow(host=f"127.0.0.1:{server.port}")]
    return HttpFetch(outbound, allow, deadline=deadline, max_bytes=max_bytes)


def yaml(*entities: dict[str, object]) -> Answer:
    return Answer(body=dump(*entities).encode(), headers={"ETag": '"one"'})


async def test_entities_are_read_with_the_annotations_of_their_place(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    server.answers["/team/blob/main/catalog-info.yaml"] = yaml(entity("Component", "dice"))
    url = server.url("/team/blob/main/catalog-info.yaml")
    async with opened(tmp_path, settings(url), fetch=fetch_from(outbound, server)) as catalog:
        await catalog.refresh()
        dice = await get(catalog, "component:dice")
        assert dice.annotation("backstage.io/managed-by-location") == f"url:{url}"
        assert dice.annotation("backstage.io/view-url") == url
        assert dice.annotation("backstage.io/edit-url") == server.url("/team/edit/main/catalog-info.yaml")
        assert dice.annotation("backstage.io/source-location") == "url:" + server.url("/team/blob/main/")
    (asked,) = server.asked
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"
    assert "authorization" not in asked.headers
    assert "cookie" not in asked.headers


async def test_an_etag_is_sent_back_and_unchanged_is_believed(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("if-none-match") == '"one"':
            return Answer(status=304)
        return yaml(entity("Component", "dice"))

    server.answers["/a.yaml"] = answer
    async with opened(
        tmp_path, settings(server.url("/a.yaml")), fetch=fetch_from(outbound, server)
    ) as catalog:
        await catalog.refresh()
        again = await catalog.refresh(force=True)
        assert (again.read, again.written, again.unchanged) == (0, 0, 2)
    assert [a.headers.get("if-none-match") for a in server.asked] == [None, '"one"']


async def test_a_url_is_asked_again_when_it_is_due_and_not_before(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    server.answers["/a.yaml"] = yaml(entity("Component", "one"))
    clock = FakeClock()
    configured = settings(server.url("/a.yaml"), interval=100.0)
    async with opened(tmp_path, configured, fetch=fetch_from(outbound, server), clock=clock) as catalog:
        await catalog.refresh()
        clock.advance(99)
        await catalog.refresh()
        assert len(server.asked) == 1
        server.answers["/a.yaml"] = yaml(entity("Component", "two"))
        clock.advance(52)
        await catalog.refresh()
        assert len(server.asked) == 2
        assert await has(catalog, "component:two")
        assert not await has(catalog, "component:one")


async def test_nested_locations_are_relative_to_the_url(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    server.answers["/org/all.yaml"] = yaml(entity("Location", "all", targets=["./teams/a.yaml", "/b.yaml"]))
    server.answers["/org/teams/a.yaml"] = yaml(entity("Component", "one"))
    server.answers["/b.yaml"] = yaml(entity("Component", "two"))
    async with opened(
        tmp_path, settings(server.url("/org/all.yaml")), fetch=fetch_from(outbound, server)
    ) as catalog:
        assert (await catalog.refresh()).problems == 0
        assert await has(catalog, "component:one")
        assert await has(catalog, "component:two")


async def test_a_url_may_not_point_to_a_local_file(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    file = write(tmp_path / "secret.yaml", entity("Component", "secret"))
    server.answers["/all.yaml"] = yaml(entity("Location", "all", type="file", target=str(file)))
    async with opened(
        tmp_path, settings(server.url("/all.yaml")), fetch=fetch_from(outbound, server)
    ) as catalog:
        await catalog.refresh()
        assert not await has(catalog, "component:secret")
        assert "may not point to a local file" in (await get(catalog, "location:all")).status[0].message


async def test_a_server_that_fails_costs_no_entity(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    server.answers["/a.yaml"] = yaml(entity("Component", "one"))
    async with opened(
        tmp_path, settings(server.url("/a.yaml")), fetch=fetch_from(outbound, server)
    ) as catalog:
        await catalog.refresh()
        for status in (500, 404):
            server.answers["/a.yaml"] = Answer(status=status, body=b"<html>secret</html>")
            assert (await catalog.refresh(force=True)).removed == 0
            (item,) = (await get(catalog, "component:one")).status
            assert "secret" not in item.message
        server.answers["/a.yaml"] = yaml(entity("Component", "one"))
        await catalog.refresh(force=True)
        assert (await get(catalog, "component:one")).status == ()
        assert await catalog.problems(ME) == ()


async def test_a_definition_is_filled_in_from_allowed_addresses_only(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    server.answers["/api/info.yaml"] = yaml(
        entity("API", "good", definition={"$text": "./openapi.yaml"}),
        entity("API", "foreign", definition={"$text": "http://169.254.169.254/latest/meta-data"}),
        entity("API", "local", definition={"$text": "file:///etc/hostname"}),
    )
    server.answers["/api/openapi.yaml"] = Answer(body=b"openapi: 3.1.0\n")
    async with opened(
        tmp_path, settings(server.url("/api/info.yaml")), fetch=fetch_from(outbound, server)
    ) as catalog:
        await catalog.refresh()
        assert (await get(catalog, "api:good")).spec_text("definition") == "openapi: 3.1.0\n"
        assert not await has(catalog, "api:foreign")
        assert not await has(catalog, "api:local")
        foreign, local = await catalog.problems(ME)
        assert "reading from 169.254.169.254/latest/meta-data is not allowed" in foreign.message
        assert local.expected == "an address"


async def test_several_urls_are_read_side_by_side(outbound: Outbound, server: Served, tmp_path: Path) -> None:
    server.answers["/hangs.yaml"] = Answer(hang=True)
    server.answers["/a.yaml"] = yaml(entity("Component", "one"))
    targets = [server.url("/hangs.yaml"), server.url("/a.yaml")]
    async with opened(
        tmp_path, settings(*targets), fetch=fetch_from(outbound, server, deadline=0.5)
    ) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:one")
        assert [p.message for p in await catalog.problems(ME)] == [
            f"{targets[0]} did not answer within 0.5 s"
        ]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (Answer(status=302, headers={"Location": "/good"}), Unavailable, "url-redirect"),
        (Answer(status=404), NotFound, "no-such-location"),
        (Answer(status=410), NotFound, "no-such-location"),
        (Answer(status=401), Unavailable, "url-refused"),
        (Answer(status=503), Unavailable, "url-refused"),
        (Answer(body=b"x" * 100_001), Unavailable, "url-too-large"),
        (Answer(body=b"x", headers={"Content-Encoding": "gzip"}), Unavailable, "url-broken"),
        (Answer(hang=True), Unavailable, "url-late"),
        (Answer(raw=b""), Unavailable, "url-broken"),
        (Answer(raw=b"SSH-2.0-OpenSSH\r\n\r\n"), Unavailable, "url-broken"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), Unavailable, "url-broken"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), Unavailable, "url-broken"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_001), Unavailable, "url-too-large"),
    ],
)
async def test_whatever_else_comes_is_one_plain_error(
    outbound: Outbound, server: Served, answer: Answer, error: type[CallboardError], code: str
) -> None:
    server.answers["/x"] = answer
    server.answers["/good"] = Answer(body=b"good")
    fetch = fetch_from(outbound, server, deadline=0.5 if answer.hang else 20)
    with pytest.raises(error) as caught:
        await fetch(server.url("/x"))
    assert caught.value.code == code
    assert {a.path for a in server.asked} == {"/x"}
    assert (await fetch(server.url("/good"))).body == b"good"


async def test_bodies_without_length_and_in_chunks_are_read(outbound: Outbound, server: Served) -> None:
    server.answers["/until-close"] = Answer(raw=b"HTTP/1.1 200 OK\r\n\r\nwhole")
    server.answers["/chunks"] = Answer(
        raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n2\r\nle\r\n0\r\n\r\n"
    )
    fetch = fetch_from(outbound, server)
    assert (await fetch(server.url("/until-close"))).body == b"whole"
    assert (await fetch(server.url("/chunks"))).body == b"whole"


async def test_no_server_and_no_such_name_are_plain_errors(outbound: Outbound) -> None:
    allow = [ReadingAllow(host="127.0.0.1:9"), ReadingAllow(host="no-such-host.invalid")]
    fetch = HttpFetch(outbound, allow, deadline=5, max_bytes=1000)
    for url in ("http://127.0.0.1:9/", "http://no-such-host.invalid/"):
        with pytest.raises(Unavailable):
            await fetch(url)


async def test_a_name_that_leads_inside_is_refused_unless_it_is_allowed_by_name(
    outbound: Outbound, server: Served
) -> None:
    server.answers["/x"] = Answer(body=b"inside")
    loop = asyncio.get_running_loop()
    resolved: list[str] = []

    async def resolve(host: str, port: int, **_: object) -> list[object]:
        resolved.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    loop.getaddrinfo = resolve  # type: ignore[method-assign, assignment]
    url = server.url("/x", host="files.example.org")
    by_wildcard = HttpFetch(
        outbound, [ReadingAllow(host=f"*.example.org:{server.port}")], deadline=5, max_bytes=1000
    )
    with pytest.raises(Unavailable) as caught:
        await by_wildcard(url)
    assert caught.value.code == "url-private-address"
    assert server.asked == []
    by_name = HttpFetch(
        outbound, [ReadingAllow(host=f"files.example.org:{server.port}")], deadline=5, max_bytes=1000
    )
    assert (await by_name(url)).body == b"inside"
    assert resolved == ["files.example.org"] * 2  # once each: what was checked is what was connected to


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"])
async def test_link_local_addresses_are_refused_even_by_name(outbound: Outbound, host: str) -> None:
    fetch = HttpFetch(outbound, [ReadingAllow(host=host)], deadline=2, max_bytes=1000)
    with pytest.raises(Unavailable) as caught:
        await fetch(f"http://{host}/latest/meta-data")
    assert caught.value.code == "url-private-address"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=404),
        Answer(status=302),
        Answer(hang=True),
        Answer(body=b"{"),
        yaml(entity("Component", "x", owner=7), entity("Component", "y"), entity("Component", "y")),
        yaml(entity("API", "x", definition={"$text": "https://else.example/?token=canary"})),
        yaml(
            entity("Location", "x", targets=["https://else.example/?token=canary", "ftp://x/?token=canary"])
        ),
    ],
)
async def test_a_token_in_a_query_is_in_no_error(
    outbound: Outbound, server: Served, tmp_path: Path, answer: Answer
) -> None:
    server.answers["/a.yaml"] = answer
    url = server.url("/a.yaml?token=canary")
    async with opened(
        tmp_path, settings(url), fetch=fetch_from(outbound, server, deadline=0.3 if answer.hang else 20)
    ) as catalog:
        await catalog.refresh()
        problems = await catalog.problems(ME)
        assert problems
        assert "canary" not in " ".join(map(str, problems))
        found = (await catalog.search(SearchQuery(), ME)).entities
        assert "canary" not in " ".join(item.message for each in found for item in each.status)
    assert server.asked[0].path == "/a.yaml?token=canary"


async def test_without_a_fetch_port_urls_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path, settings("https://example.org/a.yaml")) as catalog:
        await catalog.refresh()
        assert [p.message for p in await catalog.problems(ME)] == ["URLs are not read here"]


async def test_a_host_that_is_not_allowed_is_never_asked(outbound: Outbound, server: Served) -> None:
    with pytest.raises(NotAllowed):
        await HttpFetch(outbound, [], deadline=5, max_bytes=1000)(server.url("/x"))
    assert server.asked == []
