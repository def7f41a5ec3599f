"""Whatever happens in a cluster, in whatever order, a viewer ends with what a fresh list shows."""

import asyncio
import random
from typing import Any

import pytest

from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from callboard.simulator.machinery.refusal import ApiRefusal
from support.fake_fleet import entity
from support.listening import Follower, contents, listening

ID = "backstage.io/kubernetes-id"
"""What is listed anew is compared with only where it is whole, on a busy machine too."""


def random_change(dice: random.Random, stand_in: StandIn, fleet: Fleet) -> None:
    """One of the things that happen: scaled, rolled out, labelled, made, deleted, aged, compacted, cut."""
    store = stand_in.store
    service = dice.choice(["dice-roller", "scoreboard"])
    patch: dict[str, Any]
    try:
        match dice.randrange(9):
            case 0:
                store.patch("deployments", service, {"spec": {"replicas": dice.randrange(5)}}, "games")
            case 1:
                env = [{"name": "ROUND", "value": str(dice.random())}]
                container = store.get("deployments", service, "games")["spec"]["template"]["spec"][
                    "containers"
                ][0]
                patch = {"spec": {"template": {"spec": {"containers": [{**container, "env": env}]}}}}
                store.patch("deployments", service, patch, "games")
            case 2:
                found = store.list("pods", "games")
                if found:
                    name = dice.choice(found)["metadata"]["name"]
                    store.delete("pods", name, "games", grace=0)
            case 3:
                number = dice.randrange(4)
                labels = {ID: dice.choice(["dice-roller", "scoreboard", "nobody"])}
                store.create(
                    {"metadata": {"name": f"c{number}", "labels": labels}}, "configmaps", namespace="games"
                )
            case 4:
                store.remove("configmaps", f"c{dice.randrange(4)}", "games")
            case 5:
                patch = {"metadata": {"labels": {ID: dice.choice(["dice-roller", "scoreboard", None])}}}
                store.patch("configmaps", f"c{dice.randrange(4)}", patch, "games")
            case 6:
                pods = store.list("pods", "games")
                if pods:
                    pod = dice.choice(pods)["metadata"]["name"]
                    patch = {"metadata": {"labels": {ID: dice.choice(["dice-roller", "scoreboard"])}}}
                    store.patch("pods", pod, patch, "games")
            case 7:
                store.compact()
            case _:
                assert stand_in._server is not None
                for handler in dice.sample(sorted(stand_in._server.connections, key=id), k=3):
                    if handler.transport is not None:
                        handler.transport.abort()
    except (ApiRefusal, ValueError):
        pass  # the object is there already, or is not, or there are not so many connections
    fleet.step(dice.choice([0, 1, 10]))


@pytest.mark.parametrize("seed", range(4))
async def test_a_viewers_snapshot_is_that_of_a_fresh_list(seed: int) -> None:
    dice = random.Random(seed)
    async with Fleet.start("quiet", seed=seed, speed=0.0) as fleet, listening(fleet) as world:
        services = [entity("dice-roller"), entity("scoreboard"), entity("dice-roller", namespace="games")]
        viewers = [Follower(world.provider, each) for each in services]
        async with viewers[0], viewers[1], viewers[2]:
            for viewer in viewers:
                await viewer.settled()
            for _ in range(3):
                for _ in range(dice.randrange(1, 25)):
                    random_change(dice, fleet[0], fleet)
                    if dice.random() < 0.3:
                        await asyncio.sleep(0.01)
                for viewer, each in zip(viewers, services, strict=True):
                    fresh = contents(await world.fresh(each))
                    await viewer.until(lambda s, fresh=fresh: contents(s) == fresh, within=20)  # type: ignore[misc]
