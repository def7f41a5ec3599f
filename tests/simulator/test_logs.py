"""Logs of containers: which one, how much of it, the run before, and what comes."""

import asyncio
from typing import Any

import pytest

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.scenarios.schema import TroubleSpec


@pytest.fixture
def path(cluster: SimulatedCluster) -> str:
    name = cluster.store.list("pods", "games")[0]["metadata"]["name"]
    return f"/api/v1/namespaces/games/pods/{name}/log"


async def lines(client: Any, path: str) -> list[str]:
    status, text = await client.ask(path)
    assert status == 200, text
    return str(text).splitlines()


async def test_tail_since_limit_and_timestamps(cluster: SimulatedCluster, client: Any, path: str) -> None:
    assert len(await lines(client, f"{path}?tailLines=5")) == 5
    recent = await lines(client, f"{path}?sinceSeconds=60")
    assert 0 < len(recent) < len(await lines(client, path))
    assert len("\n".join(await lines(client, f"{path}?limitBytes=100"))) <= 100
    (stamped,) = await lines(client, f"{path}?tailLines=1&timestamps=true")
    assert stamped.split(" ", 1)[0].endswith("Z")
    assert stamped.split(" ", 1)[1] == (await lines(client, f"{path}?tailLines=1"))[0]


async def test_the_run_before_ends_with_its_last_words(
    fleet: Fleet, cluster: SimulatedCluster, client: Any, path: str
) -> None:
    status, told = await client.ask(f"{path}?previous=true")
    assert (status, "previous terminated container" in told["message"]) == (400, True)
    fleet.stages[cluster.name].start(TroubleSpec("crash-loop", "dice-roller"))
    fleet.step(600)
    assert "panic: startup failed" in "\n".join(await lines(client, f"{path}?previous=true"))


async def test_following_gets_what_is_written_meanwhile(fleet: Fleet, client: Any, path: str) -> None:
    async with client.request("GET", f"{path}?follow=true&tailLines=1") as response:
        first = await response.content.readline()
        fleet.step(30)
        async with asyncio.timeout(5):
            second = await response.content.readline()
    assert first != second
    assert second


async def test_a_container_that_is_not_there(client: Any, path: str) -> None:
    status, told = await client.ask(f"{path}?container=nope")
    assert (status, told["message"].startswith("container nope is not valid for pod")) == (400, True)
    assert (await client.ask(f"{path}?tailLines=-1"))[0] == 422
    assert (await client.ask(path, who="nobody"))[0] == 403
