"""What is polled is as old as its last answer, though nothing in it has changed."""

import msgspec

from callboard.base.settings import KubernetesSettings
from callboard.model.outcome import Freshness
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, listening

DICE = entity("dice-roller")
FEW = KubernetesSettings(object_types=("pods", "deployments"))


async def test_an_answer_that_says_the_same_makes_it_younger() -> None:
    polled = msgspec.structs.replace(HUB, scope="entity")
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=polled, kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        first = (await viewer.settled()).clusters[0]
        assert {o.freshness for o in first.outcomes} == {Freshness.POLLED}
        for _ in range(2):
            before = viewer.part.as_of
            assert before is not None
            later = await viewer.until(lambda s, was=before: (s.clusters[0].as_of or was) > was)  # type: ignore[misc]
            assert [o.objects for o in later.clusters[0].outcomes] == [o.objects for o in first.outcomes]
