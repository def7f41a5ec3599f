"""The way through a proxy, and when there is to be none."""

import asyncio
from urllib.parse import urlsplit

import pytest

from callboard.base.proxies import environment_proxy
from callboard.kube.connection.connection import Connections
from callboard.kube.reads.lists import outcome_of
from callboard.model.cluster import Cluster, Trust
from callboard.model.outcome import Answer, FailureCode
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.serving.certificates import server_context
from support.kube_client import LIMITS, QUESTION, ask, bearer, raw_server

PODS = KNOWN_TYPES[0]


async def test_a_proxy_leads_there_and_one_that_refuses_is_told(stand_in: StandIn) -> None:
    asked: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        if len(asked) > 1:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = head.split()[1].decode().rpartition(":")
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
            target.close()

        await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))

    async with raw_server(tunnel) as proxy:
        with_user = proxy.replace("//", "//us%20er:pw@")
        cluster = Cluster(
            name="c", url=stand_in.url, trust=Trust(ca_pem=stand_in.ca_pem, proxy_url=with_user)
        )
        async with Connections(lambda name: LIMITS, environment={}) as connections:
            outcome = await outcome_of(connections.to(cluster, bearer(stand_in.identities.admin)), QUESTION)
        assert outcome.answer is Answer.OBJECTS, outcome.failure
        assert b"Proxy-Authorization: Basic" in asked[0]
        failure = await ask(cluster)
        assert (failure.code, failure.message) == (
            FailureCode.CONNECTION,
            "the proxy refused the way through (407)",
        )
    other = Cluster(name="c", url=stand_in.url, trust=Trust(proxy_url="ftp://127.0.0.1:1"))
    assert "not supported" in (await ask(other)).message


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (None, "the proxy cannot be reached: refused"),
        ([b"\x05\xff"], "the proxy refused the way through"),
        ([b"\x05\x00", b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"], "the proxy refused the way through"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "the proxy refused the way through"),
        ([b""], "the proxy refused the way through"),
        ([b"\x05\x00", b"\x05\x00\x00\x03\xff" + b"a" * 9], "no connection"),
    ],
)
async def test_a_socks_proxy_that_does_not_help_is_told(answers: list[bytes] | None, words: str) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers or ():
            await reader.read(1024)
            writer.write(answer)
        if answers and answers[-1]:
            await reader.read()  # silent from here on

    async with raw_server(proxy) as address:
        way = address.replace("http", "socks5") if answers is not None else "socks5://127.0.0.1:1"
        cluster = Cluster(name="c", url="https://api.example.invalid", trust=Trust(proxy_url=way))
        failure = await ask(cluster)
    assert failure.code in (FailureCode.CONNECTION, FailureCode.CONNECT_TIMEOUT)
    assert words in failure.message


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_of_the_environment_leads_there_and_looks_the_name_up(
    stand_in: StandIn, scheme: str
) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x00")
        await reader.readexactly(4)
        asked.append(await reader.readexactly((await reader.readexactly(1))[0]))
        await reader.readexactly(2)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", urlsplit(stand_in.url).port)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
            target.close()

        await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))

    trust = Trust(ca_pem=stand_in.ca_pem, server_name="localhost")
    cluster = Cluster(name="c", url="https://api.example.invalid:6443", trust=trust)
    async with raw_server(proxy) as address:
        environment = {"HTTPS_PROXY": address.replace("http", scheme), "NO_PROXY": "localhost"}
        async with Connections(lambda name: LIMITS, environment=environment) as connections:
            outcome = await outcome_of(connections.to(cluster, bearer(stand_in.identities.admin)), QUESTION)
    assert outcome.answer is Answer.OBJECTS, outcome.failure
    assert asked == [b"api.example.invalid"]


@pytest.mark.parametrize("scheme", ["HTTPS", "Https"])
async def test_the_scheme_of_an_address_may_stand_in_capitals(stand_in: StandIn, scheme: str) -> None:
    url = stand_in.url.replace("https", scheme)
    cluster = Cluster(name="c", url=url, trust=Trust(ca_pem=stand_in.ca_pem))
    async with Connections(lambda name: LIMITS, environment={}) as connections:
        outcome = await outcome_of(connections.to(cluster, bearer(stand_in.identities.admin)), QUESTION)
    assert outcome.answer is Answer.OBJECTS, outcome.failure


async def test_a_proxy_may_itself_be_spoken_to_over_tls(stand_in: StandIn) -> None:
    asked: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b"\r\n")[0])
        up_reader, up_writer = await asyncio.open_connection(
            "127.0.0.1", int(stand_in.url.rpartition(":")[2])
        )
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
            target.close()

        try:
            await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))
        except ConnectionError:
            up_writer.close()

    pair = stand_in.authority.server()
    server = await asyncio.start_server(tunnel, "127.0.0.1", 0, ssl=server_context(pair, stand_in.ca_pem))
    async with server:
        proxy = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        trust = Trust(ca_pem=stand_in.ca_pem, proxy_url=proxy)
        async with Connections(lambda name: LIMITS, environment={}) as connections:
            cluster = Cluster(name="c", url=stand_in.url, trust=trust)
            outcome = await outcome_of(connections.to(cluster, bearer(stand_in.identities.admin)), QUESTION)
    assert outcome.answer is Answer.OBJECTS, outcome.failure
    assert asked == [b"CONNECT " + stand_in.url.removeprefix("https://").encode() + b" HTTP/1.1"]


@pytest.mark.parametrize(
    ("url", "no_proxy", "wanted"),
    [
        ("https://api.example.com:6443", "", "http://proxy:3128"),
        ("https://api.example.com", "example.com", ""),
        ("https://api.example.com", ".example.com", ""),
        ("https://example.com", ".example.com", "http://proxy:3128"),
        ("https://notexample.com", "example.com", "http://proxy:3128"),
        ("https://api.example.com:6443", "example.com:6443", ""),
        ("https://api.example.com:443", "example.com:6443", "http://proxy:3128"),
        ("https://10.1.2.3:6443", "10.0.0.0/8", ""),
        ("https://11.1.2.3:6443", "10.0.0.0/8, 11.1.2.3", ""),
        ("https://[fd00::1]:6443", "fd00::/8", ""),
        ("https://api.example.com", "*", ""),
        ("https://localhost:6443", "", ""),
        ("https://127.0.0.1:6443", "", ""),
        ("http://api.example.com", "", ""),
        ("https://api.example.com", "api.example.com:²", "http://proxy:3128"),
        ("https://api.example.com", f"api.example.com:{'4' * 6_000}", "http://proxy:3128"),
        ("https://api.example.com", "[::1]:x, :, ::, /, 1/2/3, [", "http://proxy:3128"),
    ],
)
def test_the_environments_proxy_is_read_as_go_reads_it(url: str, no_proxy: str, wanted: str) -> None:
    assert environment_proxy(url, {"HTTPS_PROXY": "proxy:3128", "NO_PROXY": no_proxy}) == wanted
