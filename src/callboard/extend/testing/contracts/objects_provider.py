"""The contract of an objects provider."""

from collections.abc import Callable
from functools import partial
from typing import Any

from callboard.base.errors import UsageError
from callboard.extend.parts import ObjectsProvider
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.extend.testing.samples import sample_entity
from callboard.model.caller import Caller
from callboard.model.entity import SELECTOR_ANNOTATION, Entity
from callboard.model.snapshot import ServiceSnapshot

__all__ = ["check_objects_provider"]


async def check_objects_provider(
    provider: ObjectsProvider,
    *,
    entity: Entity | None = None,
    caller: Caller | None = None,
    within: float = 20.0,
) -> ServiceSnapshot | None:
    """Raises ContractBroken. `entity` is one that has objects. Gives its settled snapshot, for further tests."""
    caller, of = caller or Caller.loopback(), entity or sample_entity()
    laws = Laws(provider, ObjectsProvider, within=within)
    await laws.begin()
    settled = await _settles(laws, "objects()", of, lambda: provider.objects(of, caller))
    await laws.step_left("objects()", lambda: provider.objects(of, caller))
    again = await _settles(laws, "objects() after somebody left", of, lambda: provider.objects(of, caller))
    if settled is not None and again is not None and _names(settled) != _names(again):
        laws.broken("objects() tells of other clusters the second time")
    nowhere = frozenset({"no-such-cluster"})
    none = await _settles(
        laws, "objects() of an unknown cluster", of, lambda: provider.objects(of, caller, only=nowhere)
    )
    if none is not None and none.clusters:
        laws.broken("objects() gives clusters that `only` does not name")
    for one in _names(settled)[:1] if settled is not None else ():
        only = await _settles(
            laws,
            "objects() of one cluster",
            of,
            partial(provider.objects, of, caller, only=frozenset({one})),
        )
        if only is not None and _names(only) != [one]:
            laws.broken("objects() of one cluster gives others, or none")
    await _unreadable(laws, provider, caller)
    await laws.end()
    return settled


def _names(snapshot: ServiceSnapshot) -> list[str]:
    return [each.cluster.name for each in snapshot.clusters]


async def _settles(
    laws: Laws, what: str, entity: Entity, begin: Callable[[], object]
) -> ServiceSnapshot | None:
    given = await laws.steps(what, begin, until=lambda s: bool(getattr(s, "settled", False)))
    for each in given:
        if found := fits(ServiceSnapshot)(each):
            laws.broken(f"{what}: {found}")
            return None
        if each.entity != entity:
            laws.broken(f"{what} tells of another entity")
    if not given:
        laws.broken(f"{what} gives nothing: a snapshot comes first, whatever is in it")
        return None
    last: ServiceSnapshot = given[-1]
    if not last.settled:
        laws.broken(f"{what} ends before all is settled")
    names = [_names(s) for s in given if s.located]
    if any(name != names[-1] for name in names):
        laws.broken(f"{what} gives other clusters as it goes on")
    return last


async def _unreadable(laws: Laws, provider: ObjectsProvider, caller: Caller) -> None:
    """An annotation that is no selector is the author's to mend: UsageError, or a notice, and nothing is taken for healthy."""
    bad = sample_entity("odd", annotations={SELECTOR_ANNOTATION: "app in ("})

    async def first() -> Any:
        given = provider.objects(bad, caller)
        try:
            return [each async for each in given if each.settled][-1:]
        finally:
            await given.aclose()

    await laws.call(
        "objects() of an entity whose selector cannot be read", first, lambda _: "", raises=(UsageError,)
    )
