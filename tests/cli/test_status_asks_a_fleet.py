"""The installed command against stand-in API servers: every byte of the road, TLS, tokens and all."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.simulator.fleet import Fleet

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  annotations:
    backstage.io/kubernetes-id: {name}
    backstage.io/kubernetes-namespace: games
spec: {{type: service, lifecycle: production, owner: games}}
"""

CONFIG = """\
catalog:
  locations:
    - {type: file, target: ./catalog-info.yaml}
kubernetes:
  serviceLocatorMethod: {type: multiTenant}
  clusterLocatorMethods:
    - {type: kubeconfig, files: [kubeconfig]}
callboard:
  clusters:
    limits: {softDeadline: 12, hardDeadline: 14}
"""


class Ran(msgspec.Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        assert self.out, f"nothing was written to stdout; it ended with {self.code} and said: {self.err}"
        read: dict[str, Any] = json.loads(self.out)
        return read


async def callboard(directory: Path, *arguments: str) -> Ran:
    """Run the command in `directory`, with an environment of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from callboard.app.main import main; main()",
        *arguments,
        cwd=directory,
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "PYTHONWARNINGS": "error"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    """Five clusters in which everything is well."""
    async with Fleet.start("quiet", clusters=5) as running:
        yield running


@pytest.fixture
def place(fleet: Fleet, tmp_path: Path) -> Path:
    """A directory with a configuration, a catalog file of `dice-roller`, and the fleet's kubeconfig."""
    (tmp_path / "app-config.yaml").write_text(CONFIG)
    (tmp_path / "catalog-info.yaml").write_text(CATALOG.format(name="dice-roller"))
    fleet.kubeconfig(tmp_path / "kubeconfig")
    return tmp_path


async def test_a_healthy_service_exits_with_0_and_names_every_cluster(fleet: Fleet, place: Path) -> None:
    ran = await callboard(place, "status", "dice-roller")
    assert ran.code == 0, ran.out + ran.err
    assert "Healthy in all 5 clusters" in ran.out
    for name in fleet.clusters:
        assert f"✓ {name}" in ran.out


async def test_the_json_has_the_pods_that_the_api_servers_have(fleet: Fleet, place: Path) -> None:
    read = (await callboard(place, "status", "component:default/dice-roller", "--json")).json
    assert (read["settled"], read["verdict"]["final"], read["conclusion"]["exitCode"]) == (True, True, 0)
    for part in read["clusters"]:
        pods = {pod["name"] for workload in part["workloads"] for pod in workload["pods"]}
        ready = sum(workload["ready"] for workload in part["workloads"])
        assert pods, part["name"]
        assert ready == len(pods)
        assert all(name.startswith("dice-roller-") for name in pods)
    assert {part["name"] for part in read["clusters"]} == set(fleet.clusters)


async def test_of_five_clusters_three_broken_ones_cost_the_others_nothing(fleet: Fleet, place: Path) -> None:
    impatient = CONFIG.replace("softDeadline: 12", "softDeadline: 4")
    (place / "app-config.yaml").write_text(impatient)
    hangs, refuses, lies, *well = fleet
    hangs.chaos.on("hang")
    for plural in ("pods", "services", "deployments", "jobs", "replicasets", "ingresses"):
        refuses.chaos.on("forbidden", f"*/{plural}*")
    lies.chaos.on("html")
    ran = await callboard(place, "status", "dice-roller", "--json")
    read, by_name = ran.json, {part["name"]: part for part in ran.json["clusters"]}
    for cluster in well:
        part = by_name[cluster.name]
        assert (part["state"], part["health"], part["missing"]) == ("answered", "healthy", [])
        assert part["workloads"]
    gaps = {gap["cluster"]: gap["why"] for gap in read["conclusion"]["couldNotTell"]}
    assert set(gaps) == {hangs.name, refuses.name, lies.name}
    assert "4 seconds" in gaps[hangs.name]
    assert "forbidden: User" in gaps[refuses.name]
    refused = [row for row in by_name[refuses.name]["missing"] if row["answer"] == "forbidden"]
    told = " ".join(row["what"] for row in refused).lower()
    assert all(word in told for word in ("pod", "deployment", "job", "ingress"))
    assert by_name[lies.name]["state"] == "failed"
    assert (ran.code, read["conclusion"]["unhealthy"]) == (2, [])
    table = await callboard(place, "status", "dice-roller")
    assert table.code == 2
    assert "forbidden: User" in table.out


async def test_an_unhealthy_cluster_wins_over_a_silent_one_unless_all_are_required(tmp_path: Path) -> None:
    (tmp_path / "app-config.yaml").write_text(CONFIG)
    (tmp_path / "catalog-info.yaml").write_text(CATALOG.format(name="search").replace(": games", ": shop"))
    async with Fleet.start("demo", clusters=3) as fleet:
        fleet.kubeconfig(tmp_path / "kubeconfig")
        fleet["us-east-1-prod"].chaos.on("reset")
        for arguments, code in (((), 1), (("--require-all",), 2)):
            ran = await callboard(tmp_path, "status", "search", *arguments, "--json")
            conclusion = ran.json["conclusion"]
            assert ran.code == conclusion["exitCode"] == code
            assert [trouble["cluster"] for trouble in conclusion["unhealthy"]] == ["eu-west-1-prod"]
            assert [gap["cluster"] for gap in conclusion["couldNotTell"]] == ["us-east-1-prod"]


async def test_a_service_that_runs_nowhere_is_not_healthy(fleet: Fleet, place: Path) -> None:
    (place / "catalog-info.yaml").write_text(CATALOG.format(name="nowhere"))
    ran = await callboard(place, "status", "nowhere", "--json")
    assert (ran.code, ran.json["verdict"]["health"]) == (1, "nothing")
    assert all(part["empty"] for part in ran.json["clusters"])


async def test_an_unknown_entity_and_a_broken_configuration_exit_with_3(place: Path) -> None:
    ran = await callboard(place, "status", "nosuch")
    assert (ran.code, ran.out) == (3, "")
    assert "component:default/nosuch" in ran.err
    (place / "app-config.yaml").write_text("kubernetes:\n  clusterLocatorMethod: []\n")
    ran = await callboard(place, "status", "dice-roller")
    assert (ran.code, "clusterLocatorMethods" in ran.err) == (3, True)
    assert "app-config.yaml:2" in ran.err


async def test_the_clusters_are_listed_with_where_they_come_from(fleet: Fleet, place: Path) -> None:
    ran = await callboard(place, "clusters", "list", "--json")
    assert ran.code == 0
    listed = {row["name"]: row for row in ran.json["clusters"]}
    assert {name: row["server"] for name, row in listed.items()} == {c.name: c.url for c in fleet}
    assert all("kubeconfig" in row["source"] for row in listed.values())


async def test_simulate_is_a_fleet_for_status(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from callboard.app.main import main; main()",
        *("simulate", "--clusters", "2", "--base-port", "0", "--kubeconfig", str(tmp_path / "kubeconfig")),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            async for line in process.stdout:
                if line.startswith(b"ready"):
                    break
        (tmp_path / "app-config.yaml").write_text(CONFIG)
        (tmp_path / "catalog-info.yaml").write_text(CATALOG.format(name="dice-roller"))
        assert (await callboard(tmp_path, "status", "dice-roller")).code == 0
    finally:
        process.terminate()
        async with asyncio.timeout(20):
            assert await process.wait() == 0


async def test_a_check_of_clusters_finds_each_in_order(fleet: Fleet, place: Path) -> None:
    ran = await callboard(place, "clusters", "check", "--json")
    assert (ran.code, ran.json["exitCode"]) == (0, 0), ran.out
    for part, cluster in zip(ran.json["clusters"], fleet, strict=True):
        assert (part["name"], part["reachable"], part["problem"]) == (cluster.name, True, False)
        assert part["version"].startswith("v1.")
        assert part["knownAs"]
        assert all(permission["allowed"] for permission in part["permissions"])
    table = await callboard(place, "clusters", "check", fleet[0].name)
    assert table.out.count("reached in") == 1
    assert "known there as" in table.out


async def test_a_check_says_what_may_not_be_read_and_where_it_may(fleet: Fleet, place: Path) -> None:
    fleet.kubeconfig(place / "kubeconfig", "namespaced")
    ran = await callboard(place, "clusters", "check")
    assert ran.code == 1
    assert "may not: list pods" in ran.out
    assert "--namespaces" in ran.out
    ran = await callboard(place, "clusters", "check", "--namespaces", "games", "--json")
    allowed = {p["resource"]: p["allowed"] for p in ran.json["clusters"][0]["permissions"]}
    assert (allowed["pods"], allowed["deployments.apps"], allowed["pods/log"]) == (True, True, True)
    assert all(p["namespace"] == "games" for p in ran.json["clusters"][0]["permissions"])


async def test_a_check_tells_a_dead_cluster_from_one_that_does_not_accept_us(
    fleet: Fleet, place: Path
) -> None:
    (place / "app-config.yaml").write_text(CONFIG.replace("12, hardDeadline: 14", "3, hardDeadline: 4"))
    silent, rejects, *_ = fleet
    silent.chaos.on("hang")
    rejects.chaos.on("unauthorized")
    ran = await callboard(place, "clusters", "check", "--json")
    by_name = {part["name"]: part for part in ran.json["clusters"]}
    assert ran.code == 1
    assert (by_name[silent.name]["reachable"], by_name[silent.name]["problem"]) == (False, True)
    assert by_name[silent.name]["failure"]["code"] in ("deadline", "response-timeout")
    assert by_name[rejects.name]["reachable"]
    assert by_name[rejects.name]["failure"]["code"] == "unauthorized"
    assert sum(part["problem"] for part in by_name.values()) == 2


async def test_a_check_of_a_cluster_that_is_not_there_exits_with_3(place: Path) -> None:
    ran = await callboard(place, "clusters", "check", "nosuch")
    assert (ran.code, ran.out, "'nosuch'" in ran.err) == (3, "", True)
