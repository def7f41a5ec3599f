"""The hub holds objects closed: no typed field stays in memory for an object that nobody looks at."""

from collections.abc import Iterator

import msgspec

from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.model.objects import KubeObject, ObjectMeta, PackedObject
from callboard.model.outcome import Freshness
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, listening

DICE = entity("dice-roller")


def reachable(thing: object, seen: set[int]) -> Iterator[object]:
    """Everything that values, containers and structs lead to from here."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    inner: list[object] = []
    if isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        inner = [*thing]
    elif isinstance(thing, msgspec.Struct):
        inner = [getattr(thing, name) for name in thing.__struct_fields__]
    elif hasattr(thing, "__dict__") and type(thing).__module__.startswith("callboard."):
        inner = [*vars(thing).values()]
    for each in inner:
        yield from reachable(each, seen)


def held_by(holdings: Holdings) -> list[object]:
    return list(reachable(holdings.objects, set()))


async def test_holdings_lead_to_no_typed_body() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        fleet[0].store.patch("deployments", "dice-roller", {"spec": {"replicas": 4}}, "games")
        fleet.step(10)
        await viewer.until(lambda s: sum(o.type.plural == "pods" for o in s.clusters[0].members()) == 4)
        streams = [s for s in world.hub.streams if len(s.held.objects)]
        assert "pods" in {s.question.type.plural for s in streams}
        for stream in streams:
            found = held_by(stream.held)
            assert sum(isinstance(each, PackedObject) for each in found) == len(stream.held.objects)
            assert not [each for each in found if isinstance(each, KubeObject | ObjectMeta)]


async def test_what_is_polled_is_held_closed_too() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=msgspec.structs.replace(HUB, streams=1)) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        polled = [
            s for s in world.hub.streams if s.held.freshness is Freshness.POLLED and len(s.held.objects)
        ]
        assert polled
        for stream in polled:
            found = held_by(stream.held)
            assert sum(isinstance(each, PackedObject) for each in found) == len(stream.held.objects)
            assert not [each for each in found if isinstance(each, KubeObject | ObjectMeta)]
