"""Every way an API server misbehaves comes to a typed outcome within its deadline, and the next question works."""

import asyncio
import time

import msgspec
import pytest

from callboard.kube.connection import Connection, Connections
from callboard.kube.limits import Limits
from callboard.kube.lists import outcome_of
from callboard.model.outcome import Answer, FailureCode, Question
from callboard.model.resource import known_type
from callboard.simulator.cluster import Cluster as StandIn
from support.kube_client import LIMITS, bearer, cluster_of

PODS = known_type("pods")
assert PODS is not None
QUESTION = Question(type=PODS)

A, F = Answer, FailureCode


@pytest.fixture
def limits() -> Limits:
    return LIMITS


MODES = [
    ("unauthorized", {}, A.UNAUTHORIZED, F.UNAUTHORIZED),
    ("forbidden", {}, A.FORBIDDEN, F.FORBIDDEN),
    ("not-found", {}, A.ABSENT, F.NOT_SERVED),
    ("conflict", {}, A.BROKEN, F.UNEXPECTED_STATUS),
    ("gone", {}, A.BROKEN, F.GONE),
    ("too-many-requests", {"retry_after": 60}, A.THROTTLED, F.THROTTLED),
    ("server-error", {}, A.BROKEN, F.SERVER_ERROR),
    ("unavailable", {}, A.BROKEN, F.SERVER_ERROR),
    ("hang", {}, A.LATE, F.RESPONSE_TIMEOUT),
    ("hang-in-body", {}, A.LATE, F.BODY_TIMEOUT),
    ("drip", {"seconds": 0.1, "size": 10}, A.LATE, F.BODY_TIMEOUT),
    ("html", {}, A.BROKEN, F.NOT_JSON),
    ("truncated", {}, A.BROKEN, F.TRUNCATED),
    ("list-for-object", {}, A.BROKEN, F.WRONG_SHAPE),
    ("enormous", {"size": 80 * 1024 * 1024}, A.BROKEN, F.TOO_LARGE),
    ("reset", {}, A.BROKEN, F.CONNECTION),
    ("reset-in-body", {}, A.BROKEN, F.TRUNCATED),
    ("redirect", {}, A.BROKEN, F.REDIRECT),
    ("half-open", {}, A.LATE, F.RESPONSE_TIMEOUT),
    ("items-null", {}, A.EMPTY, None),
    ("no-metadata", {}, A.BROKEN, F.WRONG_SHAPE),
    ("numbers-as-strings", {}, A.BROKEN, F.WRONG_SHAPE),
    ("one-malformed", {}, A.OBJECTS, None),
    ("deep", {}, A.BROKEN, F.WRONG_SHAPE),
]


@pytest.mark.parametrize(("mode", "how", "answer", "code"), MODES, ids=[m[0] for m in MODES])
async def test_each_misbehaviour_is_a_typed_outcome_and_passes(
    mode: str,
    how: dict[str, float],
    answer: Answer,
    code: FailureCode | None,
    connection: Connection,
    stand_in: StandIn,
) -> None:
    stand_in.chaos.on(mode, **how)  # type: ignore[arg-type]
    began = time.monotonic()
    outcome = await outcome_of(connection, QUESTION)
    took = time.monotonic() - began
    assert outcome.answer is answer
    assert (outcome.failure and outcome.failure.code) is code
    assert bool(outcome.malformed) is (mode in ("no-metadata", "numbers-as-strings", "one-malformed"))
    assert took < LIMITS.whole + 1
    stand_in.chaos.off()
    after = await outcome_of(connection, QUESTION)
    assert after.answer is Answer.OBJECTS, after.failure


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
