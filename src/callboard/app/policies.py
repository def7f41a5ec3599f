"""The policies in force, and what they decide by: the catalog's directory, and what is known of each cluster."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from callboard.access.policies.engine import PolicyEngine
from callboard.access.policies.keeping import PolicyKeeper
from callboard.access.policies.policies import load
from callboard.base.errors import CallboardError
from callboard.base.settings import PoliciesSettings
from callboard.catalog.catalog import Catalog
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.facts import ClusterFacts
from callboard.model.permission import DONE_TO, Action, Resource, ResourceKind
from callboard.portal.views import PoliciesView, PolicyLine

__all__ = ["PoliciesInForce"]

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

    async def may_to_all(self, caller: Caller, action: Action) -> bool:
        """Whether somebody may do something to everything it can be done to: to each entity and its objects, wherever they are,
        to each cluster, to Callboard itself."""
        await self.prepare(caller)
        kinds = DONE_TO[action]
        if ResourceKind.PORTAL in kinds:
            return self.engine.decide(caller, action, Resource(kind=ResourceKind.PORTAL)).allowed
        if ResourceKind.CLUSTER in kinds:
            return all(
                self.engine.on_cluster(caller, action, facts).allowed for facts in self._known.values()
            )
        deciding = self.engine.allowed(caller, action)
        while True:
            try:
                next(deciding)
            except StopIteration as done:
                return done.value is None
            await asyncio.sleep(0)

    def view(self) -> PoliciesView:
        """The policies, for whoever looks after them."""
        lines = (PolicyLine(p.id, p.effect, p.where, p.line) for p in self.engine.policies.places)
        return PoliciesView(
            policies=tuple(lines), problem=self.keeper.problem, errors=tuple(self.engine.errors)
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
