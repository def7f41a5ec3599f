"""The policies in force, and what they decide by: the catalog's directory, and what is known of each cluster."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import structlog

from callboard.access.policies.another import AnotherEngine
from callboard.access.policies.engine import ObjectPlace, PolicyEngine
from callboard.access.policies.keeping import PolicyKeeper
from callboard.access.policies.policies import load
from callboard.base.clock import Clock
from callboard.base.errors import BadInput, CallboardError, Problem
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.giving_way import giving_way
from callboard.base.settings import PoliciesSettings
from callboard.catalog.catalog import Catalog
from callboard.extend.deciding import DecisionEngine
from callboard.extend.parts import EntityReader
from callboard.extend.registration import Offered, PartConfig, Registration
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts
from callboard.model.permission import DONE_TO, Action, Resource, ResourceKind
from callboard.portal.views import PoliciesView, PolicyLine, Portion

__all__ = ["PoliciesInForce", "engine_of"]

AGAIN: Final = 2.0
"""Seconds between two looks which clusters there are, and whether the catalog is another."""

_log = structlog.get_logger(__name__)


class PoliciesInForce:
    """Until `keeper.use` nothing is allowed to anybody whom policies decide for. `clusters` gives those there are."""

    def __init__(
        self,
        catalog: Catalog,
        clusters: Callable[[], Awaitable[Sequence[Cluster]]],
        settings: Callable[[], PoliciesSettings],
        directory: Path,
    ) -> None:
        self._catalog = catalog
        self._clusters = clusters
        self._known: dict[str, ClusterFacts] = {}
        self.engine = PolicyEngine(load(()), lambda: catalog.company, self._cluster)
        self.keeper = PolicyKeeper(self.engine, settings, directory)
        self._needed = False
        """Whether anybody came for whom policies decide: the directory of a large catalog is made for them alone."""

    async def prepare(self, caller: Caller) -> None:
        """Bring up to date what is decided by, for whom it matters."""
        if self.engine.decides_for(caller):
            if not self._needed:
                self._needed = True
                await self._look()
            await self._catalog.directory()

    def knows(self, caller: Caller, name: str) -> bool:
        """Whether a caller may know of a cluster; nobody whom policies decide for knows of one that is not there."""
        if not self.engine.decides_for(caller):
            return True
        facts = self._known.get(name)
        return facts is not None and self.engine.on_cluster(caller, Action.CLUSTERS_READ, facts).allowed

    async def reach(self, caller: Caller) -> dict[Action, Portion]:
        """What somebody may do to the objects of the services they may read. It is the same where there is nothing else."""
        await self.prepare(caller)
        readable = await self._allowed(caller, Action.ENTITY_READ)
        services = {f.ref for f in self._catalog.company.all() if f.ref.kind == "component"}
        found: dict[Action, Portion] = {}
        for action in (Action.RESOURCES_READ, Action.LOGS_READ, Action.YAML_READ):
            allowed = await self._allowed(caller, action)
            if allowed is None:
                found[action] = Portion.ALL
                continue
            seen = {s for s in services if readable is None or s in readable}
            mine = seen & allowed
            found[action] = Portion.ALL if mine == seen else Portion.SOME if mine else Portion.NONE
        return found

    async def _allowed(self, caller: Caller, action: Action) -> frozenset[EntityRef] | None:
        """The entities to which somebody may do something, None for all; what another engine does not say in time is not
        among them."""
        found = await giving_way(self.engine.allowed(caller, action))
        if found.awaited:
            await self.engine.another_answered()
            found = await giving_way(self.engine.allowed(caller, action))
        return found.refs

    async def may_to_all(self, caller: Caller, action: Action) -> bool:
        """Whether somebody may do something to everything it can be done to: to each entity and its objects, wherever they are,
        to each cluster, to Callboard itself."""
        await self.prepare(caller)
        kinds = DONE_TO[action]
        if ResourceKind.PORTAL in kinds:
            about = Resource(kind=ResourceKind.PORTAL)
            return await self.engine.answered(lambda: self.engine.decide(caller, action, about).allowed)
        if ResourceKind.CLUSTER in kinds:
            known = tuple(self._known.values())

            def of_each() -> set[bool]:
                return {self.engine.on_cluster(caller, action, facts).allowed for facts in known}

            return False not in await self.engine.answered(of_each)
        if ResourceKind.PLACE in kinds and self.engine.decides_for(caller):
            uses = self.engine.uses(action)

            def of_all() -> set[bool]:
                return {
                    self.engine.on_place(caller, action, ObjectPlace(facts)).allowed
                    for facts in self._known.values()
                }

            narrow = uses.namespace or uses.type
            return not narrow and False not in await self.engine.answered(of_all)
        return await self._allowed(caller, action) is None

    async def use_engine(self, another: AnotherEngine | None) -> None:
        """Ask this engine besides, or none any more."""
        before = self.engine.another
        if another is not None:
            await another.start()
        self.engine.use_another(another)
        if before is not None:
            await before.close()

    async def close(self) -> None:
        """End what is under way."""
        await self.use_engine(None)

    def view(self) -> PoliciesView:
        """The policies, for whoever looks after them."""
        lines = (PolicyLine(p.id, p.effect, p.where, p.line) for p in self.engine.policies.places)
        return PoliciesView(
            policies=tuple(lines),
            problem=self.keeper.problem,
            errors=tuple(self.engine.errors),
            engine=self.engine.another.name if self.engine.another is not None else "",
        )

    def groups_of(self, caller: Caller) -> frozenset[str]:
        """All groups somebody counts as a member of, and they themselves."""
        return self._catalog.company.groups_of(caller.subject, caller.groups)

    async def run(self) -> None:
        """Keep up with catalog and clusters until cancelled."""
        while True:
            if self._needed:
                await self._look()
                await self._catalog.directory()
            await asyncio.sleep(AGAIN)

    async def _look(self) -> None:
        try:
            found = await self._clusters()
        except CallboardError as error:
            _log.debug("it cannot be told which clusters there are", error=error.message)
            return
        self._known = {c.name: ClusterFacts(name=c.name, labels=c.labels) for c in found}

    def _cluster(self, name: str) -> ClusterFacts:
        return self._known.get(name, ClusterFacts(name=name))


def engine_of(
    settings: PoliciesSettings,
    offered: Sequence[Offered[Registration[Any]]],
    *,
    clock: Clock,
    catalog: EntityReader,
    directory: Path,
) -> AnotherEngine | None:
    """The engine that the settings name, of those that extensions offer; None where they name none. Raises BadInput."""
    where = "callboard.access.policies.engine"
    if not settings.engine:
        return None
    found = next((each for each in offered if each.item.key == settings.engine), None)
    if found is None:
        there = ", ".join(sorted({each.item.key for each in offered}))
        raise BadInput(
            Problem(
                "no extension brings an engine of that name",
                where=where,
                found=settings.engine[:100],
                expected=f"one of: {there}" if there else "an extension that has the hook callboard_decide",
            )
        )
    config = PartConfig(options={}, where=where, base_dir=str(directory), clock=clock, entities=catalog)
    fence = Fence(f"the engine {settings.engine!r}", found.extension)

    def check(value: object) -> DecisionEngine:
        if not callable(getattr(value, "decide", None)):
            raise WrongAnswer("what has no method `decide`")
        return cast(DecisionEngine, value)

    made = fence.now("be made", lambda: found.item.make(config), check)
    return AnotherEngine(settings.engine, made, found.extension)
