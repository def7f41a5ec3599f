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
from callboard.portal.health.service_state import NOWHERE, ServiceState

__all__ = ["PAGE", "FollowedServices"]

PAGE = 200
"""Entities taken in one go, before others get their turn."""
SIDE_BY_SIDE = 8
"""Entities located at once."""

_log = structlog.get_logger(__name__)


class FollowedServices:
    """`services` are those that run on Kubernetes and whose annotations can be read."""

    def __init__(self, catalog: Catalog, verdicts: Verdicts) -> None:
        self.services: dict[EntityRef, ServiceState] = {}
        self._catalog = catalog
        self._verdicts = verdicts

    @property
    def revision(self) -> int:
        """Another number whenever `update` may find something."""
        return self._catalog.revision

    def has(self, service: ServiceState) -> bool:
        """Whether it is still the one that stands for its entity."""
        return self.services.get(service.entity.ref) is service

    async def update(self, following: Following) -> tuple[list[ServiceState], list[ServiceState]]:
        """Follow exactly what the catalog has now; (new ones, those that are no more). A changed entity is both."""
        unseen = set(self.services)
        new: list[ServiceState] = []
        gone: list[ServiceState] = []
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
        for service in new:
            last = remembered.get(service.entity.ref)
            if last is not None and service.since is None:
                service.since = (last.health, last.since)
        return new, gone

    async def locate(self, states: Iterable[ServiceState], following: Following) -> None:
        """Find out anew where they may run, some side by side: a locator may have to ask somebody."""
        waiting = iter(list(states))

        async def one_by_one() -> None:
            for number, service in enumerate(waiting, 1):
                await self._locate(service, following)
                if number % PAGE == 0:
                    await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            for _ in range(SIDE_BY_SIDE):
                group.create_task(one_by_one())

    async def _locate(self, service: ServiceState, following: Following) -> None:
        try:
            found = await following.located(service.entity)
        except CallboardError as error:
            service.lost.add(NOWHERE)
            _log.debug("not-located", entity=str(service.entity.ref), error=error.message)
            return
        service.clusters = frozenset(c.name for c in found.clusters)
        service.notices = found.notices
        service.lost.discard(NOWHERE)

    def _put(
        self, entity: Entity, following: Following, new: list[ServiceState], gone: list[ServiceState]
    ) -> bool:
        known = self.services.get(entity.ref)
        if known is not None and known.entity.metadata.etag == entity.metadata.etag:
            return True
        try:
            following.put(entity)
        except UsageError:
            return False  # its own page says what is wrong with its annotations
        service = self.services[entity.ref] = ServiceState(entity, namespaces_of(entity)[0])
        if known is not None:
            service.since = known.since
            gone.append(known)
        new.append(service)
        return True
