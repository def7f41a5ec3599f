"""What a scenario's `timeline:` says happens at its time, on its clusters, and again where it says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callboard.base.errors import BadInput
from callboard.simulator import Fleet, load_scenario
from simulator.conftest import START, Client

HEAD = """
name: played
clusters:
  - {name: one, environment: prod}
  - {name: two, environment: dev}
services:
  - {name: shop, owner: a, namespace: games, version: 2.0.0, released: [1.0.0], replicas: {"*": 2}, age: 1h}
  - {name: only-one, owner: a, namespace: games, clusters: [one], replicas: {"*": 1}, age: 1h}
"""
PODS = "/api/v1/namespaces/games/pods"


@asynccontextmanager
async def played(folder: Path, *steps: str) -> AsyncIterator[Fleet]:
    path = folder / "played.yaml"
    path.write_text(HEAD + "timeline:\n" + "".join(f"  - {step}\n" for step in steps))
    async with Fleet.start(path, clusters=2, speed=0, now=START) as fleet:
        yield fleet


async def asked(fleet: Fleet, name: str, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        return await Client(fleet[name], session).ask(path)


def names(fleet: Fleet, cluster: str, service: str = "shop") -> set[str]:
    pods = fleet[cluster].store.list("pods", "games")
    return {
        pod["metadata"]["name"]
        for pod in pods
        if pod["metadata"]["name"].startswith(service + "-") and "deletionTimestamp" not in pod["metadata"]
    }


async def test_misbehaviour_comes_and_goes_on_its_clusters(tmp_path: Path) -> None:
    async with played(
        tmp_path,
        "{after: 60s, action: chaos, mode: too-many-requests, path: '*/pods*', clusters: [one], retry_after: 9}",
        "{after: 90s, action: chaos, mode: clock-skew, seconds: 600, clusters: [one]}",
        "{after: 2m, action: chaos-off, mode: too-many-requests}",
        "{after: 3m, action: chaos, mode: server-error, times: 1, message: 'on fire', method: GET}",
        "{after: 4m, action: chaos-off}",
    ) as fleet:
        assert (await asked(fleet, "one", PODS))[0] == 200
        fleet.step(61)
        status, told = await asked(fleet, "one", PODS)
        assert (status, told["details"]["retryAfterSeconds"] if "details" in told else 9) == (429, 9)
        assert (await asked(fleet, "one", "/version"))[0] == 200
        assert (await asked(fleet, "two", PODS))[0] == 200
        fleet.step(60)
        assert (await asked(fleet, "one", PODS))[0] == 200
        assert [rule.mode for rule in fleet["one"].chaos.rules] == ["clock-skew"]
        fleet.step(60)
        status, told = await asked(fleet, "two", PODS)
        assert (status, told["message"]) == (500, "on fire")
        assert (await asked(fleet, "two", PODS))[0] == 200
        fleet.step(60)
        assert [cluster.chaos.rules for cluster in fleet] == [[], []]


async def test_services_are_scaled_released_troubled_and_healed(tmp_path: Path) -> None:
    async with played(
        tmp_path,
        "{after: 60s, action: scale, service: shop, replicas: 4, clusters: ['o*']}",
        "{after: 5m, action: release, service: shop, version: 3.0.0}",
        "{after: 10m, action: trouble, service: shop, trouble: crash-loop, clusters: [two]}",
        "{after: 40m, action: heal, service: shop, trouble: crash-loop, clusters: [two]}",
    ) as fleet:
        fleet.step(55)
        assert (len(names(fleet, "one")), len(names(fleet, "two"))) == (2, 2)
        fleet.step(35)
        assert (len(names(fleet, "one")), len(names(fleet, "two"))) == (4, 2)
        fleet.step(450)
        for cluster in fleet:
            template = cluster.store.get("deployments", "shop", "games")["spec"]["template"]
            assert template["spec"]["containers"][0]["image"].endswith("3.0.0")
        fleet.step(900)

        def waiting(cluster: str) -> set[str]:
            return {
                status["state"].get("waiting", {}).get("reason", "")
                for pod in fleet[cluster].store.list("pods", "games")
                for status in pod["status"].get("containerStatuses", ())
            }

        assert "CrashLoopBackOff" in waiting("two")
        assert waiting("one") == {""}
        fleet.step(1800)
        assert waiting("two") == {""}


async def test_a_step_comes_again_and_leaves_clusters_without_its_service_alone(tmp_path: Path) -> None:
    async with played(tmp_path, "{after: 1m, action: delete-pod, service: only-one, every: 10m}") as fleet:
        seen = [names(fleet, "one", "only-one")]
        for _ in range(3):
            fleet.step(600)
            seen.append(names(fleet, "one", "only-one"))
        assert [len(found) for found in seen] == [1, 1, 1, 1]
        assert len(set.union(*seen)) == 4
        assert (await asked(fleet, "two", PODS))[0] == 200


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("{after: 1m, action: explode}", r"explode.*timeline"),
        ("{after: soon, action: chaos, mode: hang}", r"timeline\[0\]\.after.*no duration.*'soon'"),
        ("{after: 1m, action: chaos, mode: hangs}", r"timeline\[0\]\.mode.*'hangs'.*hang-in-body"),
        ("{after: 1m, action: scale, service: shoop}", r"timeline\[0\]\.service.*'shoop'.*shop"),
        (
            "{after: 1m, action: trouble, service: shop, trouble: gremlins}",
            r"timeline\[0\]\.trouble.*gremlins",
        ),
    ],
)
def test_a_step_that_could_not_be_played_is_refused_when_read(tmp_path: Path, step: str, told: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(HEAD + f"timeline:\n  - {step}\n")
    with pytest.raises(BadInput, match=r"bad\.yaml.*" + told):
        load_scenario(path)
