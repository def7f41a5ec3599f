"""Every attack of `make attack`, on a client alone: typed, bounded in bytes, and nothing stands when it is over."""

import asyncio
from contextlib import aclosing

import msgspec
import pytest

from bench.attack.hostile import ATTACKS, LOGS, Hostile, mode_of
from callboard.kube.connection.connection import Connections
from callboard.kube.reads.lists import outcome_of
from callboard.kube.reads.logs import LogRequest
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer, FailureCode
from support.kube_client import PATIENT, QUESTION, TOKEN, bearer, log_of
from support.watched import watch

LIMITS = msgspec.structs.replace(
    PATIENT, max_body=2 * 2**20, max_line=2**20, max_log=2**20, max_objects=200, whole=5.0, idle=2.0
)
MOST = 24 * 2**20
"""Bytes taken of a list: what is read of a body, six times that where each byte is a chunk, and what sockets hold."""
WRONG = 7
"""Objects that cannot be read, of those that are wrong; the text of another is read as Kubernetes reads it."""


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_list_under_attack_is_told_and_bounded(attack: str) -> None:
    hostile = Hostile()
    async with hostile.listening() as port, Connections(lambda name: LIMITS, environment={}) as made:
        cluster = Cluster(name="c", url=f"http://127.0.0.1:{port}/{mode_of(attack)}")
        outcome = await outcome_of(made.to(cluster, bearer(TOKEN)), QUESTION)
        if outcome.answer is Answer.OBJECTS:
            wrong = len(outcome.malformed)
            assert wrong in (0, WRONG)
            assert [o.name for o in outcome.objects] == (["web-1", "half"] if wrong else ["web-1"])
        else:
            assert outcome.failure is not None
            assert outcome.failure.code is not FailureCode.INTERNAL
        assert hostile.sent < MOST
    assert hostile.open == 0 or await gone(hostile)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if "watch" in a])
async def test_a_watch_under_attack_goes_on_or_is_told(attack: str) -> None:
    hostile = Hostile()
    seen = 0
    async with hostile.listening() as port, Connections(lambda name: LIMITS, environment={}) as made:
        cluster = Cluster(name="c", url=f"http://127.0.0.1:{port}/{mode_of(attack)}")
        changes = watch(made.to(cluster, bearer(TOKEN)), QUESTION, streaming_lists=False)
        async with asyncio.timeout(20), aclosing(changes):
            async for _ in changes:
                seen += 1
                if seen >= 300 or (seen >= 2 and "adds" not in attack):
                    break
    assert seen
    assert hostile.open == 0 or await gone(hostile)


@pytest.mark.parametrize("attack", LOGS)
async def test_a_log_under_attack_ends_with_what_was_read(attack: str) -> None:
    hostile = Hostile()
    async with hostile.listening() as port, Connections(lambda name: LIMITS, environment={}) as made:
        cluster = Cluster(name="c", url=f"http://127.0.0.1:{port}/{mode_of(attack)}")
        found = await log_of(made, made.to(cluster, bearer(TOKEN)), LogRequest(namespace="shop", pod="web-1"))
        assert found.lines
        assert found.later or found.failure is not None
        assert hostile.sent < MOST
    assert hostile.open == 0 or await gone(hostile)


async def gone(hostile: Hostile) -> bool:
    async with asyncio.timeout(5):
        while hostile.open:  # noqa: ASYNC110 - the server's own count
            await asyncio.sleep(0.01)
    return True
