"""Which services there are to follow: what the catalog has, and where each may run."""

import asyncio
from collections.abc import Iterable

import structlog

from callboard.base.errors import CallboardError, UsageError
from callboard.catalog.catalog import Catalog
from callboard.catalog.search import SearchQuery
from callboard.extend.following import Following
from callboard.fleet.selection.selection import namespaces_of
from callboard.history.verdicts import Verdicts
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.grants import Grants
from callboard.portal.health.service_state import NOWHERE, Standing

__all__ = ["PAGE", "Roster"]

PAGE = 200
"""Entities taken in one go, before others get their turn."""
SIDE_BY_SIDE = 8
"""Entities located at once."""

_log = structlog.get_logger(__name__)


class Roster:
    """`services` are those that run on Kubernetes and whose annotations can be read."""

    def __init__(self, catalog: Catalog, verdicts: Verdicts) -> None:
        self.services: dict[EntityRef, Standing] = {}
        self._catalog = catalog
        self._verdicts = verdicts

    @property
    def revision(self) -> int:
        """Another number whenever `update` may find something."""
        return self._catalog.revision

    def has(self, standing: Standing) -> bool:
        """Whether it is still the one that stands for its entity."""
        return self.services.get(standing.entity.ref) is standing

    async def update(self, following: Following) -> tuple[list[Standing], list[Standing]]:
        """Follow exactly what the catalog has now; (new ones, those that are no more). A changed entity is both."""
        unseen = set(self.services)
        new: list[Standing] = []
        gone: list[Standing] = []
        offset = total = 0
        while offset <= total:
            query = SearchQuery(sort="name", offset=offset, limit=PAGE)
            found = await self._catalog.search(query, Caller.callboard())
            for entity in found.entities:
                if entity.runs_on_kubernetes and self._put(entity, following, new, gone):
                    unseen.discard(entity.ref)
            offset, total = offset + PAGE, found.total
            await asyncio.sleep(0)
        for ref in unseen:
            following.drop(ref)
            gone.append(self.services.pop(ref))
        await self.locate(new, following)
        remembered = await self._verdicts.last([s.entity.ref for s in new], Grants.everything())
        for standing in new:
            last = remembered.get(standing.entity.ref)
            if last is not None and standing.since is None:
                standing.since = (last.health, last.since)
        return new, gone

    async def locate(self, standings: Iterable[Standing], following: Following) -> None:
        """Find out anew where they may run, some side by side: a locator may have to ask somebody."""
        waiting = iter(list(standings))

        async def one_by_one() -> None:
            for number, standing in enumerate(waiting, 1):
                await self._locate(standing, following)
                if number % PAGE == 0:
                    await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            for _ in range(SIDE_BY_SIDE):
                group.create_task(one_by_one())

    async def _locate(self, standing: Standing, following: Following) -> None:
        try:
            found = await following.located(standing.entity)
        except CallboardError as error:
            standing.lost.add(NOWHERE)
            _log.debug("not-located", entity=str(standing.entity.ref), error=error.message)
            return
        standing.clusters = frozenset(c.name for c in found.clusters)
        standing.notices = found.notices
        standing.lost.discard(NOWHERE)

    def _put(self, entity: Entity, following: Following, new: list[Standing], gone: list[Standing]) -> bool:
        known = self.services.get(entity.ref)
        if known is not None and known.entity.metadata.etag == entity.metadata.etag:
            return True
        try:
            following.put(entity)
        except UsageError:
            return False  # its own page says what is wrong with its annotations
        standing = self.services[entity.ref] = Standing(entity, namespaces_of(entity)[0])
        if known is not None:
            standing.since = known.since
            gone.append(known)
        new.append(standing)
        return True
