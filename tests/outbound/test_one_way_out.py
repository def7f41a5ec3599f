"""One request after the other: connections are kept, redirects followed where allowed, proxies used, and the end is clean."""

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from callboard.base.errors import NotAllowed, Unavailable
from callboard.outbound import Bounds, Network, Outbound, WebAddress
from support.http_server import Answer, Served, served
from support.raw_server import raw_server


def ours(_: WebAddress) -> Network:
    return Network.OURS


def public(_: WebAddress) -> Network:
    return Network.PUBLIC


class Names(AbstractResolver):
    """A resolver that a name's owner controls: each question gets the next answer, and then the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=6,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running


async def test_an_answer_of_any_status_is_a_value(server: Served) -> None:
    server.answers["/x"] = Answer(status=503, body=b"later", headers={"Retry-After": "3"})
    async with Outbound(environment={}) as way:
        answer = await way.get(server.url("/x?a=b"), ours)
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"later", "3")
    assert server.asked[0].path == "/x?a=b"


async def test_a_form_and_json_are_posted() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        bodies.append(head + await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with Outbound(environment={}) as way:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/token"
        await way.post_form(url, ours, {"code": "a&b", "x": "é"}, headers={"Authorization": "Basic abc"})
        await way.post_json(url, ours, {"a": [1]})
        listener.close()
        await listener.wait_closed()
    form, document = bodies
    assert form.endswith(b"\r\n\r\ncode=a%26b&x=%C3%A9")
    assert b"content-type: application/x-www-form-urlencoded" in form.lower()
    assert b"Authorization: Basic abc" in form
    assert json.loads(document.partition(b"\r\n\r\n")[2]) == {"a": [1]}
    assert b"content-type: application/json" in document.lower()


async def test_connections_are_kept_for_the_next_request() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx") as server:
        async with Outbound(environment={}) as way:
            for _ in range(5):
                await way.get(server.url(), ours)
        assert (server.connections, len(server.heads)) == (1, 5)
        async with asyncio.timeout(20):
            await server.left.wait()  # closed at the end


async def test_after_the_end_nothing_is_asked(server: Served) -> None:
    way = Outbound(environment={})
    async with way:
        pass
    with pytest.raises(Unavailable):
        await way.get(server.url("/"), ours)
    assert server.asked == []


# ---------------------------------------------------------------- where a name leads


async def test_a_name_that_leads_inside_is_not_followed_there(server: Served) -> None:
    names = Names(["127.0.0.1"])
    async with Outbound(environment={}, resolver=names) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get(server.url("/x", host="files.example.org"), public)
    assert caught.value.code == "url-private-address"
    assert server.asked == []


async def test_what_a_second_answer_of_a_name_says_is_checked_as_well(server: Served) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"], ["::ffff:169.254.169.254"], ["64:ff9b::a9fe:a9fe"])
    server.answers["/x"] = Answer(body=b"x", headers={"Connection": "close"})
    async with Outbound(environment={}, resolver=names) as way:
        url = server.url("/x", host="files.example.org")
        assert (await way.get(url, ours)).body == b"x"
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await way.get(url, ours)
            assert caught.value.code == "url-private-address"
    assert len(names.asked) == 4


async def test_of_several_addresses_only_those_allowed_are_tried(server: Served) -> None:
    server.answers["/x"] = Answer(body=b"x")
    async with Outbound(environment={}, resolver=Names(["169.254.169.254", "127.0.0.1"])) as way:
        assert (await way.get(server.url("/x", host="files.example.org"), ours)).body == b"x"


async def test_a_name_of_several_addresses_inside_is_told_as_one(server: Served) -> None:
    async with Outbound(environment={}, resolver=Names(["10.0.0.1", "192.168.0.1", "fd12::1"])) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get("http://files.example.org/", public)
    assert caught.value.code == "url-private-address"


async def test_a_connection_kept_for_a_host_of_ours_serves_nobody_else(server: Served) -> None:
    server.answers["/x"] = Answer(body=b"x")
    async with Outbound(environment={}, resolver=Names(["127.0.0.1"])) as way:
        url = server.url("/x", host="files.example.org")
        await way.get(url, ours)
        with pytest.raises(Unavailable):
            await way.get(url, public)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "[::]"]
)
async def test_a_number_is_checked_however_it_is_written(server: Served, host: str) -> None:
    async with Outbound(environment={}) as way:
        with pytest.raises((Unavailable, NotAllowed)) as caught:
            await way.get(f"http://{host}:{server.port}/", public)
    assert caught.value.code in ("url-private-address", "url-not-allowed")
    assert server.asked == []


# ---------------------------------------------------------------- redirects


async def test_a_redirect_is_not_followed_unless_asked_for(server: Served) -> None:
    server.answers["/x"] = Answer(status=302, headers={"Location": "/y"})
    async with Outbound(environment={}) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get(server.url("/x"), ours)
    assert caught.value.code == "url-redirect"
    assert [a.path for a in server.asked] == ["/x"]


async def test_redirects_are_followed_so_often_and_each_hop_is_checked() -> None:
    with served() as here, served() as there:
        checked: list[str] = []

        def check(address: WebAddress) -> Network:
            checked.append(address.text)
            if address.path == "/forbidden":
                raise NotAllowed("not there", code="url-not-allowed")
            return Network.OURS

        here.answers["/a"] = Answer(status=301, headers={"Location": there.url("/b")})
        there.answers["/b"] = Answer(status=307, headers={"Location": "c"})
        there.answers["/c"] = Answer(body=b"c")
        here.answers["/f"] = Answer(status=302, headers={"Location": "/x/../forbidden"})
        here.answers["/ring"] = Answer(status=302, headers={"Location": "/ring"})
        sent = {"Authorization": "Bearer canary", "Accept": "text/yaml", "X-Own": "canary"}
        async with Outbound(environment={}) as way:
            answer = await way.get(here.url("/a"), check, headers=sent, redirects=2)
            assert (answer.body, answer.address.text) == (b"c", there.url("/c"))
            assert checked == [here.url("/a"), there.url("/b"), there.url("/c")]
            assert here.asked[0].headers["authorization"] == "Bearer canary"
            assert all("canary" not in str(a.headers) for a in there.asked)
            assert there.asked[0].headers["accept"] == "text/yaml"
            with pytest.raises(NotAllowed):
                await way.get(here.url("/f"), check, redirects=5)
            with pytest.raises(Unavailable):
                await way.get(here.url("/ring"), check, redirects=5)
        assert [a.path for a in here.asked if a.path != "/ring"] == ["/a", "/f"]
        assert len([a for a in here.asked if a.path == "/ring"]) == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/latest",
        "http://metadata.google.internal./x",
        "file:///etc/passwd",
        "gopher://127.0.0.1/x",
        "http://user:pass@127.0.0.1/",
        "//169.254.169.254/x",
        "\\\\169.254.169.254\\x",
        "http://",
        "http://[",
        "/" + "x" * 9000,
        "",
    ],
)
async def test_a_redirect_leads_nowhere_it_may_not(server: Served, location: str) -> None:
    server.answers["/x"] = Answer(status=302, headers={"Location": location})
    async with Outbound(environment={}, resolver=Names(["169.254.169.254"])) as way:
        with pytest.raises((Unavailable, NotAllowed)):
            await way.get(server.url("/x"), ours, redirects=3, bounds=Bounds(connect=1, head=1, whole=2))
    assert {a.path for a in server.asked} == {"/x"}


# ---------------------------------------------------------------- proxies


async def test_a_proxy_of_the_environment_or_the_operator_is_used(server: Served) -> None:
    server.answers["http://example.org/x"] = Answer(body=b"by proxy")
    proxy = f"http://me:secret@127.0.0.1:{server.port}"
    for way in (
        Outbound(environment={"HTTP_PROXY": proxy}),
        Outbound(proxy=proxy, environment={"HTTP_PROXY": "http://127.0.0.1:9"}),
    ):
        async with way:
            assert (await way.get("http://example.org/x", public)).body == b"by proxy"
    assert [a.headers["proxy-authorization"][:6] for a in server.asked] == ["Basic "] * 2
    assert "authorization" not in server.asked[0].headers


async def test_an_empty_proxy_is_none(server: Served) -> None:
    server.answers["/x"] = Answer(body=b"direct")
    async with Outbound(
        proxy="", environment={"HTTP_PROXY": "http://127.0.0.1:9"}, resolver=Names(["127.0.0.1"])
    ) as way:
        assert (await way.get(server.url("/x", host="files.example.org"), ours)).body == b"direct"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/x",
        "http://10.0.0.1/x",
        "http://[fd00:ec2::254]/x",
        "http://metadata.google.internal/x",
        "http://localhost/x",
    ],
)
async def test_a_proxy_is_not_sent_inside(server: Served, url: str) -> None:
    async with Outbound(proxy=f"http://127.0.0.1:{server.port}", environment={}) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get(url, public)
    assert caught.value.code == "url-private-address"
    assert server.asked == []


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:port", "http://", "nothing"]
)
async def test_a_proxy_that_will_not_do_is_told_without_its_password(proxy: str) -> None:
    proxy = proxy.replace("//127", "//me:secret@127")
    async with Outbound(proxy=proxy, environment={}) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get("http://example.org/x", public, bounds=Bounds(connect=1, head=1, whole=2))
    assert "secret" not in caught.value.message


# ---------------------------------------------------------------- deadlines


async def test_a_caller_that_leaves_ends_its_request() -> None:
    async def silent(_: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    asked = asyncio.Event()
    async with raw_server(silent) as server, Outbound(environment={}) as way:
        task = asyncio.ensure_future(way.get(server.url(), ours))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
