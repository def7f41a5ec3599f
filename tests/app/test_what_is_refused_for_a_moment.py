"""Each type, refused by a cluster of its own: for a moment, as by an API server that has just started, and for good. What was
readable a moment ago is asked for again and again until it is, and nobody has to do anything for it."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from callboard.kube.limits import Limits
from callboard.simulator import Fleet
from support.faces import Faces, cut, faces, hurry
from support.shared_cluster import config_map, pod

REFUSED: Final = (
    "pods",
    "services",
    "configmaps",
    "limitranges",
    "resourcequotas",
    "deployments",
    "replicasets",
    "horizontalpodautoscalers",
    "jobs",
    "cronjobs",
    "ingresses",
    "statefulsets",
    "daemonsets",
    "events",
    "nodes",
    "*",
)
"""By clusters in their order; `*` is everything, discovery included."""
MOMENTARY: Final = ("forbidden", "unauthorized")


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    of = Limits.of
    hurry(monkeypatch)
    monkeypatch.setattr(
        Limits, "of", of
    )  # of 240 watches that each break after a quiet second, most would never stand


def refuse(fleet: Fleet, mode: str) -> None:
    for cluster, plural in zip(fleet, REFUSED, strict=True):
        for pattern in (f"*/{plural}*", f"*/{plural}") if plural != "*" else ("*",):
            cluster.chaos.on(mode, pattern)
        cut(cluster)


def furnish(fleet: Fleet) -> None:
    for cluster in fleet:
        cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab"}})
        pod(cluster, "helper", "lab")
        config_map(cluster, "settings", "lab")


async def whole(world: Faces) -> dict[str, dict[str, Any]]:
    """Each cluster's part, once nothing is missing and all of it is kept current."""
    parts: dict[str, dict[str, Any]] = {}
    for _ in range(150):
        await asyncio.sleep(0.2)
        document = await world.document()
        parts = {part["name"]: part for part in document["clusters"]}
        if all(_live(part) for part in parts.values()):
            return parts
    raise AssertionError({n: (p["missing"], p["freshness"]) for n, p in parts.items() if not _live(p)})


def _live(part: dict[str, Any]) -> bool:
    kept = [
        row for row in part["freshness"] if row["freshness"] in ("live", "polled") and not row["staleSince"]
    ]
    return part["state"] == "answered" and not part["missing"] and kept == part["freshness"] != []


def same(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is told of each cluster, without when."""
    told = ("state", "health", "sentence", "pods", "workloads", "others", "empty", "objects")
    return {name: {key: part[key] for key in told} for name, part in parts.items()}


def honest(part: dict[str, Any]) -> bool:
    """Whether everything is there, or it is said that something is not, or not known any more."""
    stale = any(row["staleSince"] for row in part["freshness"])
    return stale or bool(part["missing"]) or part["state"] != "answered" or len(part["pods"]) == 1


@pytest.mark.parametrize("mode", MOMENTARY)
async def test_after_a_moments_refusal_every_cluster_is_as_it_was(tmp_path: Path, mode: str) -> None:
    async with Fleet.start("quiet", clusters=len(REFUSED), speed=0.0) as fleet:
        furnish(fleet)
        async with faces(fleet, tmp_path, "dice-roller") as world, world.page():
            before = same(await whole(world))
            refuse(fleet, mode)
            for _ in range(8):
                await asyncio.sleep(0.1)
                assert all(map(honest, (await world.document())["clusters"]))
            for cluster in fleet:
                cluster.chaos.off()
            assert same(await whole(world)) == before


async def test_what_is_refused_for_good_is_told_and_new_rights_are_noticed(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=len(REFUSED), speed=0.0) as fleet:
        furnish(fleet)
        async with faces(fleet, tmp_path, "dice-roller") as world, world.page():
            before = same(await whole(world))
            refuse(fleet, "forbidden")
            lacking: dict[str, str] = {}
            async with asyncio.timeout(60):
                while len(lacking) < len(REFUSED):
                    await asyncio.sleep(0.2)
                    parts = {part["name"]: part for part in (await world.document())["clusters"]}
                    assert all(map(honest, parts.values()))
                    lacking = {
                        cluster.name: plural
                        for cluster, plural in zip(fleet, REFUSED, strict=True)
                        if plural in ("*", "events", "nodes") or _lacks(parts[cluster.name], plural)
                    }
            for cluster in fleet:
                cluster.chaos.off()
            assert same(await whole(world)) == before


def _lacks(part: dict[str, Any], plural: str) -> bool:
    """Whether it is said that this is refused, and nothing of it is shown."""
    told = " ".join(row["what"].lower() for row in part["missing"] if row["answer"] == "forbidden")
    rows = [*part["pods"], *part["others"], *part["workloads"]]
    shown = {row.get("type", "pods").partition(".")[0] for row in rows}
    return plural in told and plural not in shown
