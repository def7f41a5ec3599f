"""Of a service that is many objects on one cluster so many are shown and judged, and it is told that there are more."""

from types import ModuleType

import pytest

from callboard.base import aside as aside_module
from callboard.base.aside import aside
from callboard.fleet.hub import composition, hub, port
from callboard.fleet.hub.holdings import holdings
from callboard.model.outcome import Outcome
from callboard.model.snapshot import ServiceSnapshot
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, contents, listening

DICE = entity("dice-roller")
BOUND = 3


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded: tuple[ModuleType, ...] = (port, hub, holdings)
    for module in bounded:
        monkeypatch.setattr(module, "MOST_OF_ONE", BOUND)
    monkeypatch.setattr(composition, "LARGE", 0)


def config_maps(snapshot: ServiceSnapshot) -> Outcome:
    (found,) = [o for o in snapshot.clusters[0].outcomes if o.question.type.key == "configmaps"]
    return found


@pytest.mark.usefixtures("few")
async def test_what_goes_beyond_is_told_and_comes_into_sight_when_others_go() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        store = fleet[0].store
        before = len(store.list("configmaps"))
        labels = {"backstage.io/kubernetes-id": "dice-roller"}
        made = [f"extra-{n}" for n in range(BOUND + 3)]
        for name in made:
            meta = {"name": name, "namespace": "games", "labels": labels}
            store.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}})
        async with listening(fleet, hub=HUB) as world, Follower(world.provider, DICE) as viewer:
            first = config_maps(await viewer.settled())
            assert len(first.objects) == BOUND
            assert first.truncated
            shown = {o.name for o in first.objects}
            for name in made[:3]:
                store.delete("configmaps", name, "games")
            seen = await viewer.until(lambda s: not {o.name for o in config_maps(s).objects} & set(made[:3]))
            assert {o.name for o in config_maps(seen).objects} - shown
            for name in made[3:]:
                store.delete("configmaps", name, "games")
            await viewer.until(lambda s: not config_maps(s).truncated)
            fresh = contents(await world.fresh(DICE))
            await viewer.until(lambda s: contents(s) == fresh)
            assert len(store.list("configmaps")) == before


async def test_what_is_done_aside_is_let_go_of_on_the_loop_and_raises_as_it_would_here() -> None:
    def fails() -> int:
        raise ValueError("as here")

    assert await aside(lambda: 5) == 5
    with pytest.raises(ValueError, match="as here"):
        await aside(fails)
    assert aside_module._THREAD._max_workers == 1
