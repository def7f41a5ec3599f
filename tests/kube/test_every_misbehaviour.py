"""Every chaos mode the simulator has, through lists, watches and logs: a typed outcome within its deadline, nothing left
behind, and what is asked after the recovery works."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from callboard.kube.connection.connection import Connections
from callboard.kube.reads.lists import outcome_of
from callboard.kube.reads.logs import LogRequest
from callboard.kube.watching.watch import Change, Reset, Stale, Unreadable, Upsert
from callboard.model.outcome import Answer, FailureCode, Question
from callboard.model.resource import known_type
from callboard.simulator.chaos.rules import MODES
from callboard.simulator.cluster import SimulatedCluster as StandIn
from support.kube_client import PATIENT, bearer, cluster_of, log_of, nothing_left
from support.watched import watch

A, F = Answer, FailureCode


PODS = known_type("pods")
DEPLOYMENTS = known_type("deployments")
assert PODS is not None
assert DEPLOYMENTS is not None
QUESTION = Question(type=PODS, namespace="games")
WATCHED = Question(type=DEPLOYMENTS, namespace="games")
WATCHFUL = msgspec.structs.replace(
    PATIENT,
    watch_silence=0.5,
    watch_start=0.5,
    max_line=256 * 1024,
    max_body=4 * 1024 * 1024,
    max_log=256 * 1024,
)
"""No deadline that a mode does not run into is short: on a busy machine another failure would be told than its own."""

DEADLINES: dict[str, dict[str, float]] = {
    "hang": {"first_byte": 0.6, "whole": 6.0},
    "freeze": {"first_byte": 0.6, "whole": 6.0},
    "half-open": {"first_byte": 0.6, "whole": 6.0},
    "hang-in-body": {"idle": 0.6, "whole": 6.0},
    "drip": {"idle": 0.6, "whole": 2.4},
}
"""The modes that end with one, and with which."""

HOW: dict[str, dict[str, Any]] = {
    "too-many-requests": {"retry_after": 60},
    "drip": {"seconds": 0.1, "size": 10},
    "enormous": {"size": 8 * 1024 * 1024},
    "latency": {"seconds": 0.1},
    "clock-skew": {"seconds": -7200.0},
}
"""With what a mode is switched on, where its own defaults will not do."""


class Expected(msgspec.Struct, frozen=True):
    """What one mode comes to: of a list, of a watch that begins under it, of a log. A code of None means that it went well;
    `malformed` says that what came could not be read, object by object."""

    listed: tuple[Answer, FailureCode | None]
    watched: FailureCode | None
    logged: FailureCode | None
    malformed: bool = False


def alike(answer: Answer, code: FailureCode) -> Expected:
    return Expected((answer, code), code, code)


UNTOUCHED = Expected((A.OBJECTS, None), None, None)

EXPECTED: dict[str, Expected] = {
    "unauthorized": alike(A.UNAUTHORIZED, F.UNAUTHORIZED),
    "forbidden": alike(A.FORBIDDEN, F.FORBIDDEN),
    "not-found": alike(A.ABSENT, F.NOT_SERVED),
    "conflict": alike(A.BROKEN, F.UNEXPECTED_STATUS),
    "gone": alike(A.BROKEN, F.GONE),
    "too-many-requests": alike(A.THROTTLED, F.THROTTLED),
    "server-error": alike(A.BROKEN, F.SERVER_ERROR),
    "unavailable": alike(A.BROKEN, F.SERVER_ERROR),
    "hang": alike(A.LATE, F.RESPONSE_TIMEOUT),
    "freeze": alike(A.LATE, F.RESPONSE_TIMEOUT),
    "half-open": alike(A.LATE, F.RESPONSE_TIMEOUT),
    "hang-in-body": alike(A.LATE, F.BODY_TIMEOUT),
    "drip": alike(A.LATE, F.BODY_TIMEOUT),
    "latency": UNTOUCHED,
    "html": Expected((A.BROKEN, F.NOT_JSON), F.NOT_JSON, F.NOT_JSON),
    "redirect": alike(A.BROKEN, F.REDIRECT),
    "reset": alike(A.BROKEN, F.CONNECTION),
    "reset-in-body": alike(A.BROKEN, F.TRUNCATED),
    "truncated": alike(A.BROKEN, F.TRUNCATED),
    "enormous": Expected((A.BROKEN, F.TOO_LARGE), F.TOO_LARGE, None),
    "deep": Expected((A.BROKEN, F.WRONG_SHAPE), None, None, malformed=True),
    "items-null": Expected((A.EMPTY, None), None, None),
    "no-metadata": Expected((A.BROKEN, F.WRONG_SHAPE), None, None, malformed=True),
    "list-for-object": Expected((A.BROKEN, F.WRONG_SHAPE), None, None, malformed=True),
    "numbers-as-strings": Expected((A.BROKEN, F.WRONG_SHAPE), None, None, malformed=True),
    "one-malformed": Expected((A.OBJECTS, None), None, None, malformed=True),
    "clock-skew": UNTOUCHED,
    "roles-unread": UNTOUCHED,
    "certificate-expired": alike(A.BROKEN, F.TLS),
    "certificate-foreign": alike(A.BROKEN, F.TLS),
    "watch-ends": UNTOUCHED,
    "watch-silent": UNTOUCHED,
    "watch-repeats": UNTOUCHED,
    "watch-no-bookmarks": UNTOUCHED,
    "watch-gone": UNTOUCHED,
}

every_mode = pytest.mark.parametrize("mode", sorted(MODES))


def test_every_mode_has_its_expectation() -> None:
    assert set(EXPECTED) == MODES


class Way:
    """To one cluster: with the deadlines of its troubles, patiently once it has recovered. Both share their sockets."""

    def __init__(self, connections: Connections, stand_in: StandIn) -> None:
        admin = bearer(stand_in.identities.admin)
        self.connections = connections
        self.in_trouble = connections.to(cluster_of(stand_in, "in trouble"), admin)
        self.recovered = connections.to(cluster_of(stand_in, "recovered"), admin)


@pytest.fixture
async def way(stand_in: StandIn, request: pytest.FixtureRequest) -> AsyncIterator[Way]:
    mode = request.node.callspec.params["mode"]
    deadlines = DEADLINES.get(mode, {})
    limits = {"in trouble": msgspec.structs.replace(WATCHFUL, **deadlines), "recovered": PATIENT}
    async with Connections(lambda name: limits[name], environment={}) as connections:
        yield Way(connections, stand_in)
    # The stand-in does not read a half-open socket any more, so it cannot see that we are gone.
    await nothing_left(stand_in, but=9 if "half-open" in request.node.name else 0)


def switch_on(stand_in: StandIn, mode: str) -> None:
    stand_in.chaos.on(mode, **HOW.get(mode, {}))


@every_mode
async def test_a_list(mode: str, way: Way, stand_in: StandIn) -> None:
    expected = EXPECTED[mode]
    switch_on(stand_in, mode)
    began = time.monotonic()
    outcome = await outcome_of(way.in_trouble, QUESTION)
    assert time.monotonic() - began < way.in_trouble.limits.whole + 1
    assert (outcome.answer, outcome.failure and outcome.failure.code) == expected.listed
    assert bool(outcome.malformed) is (mode in ("no-metadata", "numbers-as-strings", "one-malformed"))
    stand_in.chaos.off()
    after = await outcome_of(way.recovered, QUESTION)
    assert (after.answer, len(after.objects)) == (Answer.OBJECTS, 4), after.failure


async def soon(seconds: float) -> None:
    """Instead of the pauses of a watch."""
    await asyncio.sleep(min(seconds, 0.05))


async def until(changes: AsyncIterator[Change], wanted: Callable[[Change], bool]) -> list[Change]:
    seen: list[Change] = []
    async with asyncio.timeout(15):
        async for change in changes:
            seen.append(change)
            if wanted(change):
                return seen
    raise AssertionError(seen)


def make(stand_in: StandIn, name: str) -> None:
    """A deployment of no pods."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "games"}
    stand_in.store.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def holds(name: str) -> Callable[[Change], bool]:
    def wanted(change: Change) -> bool:
        if isinstance(change, Reset):
            return name in {found.name for found in change.objects}
        return isinstance(change, Upsert) and change.object.name == name

    return wanted


@every_mode
@pytest.mark.parametrize("streaming", [True, False], ids=["streaming list", "list and watch"])
async def test_a_watch_that_begins(streaming: bool, mode: str, way: Way, stand_in: StandIn) -> None:
    """What it says first is a Reset or why there is none; after the recovery it knows everything."""
    expected = EXPECTED[mode]
    stand_in.streaming_lists = streaming
    switch_on(stand_in, mode)
    began = time.monotonic()
    async with aclosing(watch(way.in_trouble, WATCHED, sleep=soon)) as changes:
        first = (await until(changes, lambda change: isinstance(change, Reset | Stale)))[-1]
        limits = way.in_trouble.limits
        assert time.monotonic() - began < limits.idle + limits.watch_start + limits.whole + 1
        if isinstance(first, Stale):
            codes = {expected.watched, expected.listed[1]}  # of the stream, or of the list it falls back to
            assert first.failure.code in codes - {None}
        else:
            assert isinstance(first, Reset)
            assert expected.watched is None
            assert bool(first.malformed) is expected.malformed
        make(stand_in, "meanwhile")
        stand_in.chaos.off()
        make(stand_in, "afterwards")
        seen: list[Change] = [first]
        for name in ("afterwards", "meanwhile"):
            if not any(holds(name)(change) for change in seen):
                seen += await until(changes, holds(name))


@every_mode
async def test_a_watch_that_stands(mode: str, way: Way, stand_in: StandIn) -> None:
    """An object that comes while the stream misbehaves is known in the end, or told as unreadable."""
    async with aclosing(watch(way.in_trouble, WATCHED, sleep=soon)) as changes:
        await until(changes, lambda change: isinstance(change, Reset))
        switch_on(stand_in, mode)
        make(stand_in, "meanwhile")
        asyncio.get_running_loop().call_later(0.4, stand_in.chaos.off)
        seen = await until(
            changes, lambda change: holds("meanwhile")(change) or isinstance(change, Unreadable)
        )
        assert isinstance(seen[-1], Unreadable) is EXPECTED[mode].malformed
        assert not [change for change in seen if isinstance(change, Stale) and not change.failure.message]
        stand_in.chaos.off()
        make(stand_in, "afterwards")
        await until(changes, holds("afterwards"))


@every_mode
async def test_a_log(mode: str, way: Way, stand_in: StandIn) -> None:
    pod = stand_in.store.list("pods", "games")[0]["metadata"]["name"]
    request = LogRequest(namespace="games", pod=pod)
    switch_on(stand_in, mode)
    began = time.monotonic()
    found = await log_of(way.connections, way.in_trouble, request)
    assert time.monotonic() - began < way.in_trouble.limits.whole + 1
    assert (found.failure and found.failure.code) is EXPECTED[mode].logged
    assert found.later is (mode == "enormous")
    stand_in.chaos.off()
    found = await log_of(way.connections, way.recovered, request)
    assert (found.failure, found.later) == (None, False)
    assert len(found.lines) > 2
