"""What goes out for a question and for a review, byte by byte, over one connection; and what never goes out."""

import asyncio

import msgspec
import pytest

from callboard import __version__
from callboard.kube.connection.connection import Connections
from callboard.kube.connection.request import head_of
from callboard.kube.failure import AnswerRefused
from callboard.model.cluster import Cluster
from support.kube_client import PATIENT, TOKEN, bearer, raw_server


async def test_line_fields_and_body_below_the_servers_own_path() -> None:
    requests: list[bytes] = []
    connected = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(2) if head.startswith(b"POST") else b""
            requests.append(head + body)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    async with raw_server(answer) as url, Connections(lambda name: PATIENT, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=f"{url}/k8s/clusters/c-1/"), bearer(TOKEN))
        query = (("labelSelector", "a=b c"), ("limit", "5"))
        assert (await connection.read("GET", "/api/v1/pods", query)).body == b"[]"
        assert (await connection.read("POST", "/apis/reviews", body=b"{}")).body == b"[]"
    host = url.removeprefix("http://").encode()
    fields = (
        b"Host: " + host + b"\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: callboard/"
        + __version__.encode() + b"\r\n"
    )  # fmt: skip
    known = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
    assert requests == [
        b"GET /k8s/clusters/c-1/api/v1/pods?labelSelector=a%3Db%20c&limit=5 HTTP/1.1\r\n"
        + fields + known + b"\r\n",
        b"POST /k8s/clusters/c-1/apis/reviews HTTP/1.1\r\n"
        + fields + b"Content-Type: application/json\r\n" + known + b"Content-Length: 2\r\n\r\n{}",
    ]  # fmt: skip
    assert connected == 1


async def test_who_does_not_begin_to_answer_is_given_up_long_before_the_whole() -> None:
    limits = msgspec.structs.replace(PATIENT, first_byte=0.2, whole=60.0)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(silent) as url, Connections(lambda name: limits, environment={}) as connections:
        with pytest.raises(AnswerRefused) as refused:
            await connections.to(Cluster(name="c", url=url), bearer(TOKEN)).read("GET", "/api")
    assert refused.value.failure.message == "no answer within 0.2 s"


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\0b"])
def test_a_field_ends_where_it_ends(value: str) -> None:
    with pytest.raises(AnswerRefused):
        head_of("here", {"X": value})
    with pytest.raises(AnswerRefused):
        head_of(value, {})
