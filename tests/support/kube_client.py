"""One stand-in cluster, and a way to it whose end is checked: no task and no connection left; servers of bare bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from callboard.base.secret import Secret
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.lists import outcome_of
from callboard.kube.reads.logs import Log, LogRequest, read_log
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.cluster import Cluster, Credential, CredentialKind, Trust
from callboard.model.outcome import Failure, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet

QUESTION = Question(type=KNOWN_TYPES[0])
TOKEN = "canary-token-0123456789"

LIMITS = Limits(connect=1.0, first_byte=0.4, idle=0.4, whole=2.0)
"""For tests of what happens when they pass."""
PATIENT = Limits(connect=10.0, first_byte=20.0, idle=20.0, whole=30.0)
"""For all others: a loaded machine may take its time."""


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        yield fleet[0]


def cluster_of(stand_in: StandIn, name: str = "eu-1") -> Cluster:
    return Cluster(name=name, url=stand_in.url, trust=Trust(ca_pem=stand_in.ca_pem))


def bearer(token: str, identity: str = "admin") -> Credential:
    return Credential(kind=CredentialKind.BEARER, identity=identity, token=Secret(token))


@pytest.fixture
def limits() -> Limits:
    """What `connections` are made with; a module about deadlines overrides it."""
    return PATIENT


@pytest.fixture
async def connections(
    stand_in: StandIn, limits: Limits, request: pytest.FixtureRequest
) -> AsyncIterator[Connections]:
    async with Connections(lambda name: limits, environment={}) as made:
        yield made
    # The stand-in does not read a half-open socket any more, so it cannot see that we are gone.
    await nothing_left(stand_in, but=1 if "half-open" in request.node.name else 0)


async def nothing_left(stand_in: StandIn, *, but: int = 0) -> None:
    """No task of ours is left, and within a second no connection to the server but `but`."""
    mine = [t for t in asyncio.all_tasks() if t is not asyncio.current_task() and "callboard/kube" in repr(t)]
    assert mine == []
    for _ in range(100):
        if stand_in.open_connections <= but:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{stand_in.open_connections} connections left")


@pytest.fixture
async def connection(connections: Connections, stand_in: StandIn) -> Connection:
    return connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))


async def log_of(connections: Connections, connection: Connection, request: LogRequest) -> Log:
    """A log over the proxy of ours, within the limits of the connection."""
    return await read_log(
        DirectProxy(connections), connection.cluster, connection.credential, request, connection.limits
    )


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(handle: Handle) -> AsyncIterator[str]:
    """A server of bytes on loopback, plain http."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def ask(
    cluster: Cluster, credential: Credential | None = None, *, question: Question = QUESTION
) -> Failure:
    async with Connections(lambda name: LIMITS, environment={}) as connections:
        outcome = await outcome_of(connections.to(cluster, credential or bearer(TOKEN)), question)
    assert outcome.failure is not None, outcome
    assert TOKEN not in repr(outcome)
    assert "://" not in outcome.failure.message
    return outcome.failure
