"""A knock finds out whether anybody is there: any answer is one, nobody is waited behind, and silence has an end."""

import asyncio

import msgspec
import pytest

from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.connection.pool import FEW
from callboard.kube.failure import AnswerRefused
from callboard.kube.limits import Limits
from callboard.model.outcome import FailureCode
from callboard.simulator.cluster import SimulatedCluster as StandIn
from support.kube_client import PATIENT, bearer, cluster_of, nothing_left
from support.listening import eventually

LIVEZ = "/livez"


async def knocked(connection: Connection, within: float = 10.0) -> FailureCode | None:
    try:
        await connection.knock(LIVEZ, within)
    except AnswerRefused as refused:
        return refused.failure.code
    return None


@pytest.mark.parametrize(
    "mode",
    [
        "latency",
        "forbidden",
        "not-found",
        "too-many-requests",
        "unavailable",
        "html",
        "redirect",
    ],
)
async def test_any_answer_is_one_and_it_is_asked_once(
    mode: str, connection: Connection, stand_in: StandIn
) -> None:
    stand_in.chaos.on(mode, LIVEZ, retry_after=0)
    assert await knocked(connection) is None
    assert stand_in.counters.paths[LIVEZ] == 1


async def test_one_who_does_not_know_us_is_told_of(connection: Connection, stand_in: StandIn) -> None:
    stand_in.chaos.on("unauthorized", LIVEZ)
    assert await knocked(connection) is FailureCode.UNAUTHORIZED


@pytest.mark.parametrize("mode", ["truncated", "reset-in-body", "enormous"])
async def test_an_answer_that_has_begun_is_one_however_it_ends(
    mode: str, connection: Connection, stand_in: StandIn
) -> None:
    stand_in.chaos.on(mode, LIVEZ, size=1_000_000)
    assert await knocked(connection, 1.0) in (None, FailureCode.CONNECTION)


@pytest.mark.parametrize("mode", ["hang", "hang-in-body", "drip", "freeze"])
async def test_nothing_whole_for_so_long_is_no_answer(
    mode: str, connection: Connection, stand_in: StandIn
) -> None:
    assert await knocked(connection) is None
    stand_in.chaos.on(mode, size=1, seconds=10.0)
    assert await knocked(connection, 0.3) is FailureCode.RESPONSE_TIMEOUT
    stand_in.chaos.off()
    assert await knocked(connection) is None


async def test_nobody_is_waited_behind(connections: Connections, stand_in: StandIn) -> None:
    one = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
    stand_in.chaos.on("freeze", "/version")
    busy = [asyncio.create_task(one.read("GET", "/version")) for _ in range(FEW + 1)]
    await eventually(lambda: stand_in.counters.paths["/version"] == FEW)
    assert await knocked(one) is None
    assert stand_in.counters.paths["/version"] == FEW
    stand_in.chaos.off()
    await asyncio.gather(*busy)


async def test_the_connection_is_used_again(connection: Connection, stand_in: StandIn) -> None:
    for _ in range(5):
        assert await knocked(connection) is None
    assert stand_in.counters.connections_opened == 1


async def test_where_answers_are_compressed_the_client_library_knocks(stand_in: StandIn) -> None:
    limits: Limits = msgspec.structs.replace(PATIENT, gzip=True)
    async with Connections(lambda name: limits, environment={}) as made:
        one = made.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        assert await knocked(one) is None
        stand_in.chaos.on("forbidden")
        assert await knocked(one) is None
        stand_in.chaos.off()
        stand_in.chaos.on("freeze")
        assert await knocked(one, 0.3) is FailureCode.RESPONSE_TIMEOUT
        stand_in.chaos.off()
    await nothing_left(stand_in)
