"""Logs, the proxy, access reviews and discovery, against a stand-in cluster."""

import asyncio

import msgspec
import pytest

from callboard.extend.parts import ProxyRequest, ProxyResponse
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.access_review import Access, WhoAmI, may, who_am_i
from callboard.kube.reads.discovery import Discovery, version_of
from callboard.kube.reads.lists import outcome_of
from callboard.kube.reads.logs import Log, LogRequest
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.cluster import Cluster
from callboard.model.objects import KubeObject
from callboard.model.outcome import Failure, FailureCode, Question
from callboard.model.resource import KNOWN_TYPES, ResourceType
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from callboard.simulator.scenarios.schema import TroubleSpec
from support.kube_client import LIMITS, PATIENT, bearer, cluster_of, log_of, raw_server

PODS = KNOWN_TYPES[0]


@pytest.fixture
async def pod(connection: Connection) -> KubeObject:
    return (await outcome_of(connection, Question(type=PODS, namespace="games"))).objects[0]


async def test_a_log_comes_as_lines(
    connections: Connections, connection: Connection, pod: KubeObject
) -> None:
    whole = await log_of(connections, connection, LogRequest(namespace="games", pod=pod.name))
    assert (whole.failure, whole.earlier, whole.later) == (None, False, False)
    assert len(whole.lines) > 2
    request = LogRequest(namespace="games", pod=pod.name, tail_lines=1, timestamps=True)
    last = await log_of(connections, connection, request)
    assert len(last.lines) == 1
    assert last.earlier
    assert last.lines[0].text.endswith(whole.lines[-1].text)
    assert last.lines[0].text[:4].isdigit()


async def test_a_log_that_is_not_there_says_why(
    connections: Connections, connection: Connection, pod: KubeObject
) -> None:
    none = await log_of(connections, connection, LogRequest(namespace="games", pod="no-such-pod"))
    assert none.lines == ()
    assert none.failure is not None
    assert (none.failure.status, none.failure.reason) == (404, "NotFound")
    request = LogRequest(namespace="games", pod=pod.name, container="none")
    assert (await log_of(connections, connection, request)).failure is not None


async def test_the_log_of_the_run_before() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        Connections(lambda name: PATIENT, environment={}) as connections,
    ):
        connection = connections.to(cluster_of(fleet[0]), bearer(fleet[0].identities.admin))
        pod = fleet[0].store.list("pods", "games")[0]["metadata"]["name"]
        request = LogRequest(namespace="games", pod=pod, previous=True, tail_lines=5)
        none = await log_of(connections, connection, request)
        assert none.lines == ()
        assert none.failure is not None
        assert (none.failure.status, "previous terminated container" in none.failure.message) == (400, True)
        fleet.stages[fleet[0].name].start(TroubleSpec("crash-loop", "dice-roller"))
        fleet.step(600)
        found = await log_of(connections, connection, request)
    assert found.failure is None
    assert 0 < len(found.lines) <= 5
    assert found.lines[-1].text == "exit status 2"


async def test_log_lines_and_logs_are_bounded(stand_in: StandIn, pod: KubeObject) -> None:
    limits = msgspec.structs.replace(PATIENT, max_log_line=10, max_log=64)
    async with Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        found = await log_of(connections, connection, LogRequest(namespace="games", pod=pod.name))
    assert found.later
    assert any(line.cut for line in found.lines)
    assert all(len(line.text) <= 10 for line in found.lines)
    assert sum(len(line.text) for line in found.lines) <= 64


class Logging:
    """A server that answers a log in its own way, and counts what it could send and who has left."""

    def __init__(self, *pieces: bytes, endless: bytes = b"", every: float = 0.0) -> None:
        self.pieces = pieces
        self.endless = endless
        self.every = every
        self.sent = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        try:
            for piece in self.pieces:
                writer.write(piece)
            while self.endless:
                writer.write(self.endless)
                await writer.drain()
                self.sent += len(self.endless)
                if self.every:
                    async with asyncio.timeout(self.every):
                        await reader.read(1)
                    return
        except TimeoutError:
            pass
        finally:
            self.left.set()


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
OPEN_ENDED = PLAIN + b"\r\n"


async def log_from(served: Logging, limits: Limits) -> Log:
    async with raw_server(served) as url, Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer("token"))
        return await log_of(connections, connection, LogRequest(namespace="n", pod="p"))


async def test_a_log_without_an_end_is_read_to_a_bound() -> None:
    """A server that heeds no `limitBytes`, whatever it sends: what was read is there, and not more is taken."""
    for piece in (b"all is well\n" * 6000, b"x" * 65536, b"\n" * 65536, b"\xff\x00\n" * 20000):
        served = Logging(OPEN_ENDED, endless=piece)
        found = await log_from(served, msgspec.structs.replace(PATIENT, max_log=200_000))
        assert found.failure is None
        assert found.later
        assert sum(len(line.text) + 1 for line in found.lines) <= 200_001
        assert len(found.lines) <= 10_000
        await asyncio.wait_for(served.left.wait(), 5)
        assert served.sent < 30_000_000, "sockets hold some of it, and no more"


async def test_a_log_that_drips_is_given_up_with_what_was_read() -> None:
    served = Logging(OPEN_ENDED + b"first\n", endless=b".")
    served.every = 30.0
    found = await log_from(served, msgspec.structs.replace(PATIENT, idle=5.0, whole=0.4))
    assert found.failure is not None
    assert found.failure.code is FailureCode.BODY_TIMEOUT
    assert [line.text for line in found.lines] == ["first", "."]
    await asyncio.wait_for(served.left.wait(), 5)


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ((PLAIN + b"Content-Length: 100\r\n\r\nfirst\n\nthird\n",), ["first", "", "third"]),
        ((PLAIN + b"Transfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\nzz",), None),
        ((PLAIN + b"Transfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n5\r\nsec",), ["first", "sec"]),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",), []),
        ((b"HTTP/1.1 103 Early Hints\r\n\r\n",), []),
        ((b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n",), []),
        ((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",), []),
        ((b"",), []),
    ],
)
async def test_a_log_that_breaks_off_is_told_with_what_was_read(
    pieces: tuple[bytes, ...], lines: list[str] | None
) -> None:
    """`lines` None: what comes in one packet with what is no HTTP, the client library drops."""
    found = await log_from(Logging(*pieces), msgspec.structs.replace(PATIENT, idle=1.0))
    assert lines is None or [line.text for line in found.lines] == lines
    assert found.failure is not None
    assert found.failure.message


async def test_who_gives_a_log_up_ends_it_upstream() -> None:
    served = Logging(OPEN_ENDED, endless=b".", every=30.0)
    async with raw_server(served) as url, Connections(lambda name: PATIENT, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer("token"))
        reading = asyncio.ensure_future(log_of(connections, connection, LogRequest(namespace="n", pod="p")))
        await served.asked.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await asyncio.wait_for(served.left.wait(), 5)


async def test_the_log_of_a_pod_that_has_no_node_says_so() -> None:
    found = await log_from(Logging(b"HTTP/1.1 204 No Content\r\n\r\n"), PATIENT)
    assert found.failure is not None
    assert found.failure.message == "there is no log yet: no node has the pod"


async def test_who_we_are_and_what_we_may(
    connection: Connection, connections: Connections, stand_in: StandIn
) -> None:
    me = await who_am_i(connection)
    assert isinstance(me, WhoAmI)
    assert me.username
    assert await may(connection, "list", PODS) == Access(True) or isinstance(
        await may(connection, "list", PODS), Access
    )
    nobody = connections.to(cluster_of(stand_in), bearer(stand_in.identities.nobody, "nobody"))
    denied = await may(nobody, "list", PODS, "games")
    assert isinstance(denied, Access)
    assert not denied.allowed
    stand_in.chaos.on("server-error", "*selfsubject*")
    assert isinstance(await who_am_i(connection), Failure)


async def test_discovery_is_asked_once_for_each_identity(
    connection: Connection, connections: Connections, stand_in: StandIn
) -> None:
    assert (await version_of(connection)).git_version.startswith("v1.")
    discovery = Discovery()
    deployments = ResourceType("apps", "v1", "deployments")
    for _ in range(2):
        assert await discovery.resolve(connection, deployments) == ResourceType(
            "apps", "v1", "deployments", "Deployment", True
        )
    stand_in.chaos.on("server-error", "*/apis/apps/v1")
    assert (await discovery.resolve(connection, deployments)).kind == "Deployment"
    other = connections.to(cluster_of(stand_in), bearer(stand_in.identities.viewer, "another"))
    with pytest.raises(Exception, match="Internal error"):
        await discovery.resolve(other, deployments)


async def through(
    proxy: DirectProxy, stand_in: StandIn, request: ProxyRequest
) -> tuple[int, dict[str, str], bytes] | Failure:
    async with proxy.open(cluster_of(stand_in), bearer(stand_in.identities.admin), request) as answer:
        if isinstance(answer, ProxyResponse):
            return answer.status, dict(answer.headers), b"".join([piece async for piece in answer.body])
        return answer


async def test_the_proxy_passes_a_body_whole(connections: Connections, stand_in: StandIn) -> None:
    proxy = DirectProxy(connections)
    answer = await through(
        proxy,
        stand_in,
        ProxyRequest(
            path="/api/v1/namespaces/games/pods",
            query=(("limit", "1"),),
            headers={
                "Authorization": "Bearer stolen",
                "Impersonate-User": "admin",
                "Cookie": "x",
                "Accept": "application/json",
            },
        ),
    )
    assert isinstance(answer, tuple)
    status, headers, body = answer
    assert status == 200
    assert len(msgspec.json.decode(body)["items"]) == 1
    assert b"managedFields" in body
    assert "set-cookie" not in {k.lower() for k in headers}
    missing = await through(proxy, stand_in, ProxyRequest(path="/api/v1/namespaces/games/pods/none"))
    assert isinstance(missing, tuple)
    assert missing[0] == 404


@pytest.mark.parametrize(
    "request_",
    [
        ProxyRequest(path="/api/v1/pods", method="DELETE"),
        ProxyRequest(path="/api/v1/namespaces/a/services/b/proxy/x"),
        ProxyRequest(path="/api/v1/nodes/n/proxy"),
        ProxyRequest(path="/api/v1/proxy/nodes/n"),
        ProxyRequest(path="/api/v1/namespaces/a/pods/b/exec"),
        ProxyRequest(path="/api/v1/../../x"),
        ProxyRequest(path="//evil/api"),
        ProxyRequest(path="api"),
        ProxyRequest(path="/api\r\nHost: x"),
    ],
    ids=lambda r: f"{r.method} {r.path!r}",
)
async def test_the_proxy_refuses_what_is_no_plain_read(
    request_: ProxyRequest, connections: Connections, stand_in: StandIn
) -> None:
    before = stand_in.open_connections
    answer = await through(DirectProxy(connections), stand_in, request_)
    assert isinstance(answer, Failure)
    assert answer.status == 405
    assert stand_in.open_connections == before


@pytest.mark.parametrize("mode", ["redirect", "hang", "reset"])
async def test_the_proxy_tells_a_failure_as_a_value(mode: str, stand_in: StandIn) -> None:
    stand_in.chaos.on(mode)
    async with Connections(lambda name: LIMITS, environment={}) as connections:
        assert isinstance(
            await through(DirectProxy(connections), stand_in, ProxyRequest(path="/api/v1/pods")), Failure
        )
