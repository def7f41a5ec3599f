"""After a restart the hub shows what it held, says since when, and goes on from there; it ends with what a fresh list shows."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from callboard.base.clock import SystemClock
from callboard.base.settings import CheckpointSettings, KubernetesSettings
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import CheckpointReader, Header
from callboard.fleet.hub.port import Source
from callboard.model.objects import PackedObject
from callboard.model.outcome import Answer, FailureCode, Freshness, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.model.snapshot import ClusterState, ServiceSnapshot
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, entity
from support.listening import BRIEF, HUB, Follower, Listening, contents, eventually, listening

DICE = entity("dice-roller")
KEEPING = msgspec.structs.replace(HUB, keep=60.0)
"""Streams that are still there when Callboard stops, whoever looked."""


def checkpoints(directory: Path) -> Checkpoints:
    return Checkpoints(Files(directory), CheckpointSettings(), SystemClock())


async def seen_once(fleet: Fleet, directory: Path) -> ServiceSnapshot:
    """A first life: somebody looks, then Callboard is stopped."""
    kept = checkpoints(directory)
    async with (
        listening(fleet, hub=KEEPING, checkpoints=kept) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        settled = await viewer.settled()
    assert kept.written
    for cluster in fleet:
        cluster.counters.reset()
    return settled


def watches(server: StandIn, plural: str) -> list[str]:
    return [path for _, path, _ in server.counters.log if f"/{plural}?" in path]


async def same_as_fresh(world: Listening, viewer: Follower) -> None:
    fresh = contents(await world.fresh(DICE))
    await viewer.until(lambda s: contents(s) == fresh)
    await eventually(lambda: all(not o.stale_since for o in viewer.part.outcomes))


def change(server: StandIn) -> None:
    server.store.patch("deployments", "dice-roller", {"metadata": {"labels": {"round": "after"}}}, "games")
    server.store.patch("deployments", "dice-roller", {"spec": {"replicas": 1}}, "games")


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming lists", "list and watch"])
async def test_watches_are_resumed_and_nothing_is_listed(tmp_path: Path, streaming: bool) -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        for server in fleet:
            server.streaming_lists = streaming
        await seen_once(fleet, tmp_path)
        change(fleet[0])
        fleet.step(5)
        async with (
            listening(fleet, hub=KEEPING, checkpoints=checkpoints(tmp_path)) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            await viewer.settled()
            await eventually(lambda: all(not o.stale_since for o in viewer.part.outcomes))
            for server in fleet:
                for plural in ("pods", "deployments", "replicasets", "services", "configmaps"):
                    (only,) = watches(server, plural)
                    assert "watch=true" in only
                    assert "resourceVersion=" in only
                    assert "sendInitialEvents" not in only
            await same_as_fresh(world, viewer)
            assert {o.freshness for o in viewer.part.outcomes} == {Freshness.LIVE}


async def test_what_was_judged_by_other_rules_is_shown_and_listed_anew(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        before = await seen_once(fleet, tmp_path)
        kept = Checkpoints(Files(tmp_path), CheckpointSettings(), SystemClock(), judged="rules of tomorrow")
        async with (
            listening(fleet, hub=KEEPING, checkpoints=kept) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            first = await viewer.until(
                lambda s: bool(s.clusters) and s.clusters[0].state is ClusterState.ANSWERED
            )
            assert {o.name for o in first.clusters[0].objects()} == {
                o.name for o in before.clusters[0].objects()
            }
            await same_as_fresh(world, viewer)
            assert not any(
                "resourceVersion=" in path and "sendInitialEvents" not in path
                for path in watches(fleet[0], "pods")[:1]
            )


async def test_what_the_server_has_forgotten_is_listed_anew_and_what_is_gone_goes(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        before = await seen_once(fleet, tmp_path)
        change(fleet[0])
        fleet.step(5)
        fleet[0].store.compact()
        async with (
            listening(fleet, hub=KEEPING, checkpoints=checkpoints(tmp_path)) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            await same_as_fresh(world, viewer)
            now = {o.name for o in viewer.part.objects()}
            assert {o.name for o in before.clusters[0].objects()} - now


async def test_while_no_cluster_answers_it_shows_what_was_known_and_since_when(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        before = (await seen_once(fleet, tmp_path)).clusters[0]
        server = fleet[0]
        hang = server.chaos.on("hang")
        async with (
            listening(fleet, hub=KEEPING, limits=BRIEF, checkpoints=checkpoints(tmp_path)) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            shown = (await viewer.until(lambda s: s.clusters[0].state is ClusterState.ANSWERED)).clusters[0]
            assert [o.objects for o in shown.outcomes] == [o.objects for o in before.outcomes]
            for outcome in shown.outcomes:
                assert outcome.stale_since is not None
                assert outcome.stale_since == outcome.as_of
                assert outcome.failure is not None
                assert outcome.failure.code is FailureCode.RESTARTED
            assert shown.as_of == min(o.as_of for o in shown.outcomes if o.as_of)
            change(server)
            fleet.step(5)
            server.chaos.off(hang)
            await same_as_fresh(world, viewer)


async def test_a_cluster_that_is_down_stays_as_it_was_with_its_own_words_and_heals(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        before = (await seen_once(fleet, tmp_path)).clusters[0]
        server = fleet[0]
        port, pair = int(server.url.rpartition(":")[2]), server._pair
        assert pair is not None
        await server.close()
        async with (
            listening(fleet, hub=KEEPING, checkpoints=checkpoints(tmp_path)) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            down = await viewer.until(
                lambda s: all(
                    o.failure is not None and o.failure.code is FailureCode.CONNECTION
                    for o in s.clusters[0].outcomes
                )
            )
            part = down.clusters[0]
            assert [o.objects for o in part.outcomes] == [o.objects for o in before.outcomes]
            assert all(o.stale_since == o.as_of for o in part.outcomes)
            change(server)
            fleet.step(5)
            await server.serve(pair, port)
            await viewer.until(lambda s: not any(o.stale_since for o in s.clusters[0].outcomes), within=40)
            await same_as_fresh(world, viewer)


async def test_what_may_no_longer_be_seen_is_gone_from_page_and_disk(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        before = (await seen_once(fleet, tmp_path)).clusters[0]
        fleet[0].chaos.on("forbidden", "*")
        kept = checkpoints(tmp_path)
        async with (
            listening(fleet, hub=KEEPING, checkpoints=kept) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            await viewer.until(
                lambda s: all(o.answer is Answer.FORBIDDEN for o in s.clusters[0].outcomes), within=20
            )
            assert kept.read
        asked = {o.question.type.key for o in before.outcomes}
        assert not asked & {header_of(path).question.type.key for path in files(tmp_path)}


async def test_of_secrets_tokens_and_managed_fields_nothing_is_on_disk(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        store = fleet[0].store
        labels = {"app.kubernetes.io/name": "dice-roller", "backstage.io/kubernetes-id": "dice-roller"}
        store.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "canary-name", "namespace": "games", "labels": labels},
                "stringData": {"canary-key": "canary-value"},
            },
        )
        copy = {"kubectl.kubernetes.io/last-applied-configuration": "canary-copy"}
        store.patch("deployments", "dice-roller", {"metadata": {"annotations": copy}}, "games")
        secrets_too = KubernetesSettings(object_types=("pods", "secrets", "deployments", "configmaps"))
        kept = checkpoints(tmp_path)
        async with (
            listening(fleet, hub=KEEPING, checkpoints=kept, kubernetes=secrets_too) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            shown = await viewer.settled()
            assert "canary-name" in {o.name for o in shown.clusters[0].objects()}
            token = world.tokens.tokens[fleet[0].name]
        assert kept.written
        opened = b"".join(o.json() for path in files(tmp_path) for o in held(path))
        assert b"dice-roller" in opened
        everything = opened + b"".join(path.read_bytes() for path in files(tmp_path))
        for canary in ("canary", "managedFields", token):
            assert canary.encode() not in everything


async def test_a_callers_own_credential_never_reads_for_others(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        kept = checkpoints(tmp_path)
        async with listening(fleet, hub=KEEPING, checkpoints=kept) as world:
            world.tokens.own = True
            (cluster,) = await world.parts.clusters.clusters(CALLER)
            source = Source(
                cluster,
                "admin",
                lambda: world.tokens.credential(cluster, CALLER),
                world.parts.fetcher,
                KEEPING,
            )
            reader = world.hub.subscribe(source)
            reader.want([Question(type=KNOWN_TYPES[0])])
            async with asyncio.timeout(10):
                while not (told := [u for u in reader.take() if u.status.failure]):
                    await reader.wait()
            assert told[0].status.failure is not None
            assert told[0].status.failure.code is FailureCode.CREDENTIAL
            assert world.requests() == 0
            reader.close()
        assert not files(tmp_path)


async def test_what_is_written_while_callboard_runs_is_enough_after_a_crash(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        kept = Checkpoints(Files(tmp_path), CheckpointSettings(every=0.05), SystemClock())
        async with listening(fleet, hub=KEEPING, checkpoints=kept) as world:
            async with Follower(world.provider, DICE) as viewer:
                before = (await viewer.settled()).clusters[0]
                await eventually(lambda: kept.written >= len(before.outcomes))
            kept._ready = False  # a crash writes nothing more
        fleet[0].chaos.on("hang")
        async with (
            listening(fleet, hub=KEEPING, checkpoints=checkpoints(tmp_path)) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            shown = await viewer.until(lambda s: s.clusters[0].state is ClusterState.ANSWERED)
            assert [o.objects for o in shown.clusters[0].outcomes] == [o.objects for o in before.outcomes]


WRITER = """
import itertools, sys
from pathlib import Path
import test_checkpoints_are_whole_or_nothing as those
from callboard.fleet.hub.checkpoint.files import Files
files, found = Files(Path(sys.argv[1])), those.objects(3000)
files.prepare()
for number in itertools.count(1):
    files.write("one", those.header(len(found), version=str(number)), found, most=1 << 30)
    print(number, flush=True)
"""


async def test_killed_while_writing_the_old_file_is_whole(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, str(tmp_path / "hub")),
        env={**os.environ, "PYTHONPATH": paths},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        last = [int(await process.stdout.readline()) for _ in range(3)][-1]
        await eventually(lambda: any((tmp_path / "hub").glob("*.unfinished")))
        process.send_signal(signal.SIGKILL)
        await process.wait()
    file = tmp_path / "hub" / "one.checkpoint"
    assert len(held(file)) == 3000
    assert int(header_of(file).version) >= last


def files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


def header_of(file: Path) -> Header:
    with file.open("rb") as opened:
        return CheckpointReader(opened, file.stat().st_size).header()


def held(file: Path) -> list[PackedObject]:
    with file.open("rb") as opened:
        reader = CheckpointReader(opened, file.stat().st_size)
        reader.header()
        found = list[PackedObject]()
        while (block := reader.block()) is not None:
            found += block
    return found
