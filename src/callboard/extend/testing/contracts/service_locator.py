"""The contract of a service locator."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from callboard.base.errors import CallboardError
from callboard.extend.parts import Located, ServiceLocator
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.extend.testing.samples import sample_cluster, sample_entity
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity

__all__ = ["check_service_locator"]


async def check_service_locator(
    locator: ServiceLocator,
    *,
    entities: Sequence[Entity] = (),
    clusters: Sequence[Cluster] = (),
    broken: ServiceLocator | None = None,
    hanging: ServiceLocator | None = None,
    caller: Caller | None = None,
    within: float = 5.0,
) -> None:
    """Raises ContractBroken. `entities` and `clusters` are some that mean something to it; `broken` is one of the kind whose
    source cannot be read, `hanging` one whose source does not answer."""
    caller = caller or Caller.loopback()
    known = tuple(clusters) or (sample_cluster("eu"), sample_cluster("us"))
    laws = Laws(locator, ServiceLocator, within=within)
    await laws.begin()
    strange = (
        sample_entity(),
        sample_entity("bare", annotations={}),
        sample_entity("odd", annotations={"backstage.io/kubernetes-id": "\x00'\"<&", "": ""}),
        sample_entity("group", kind="Group", spec={"owner": 7, "dependsOn": {"not": "a list"}}),
    )
    for entity in (*entities, *strange):
        what = f"locate() of {entity.ref}"
        await laws.steady(what, partial(locator.locate, entity, known, caller), _among(known), _where)
        await laws.call(
            f"{what} where there are no clusters",
            partial(locator.locate, entity, (), caller),
            _among(()),
        )
    for entity in strange[1:]:
        await laws.call(
            f"locate() of {entity.ref} for who is not known",
            partial(locator.locate, entity, known, Caller.anonymous()),
            _among(known),
            raises=(CallboardError,),
        )
    if broken is not None:
        await laws.fails(
            "locate() whose source cannot be read", lambda: broken.locate(strange[0], known, caller)
        )
    if hanging is not None:
        await laws.hangs(
            "locate() whose source does not answer", lambda: hanging.locate(strange[0], known, caller)
        )
    await laws.end()


def _where(located: Located) -> list[str]:
    return [each.name for each in located.clusters]


def _among(known: Sequence[Cluster]) -> Any:
    def check(value: object) -> str:
        if found := fits(Located)(value):
            return found
        assert isinstance(value, Located)  # noqa: S101 - it fits
        names = [each.name for each in known]
        strange = [each.name for each in value.clusters if each.name not in names]
        if strange:
            return f"it gives the cluster {strange[0]!r}, which is none of those it was given"
        if len(set(_where(value))) != len(value.clusters):
            return "it gives a cluster twice"
        if any(not n.code or not n.message for n in value.notices):
            return "a notice has no code, or says nothing"
        return ""

    return check
