"""Which deadline passed is told: the answer's own, or that of a question that never found a free connection."""

import asyncio

import msgspec
import pytest

from callboard.kube.connection.connection import Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.lists import outcome_of
from callboard.model.outcome import FailureCode, Question
from callboard.model.resource import known_type
from callboard.simulator.cluster import SimulatedCluster as StandIn
from support.kube_client import LIMITS, bearer, cluster_of

PODS = known_type("pods")
assert PODS is not None
QUESTION = Question(type=PODS)


async def test_an_answer_that_never_begins_is_told_as_such_by_the_whole_deadline(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, first_byte=30.0, whole=0.3)
    stand_in.chaos.on("hang")
    async with Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        outcome = await outcome_of(connection, QUESTION)
    assert outcome.failure is not None
    assert outcome.failure.code is FailureCode.RESPONSE_TIMEOUT


async def test_a_question_that_found_no_free_connection_says_so(stand_in: StandIn) -> None:
    def limits_of(name: str) -> Limits:
        return msgspec.structs.replace(
            LIMITS, connections=1, first_byte=30.0, whole=1.0 if name == "patient" else 0.3
        )

    stand_in.chaos.on("hang")
    async with Connections(limits_of, environment={}) as connections:
        admin = bearer(stand_in.identities.admin)
        first, second = await asyncio.gather(
            outcome_of(connections.to(cluster_of(stand_in, "patient"), admin), QUESTION),
            outcome_of(connections.to(cluster_of(stand_in, "hasty"), admin), QUESTION),
        )
    assert first.failure is not None
    assert first.failure.code is FailureCode.RESPONSE_TIMEOUT
    assert second.failure is not None
    assert second.failure.code is FailureCode.DEADLINE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
            FailureCode.CONNECTION,
        ),
        (RuntimeError("a mistake of ours"), FailureCode.INTERNAL),
    ],
)
async def test_a_connection_closed_as_it_is_taken_is_a_connection_that_failed(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, error: RuntimeError, code: FailureCode
) -> None:
    async def connect(*_: object) -> None:
        raise error

    async with Connections(lambda name: LIMITS, environment={}) as connections:
        connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        with monkeypatch.context() as patched:
            patched.setattr("aiohttp.TCPConnector.connect", connect)
            outcome = await outcome_of(connection, QUESTION)
        assert outcome.failure is not None
        assert outcome.failure.code is code
        assert (await outcome_of(connection, QUESTION)).answer.known
