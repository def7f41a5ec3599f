"""Sockets: few and kept, retried only where that is safe, none left behind."""

import asyncio
import time

import msgspec
import pytest

from callboard import __version__
from callboard.kube.connection import pool
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.failure import AnswerRefused
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.kube.reads.lists import outcome_of
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer, FailureCode, Question
from callboard.model.resource import DECISIVE, DEFAULT_OBJECT_TYPES, KNOWN_TYPES, ResourceType
from callboard.model.selection import Selection
from callboard.model.selector import LabelSelector
from callboard.simulator.cluster import SimulatedCluster as StandIn
from support.kube_client import LIMITS, QUESTION, TOKEN, ask, bearer, cluster_of, nothing_left, raw_server

PODS = KNOWN_TYPES[0]


# ------------------------------------------------------------------ no connection, no answer


async def test_a_refused_connection() -> None:
    async with raw_server(lambda r, w: asyncio.sleep(0)) as url:
        pass
    failure = await ask(Cluster(name="c", url=url))
    assert (failure.code, failure.message) == (FailureCode.CONNECTION, "no connection: refused")


async def test_a_name_nobody_knows() -> None:
    failure = await ask(Cluster(name="c", url="https://nowhere.invalid:6443"))
    assert (failure.code, "resolved" in failure.message) == (FailureCode.CONNECTION, True)


async def test_a_connection_that_does_not_come_about_is_late() -> None:
    """A listener whose queue is full swallows the SYN; a TLS server that says nothing is as bad."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with raw_server(silent) as url:
        began = time.monotonic()
        failure = await ask(Cluster(name="c", url=url.replace("http:", "https:")))
        assert failure.code is FailureCode.CONNECT_TIMEOUT
        assert time.monotonic() - began < LIMITS.whole + 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", FailureCode.NOT_JSON),
        (b"HTTP/1.1 404 No\r\nContent-Length: 24\r\n\r\n<h1>nginx: not here</h1>", FailureCode.NOT_JSON),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n", FailureCode.NOT_SERVED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", FailureCode.NOT_JSON),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", FailureCode.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", FailureCode.WRONG_SHAPE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n{", FailureCode.TOO_LARGE),
        (
            b"HTTP/1.1 500 No\r\nContent-Length: 26\r\n\r\npanic: canary-token-012345",
            FailureCode.SERVER_ERROR,
        ),
    ],
)
async def test_answers_that_are_none(answer: bytes, code: FailureCode) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with raw_server(say) as url:
        failure = await ask(Cluster(name="c", url=url))
    assert failure.code is code, failure
    assert "nginx" not in failure.message
    assert "canary" not in failure.message


async def test_a_servers_words_are_bounded_and_clean() -> None:
    words = "x\x1b[31m\u202e Bearer abcdefghijklmnop https://user:pw@host/path " + "y" * 5000
    body = msgspec.json.encode({"kind": "Status", "message": words, "reason": "Forbidden", "code": 403})

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 F\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with raw_server(say) as url:
        failure = await ask(Cluster(name="c", url=url))
    assert failure.code is FailureCode.FORBIDDEN
    assert len(failure.message) <= 1024
    for unfit in ("\x1b", "\u202e", "abcdefgh", "user:pw", "host/path"):
        assert unfit not in failure.message


async def test_a_small_gzip_that_grows_is_too_large() -> None:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = packer.compress(b" " * (8 * 1024 * 1024)) + packer.flush()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )

    limits = msgspec.structs.replace(LIMITS, max_body=1024 * 1024)
    async with raw_server(say) as url, Connections(lambda name: limits, environment={}) as connections:
        outcome = await outcome_of(connections.to(Cluster(name="c", url=url), bearer(TOKEN)), QUESTION)
    assert outcome.failure is not None
    assert outcome.failure.code is FailureCode.TOO_LARGE


# ------------------------------------------------------------------ retries


async def test_a_reset_before_any_answer_is_tried_once_more(
    connection: Connection, stand_in: StandIn
) -> None:
    stand_in.chaos.on("reset", "*/pods*", times=1)
    assert (await outcome_of(connection, QUESTION)).answer is Answer.OBJECTS


async def test_a_post_is_never_sent_twice() -> None:
    seen = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await reader.readuntil(b"\r\n\r\n")
        seen += 1

    async with raw_server(hang_up) as url, Connections(lambda name: LIMITS, environment={}) as connections:
        with pytest.raises(AnswerRefused):
            await connections.to(Cluster(name="c", url=url), bearer(TOKEN)).read("POST", "/apis", body=b"{}")
    assert seen == 1


async def test_retry_after_is_waited_for_within_the_deadline(
    connection: Connection, stand_in: StandIn
) -> None:
    stand_in.chaos.on("too-many-requests", "*/pods*", retry_after=1, times=1)
    began = time.monotonic()
    assert (await outcome_of(connection, QUESTION)).answer is Answer.OBJECTS
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("mode", ["unauthorized", "forbidden", "not-found", "server-error"])
async def test_refusals_are_not_asked_again(mode: str, connection: Connection, stand_in: StandIn) -> None:
    rule = stand_in.chaos.on(mode, "*/pods*", retry_after=0, times=10)
    await outcome_of(connection, QUESTION)
    assert rule.times == 9


# ------------------------------------------------------------------ sharing


async def test_all_types_at_once_take_no_more_connections_than_allowed(
    connections: Connections, stand_in: StandIn
) -> None:
    most = 0
    stand_in.chaos.on("latency", seconds=0.02)
    selection = Selection(types=DEFAULT_OBJECT_TYPES, selector=LabelSelector())
    outcomes = []
    async for outcome in DirectFetcher(connections).fetch(
        cluster_of(stand_in), bearer(stand_in.identities.admin), selection
    ):
        outcomes.append(outcome)
        most = max(most, stand_in.open_connections)
    assert {o.question for o in outcomes} == set(selection.questions())
    assert all(o.answer.known for o in outcomes)
    assert 1 < most <= LIMITS.connections


async def test_what_a_verdict_is_made_of_is_asked_first(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, connections=1)
    async with Connections(lambda name: limits, environment={}) as connections:
        fetch = DirectFetcher(connections).fetch(
            cluster_of(stand_in),
            bearer(stand_in.identities.admin),
            Selection(types=DEFAULT_OBJECT_TYPES, selector=LabelSelector()),
        )
        came = [outcome.question.type async for outcome in fetch]
    decisive = [t for t in DEFAULT_OBJECT_TYPES if t.key in DECISIVE]
    assert came == [*decisive, *(t for t in DEFAULT_OBJECT_TYPES if t not in decisive)]
    assert came != list(DEFAULT_OBJECT_TYPES)


async def test_a_renewed_token_goes_on_using_the_connection(
    connections: Connections, stand_in: StandIn
) -> None:
    cluster = cluster_of(stand_in)
    for token in (stand_in.identities.admin, stand_in.identities.viewer):
        await outcome_of(connections.to(cluster, bearer(token, "same holder")), QUESTION)
        assert stand_in.open_connections == 1
    await outcome_of(connections.to(cluster, bearer(stand_in.identities.nobody, "another")), QUESTION)
    assert stand_in.open_connections == 2


async def test_the_connections_of_an_identity_nobody_asks_as_any_more_are_closed(
    connections: Connections, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = cluster_of(stand_in)
    following = connections.to(cluster, bearer(stand_in.identities.admin, "still there"))
    for identity in ("gone", "gone, too"):
        await outcome_of(connections.to(cluster, bearer(stand_in.identities.viewer, identity)), QUESTION)
    async with following.open("GET", "/api/v1/pods", [("watch", "true")], stream=True) as stream:
        assert stand_in.open_connections == 3
        monkeypatch.setattr(pool, "IDLE_POOL", 0.0)
        await outcome_of(connections.to(cluster, bearer(stand_in.identities.namespaced, "new")), QUESTION)
        async with asyncio.timeout(5):
            while stand_in.open_connections > 2:  # noqa: ASYNC110 - the server's own counter
                await asyncio.sleep(0.01)
        assert await stream.piece()


async def test_giving_up_on_a_fetch_cancels_what_is_asked(stand_in: StandIn) -> None:
    stand_in.chaos.on("hang", "*/deployments*")
    async with Connections(lambda name: LIMITS, environment={}) as connections:
        selection = Selection(types=DEFAULT_OBJECT_TYPES, selector=LabelSelector())
        fetch = DirectFetcher(connections).fetch(
            cluster_of(stand_in), bearer(stand_in.identities.admin), selection
        )
        async for _ in fetch:
            break
        await fetch.aclose()
        assert not [t for t in asyncio.all_tasks() if "DirectFetcher" in repr(t)]
    await nothing_left(stand_in)


async def test_types_of_unknown_kind_are_looked_up_and_absent_ones_told(
    connections: Connections, stand_in: StandIn
) -> None:
    fetcher = DirectFetcher(connections)
    questions = [
        Question(type=ResourceType("", "v1", "nodes"), namespace="games"),
        Question(type=ResourceType("example.invalid", "v1", "things")),
        Question(type=ResourceType("apps", "v1", "unheardof")),
        Question(type=ResourceType("apps", "v1", "deployments"), namespace="games"),
        Question(type=PODS, namespace="games", name="no-such-pod"),
    ]
    found = {
        o.question.type.plural: o.answer
        async for o in fetcher.ask(cluster_of(stand_in), bearer(stand_in.identities.admin), questions)
    }
    assert found == {
        "nodes": Answer.NOT_ASKED,
        "things": Answer.ABSENT,
        "unheardof": Answer.ABSENT,
        "deployments": Answer.OBJECTS,
        "pods": Answer.EMPTY,
    }
    assert fetcher.clock_offset(cluster_of(stand_in)) is not None


# ------------------------------------------------------------------ pages


async def test_pages_are_put_together(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, page_size=2)
    async with Connections(lambda name: limits, environment={}) as connections:
        admin = bearer(stand_in.identities.admin)
        paged = await outcome_of(connections.to(cluster_of(stand_in), admin), QUESTION)
    assert len(paged.objects) > 2
    assert len({o.meta.uid for o in paged.objects}) == len(paged.objects)
    assert not paged.truncated


async def test_a_cap_on_objects_is_told(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, page_size=2, max_objects=2)
    async with Connections(lambda name: limits, environment={}) as connections:
        outcome = await outcome_of(
            connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin)), QUESTION
        )
    assert (len(outcome.objects), outcome.truncated) == (2, True)
    assert outcome.remaining


async def test_an_expired_page_starts_the_list_anew(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, page_size=2)
    stand_in.chaos.on("gone", "*continue=*", times=1)
    async with Connections(lambda name: limits, environment={}) as connections:
        outcome = await outcome_of(
            connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin)), QUESTION
        )
    assert outcome.answer is Answer.OBJECTS, outcome.failure
    assert len({o.meta.uid for o in outcome.objects}) == len(outcome.objects) > 2


async def test_an_address_of_ipv6_is_reached() -> None:
    body = b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}'
    asked: list[bytes] = []

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(say, "::1", 0)
    except OSError:
        pytest.skip("this machine has no ::1")
    async with server, Connections(lambda name: LIMITS, environment={}) as connections:
        host = f"[::1]:{server.sockets[0].getsockname()[1]}"
        cluster = Cluster(name="c", url=f"http://{host}")
        outcome = await outcome_of(connections.to(cluster, bearer(TOKEN)), QUESTION)
    assert outcome.answer is Answer.EMPTY, outcome.failure
    assert f"Host: {host}".encode() in asked[0]
    assert f"User-Agent: callboard/{__version__}".encode() in asked[0]


async def test_no_credential_goes_over_plain_http() -> None:
    failure = await ask(Cluster(name="c", url="http://api.example.invalid"))
    assert failure.code is FailureCode.CREDENTIAL
