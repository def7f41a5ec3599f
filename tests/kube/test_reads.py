"""Logs, the proxy, access reviews and discovery, against a stand-in cluster."""

import msgspec
import pytest

from callboard.extend.parts import ProxyRequest, ProxyResponse
from callboard.kube.access_review import Access, Rules, WhoAmI, may, rules_in, who_am_i
from callboard.kube.connection import Connection, Connections
from callboard.kube.discovery import Discovery, version_of
from callboard.kube.lists import outcome_of
from callboard.kube.logs import LogEnd, LogLine, LogRequest, read_log
from callboard.kube.proxy import DirectProxy
from callboard.model.objects import KubeObject
from callboard.model.outcome import Failure, Question
from callboard.model.resource import KNOWN_TYPES, ResourceType
from callboard.simulator.cluster import Cluster as StandIn
from callboard.simulator.fleet import Fleet
from callboard.simulator.scenarios.schema import TroubleSpec
from support.kube_client import LIMITS, PATIENT, bearer, cluster_of

PODS = KNOWN_TYPES[0]


@pytest.fixture
async def pod(connection: Connection) -> KubeObject:
    return (await outcome_of(connection, Question(type=PODS, namespace="games"))).objects[0]


async def logged(connection: Connection, request: LogRequest) -> tuple[list[LogLine], LogEnd]:
    lines: list[LogLine] = []
    end: list[LogEnd] = []
    async for item in read_log(connection, request):
        (lines if isinstance(item, LogLine) else end).append(item)  # type: ignore[arg-type]
    assert len(end) == 1
    return lines, end[0]


async def test_a_log_comes_as_lines(connection: Connection, pod: KubeObject) -> None:
    lines, end = await logged(connection, LogRequest(namespace="games", pod=pod.name))
    assert end == LogEnd()
    assert len(lines) > 2
    last, _ = await logged(
        connection, LogRequest(namespace="games", pod=pod.name, tail_lines=1, timestamps=True)
    )
    assert len(last) == 1
    assert last[0].text.endswith(lines[-1].text)
    assert last[0].text[:4].isdigit()


async def test_a_log_that_is_not_there_says_why(connection: Connection, pod: KubeObject) -> None:
    lines, end = await logged(connection, LogRequest(namespace="games", pod="no-such-pod"))
    assert lines == []
    assert end.failure is not None
    assert (end.failure.status, end.failure.reason) == (404, "NotFound")
    _, end = await logged(connection, LogRequest(namespace="games", pod=pod.name, container="none"))
    assert end.failure is not None


async def test_the_log_of_the_run_before() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        Connections(lambda name: PATIENT, environment={}) as connections,
    ):
        connection = connections.to(cluster_of(fleet[0]), bearer(fleet[0].identities.admin))
        pod = fleet[0].store.list("pods", "games")[0]["metadata"]["name"]
        request = LogRequest(namespace="games", pod=pod, previous=True, tail_lines=5)
        lines, end = await logged(connection, request)
        assert lines == []
        assert end.failure is not None
        assert (end.failure.status, "previous terminated container" in end.failure.message) == (400, True)
        fleet.stages[fleet[0].name].start(TroubleSpec("crash-loop", "dice-roller"))
        fleet.step(600)
        lines, end = await logged(connection, request)
    assert end == LogEnd()
    assert 0 < len(lines) <= 5
    assert lines[-1].text == "exit status 2"


async def test_log_lines_and_logs_are_bounded(stand_in: StandIn, pod: KubeObject) -> None:
    limits = msgspec.structs.replace(PATIENT, max_log_line=10, max_log=64)
    async with Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        lines, end = await logged(connection, LogRequest(namespace="games", pod=pod.name))
    assert end.truncated
    assert any(line.cut for line in lines)
    assert all(len(line.text) <= 10 for line in lines)


async def test_a_followed_log_ends_when_it_is_closed(
    connection: Connection, pod: KubeObject, stand_in: StandIn
) -> None:
    stream = read_log(connection, LogRequest(namespace="games", pod=pod.name, follow=True))
    assert isinstance(await anext(stream), LogLine)
    await stream.aclose()


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
    namespaced = connections.to(cluster_of(stand_in), bearer(stand_in.identities.namespaced, "namespaced"))
    rules = await rules_in(namespaced, "games")
    assert isinstance(rules, Rules)
    assert rules.allow("list", PODS)
    assert not rules.allow("delete", PODS)
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
