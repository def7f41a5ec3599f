"""All suppliers together: one list of clusters in which every name stands once."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from callboard.base.errors import CallboardError, Conflict
from callboard.base.settings import ClusterOverride
from callboard.extend.parts import ClusterSupplier, Supplied, TellingSupplier
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Link
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["CombinedSupplier", "NamedSupplier"]

log = structlog.get_logger(__name__)

DEADLINE = 10.0
"""Seconds one supplier may take: ours read files; a plugin's own cloud call should cache."""


class NamedSupplier(msgspec.Struct, frozen=True):
    """A supplier, and the place in the configuration that asked for it."""

    where: str
    supplier: ClusterSupplier


class CombinedSupplier:
    """Asks every supplier at once and joins their clusters in the order of the configuration.

    A supplier that fails leaves the others' clusters in place and a notice. Its code is `cluster-supplier-failed`: the
    answer is incomplete, and a verdict must say so; with `continue_on_error` (Backstage's
    `clusterLocatorContinueOnError`) it is `cluster-supplier-left-out`: the operator said that this is fine. Upstream fails the
    whole request by default; here one supplier never empties another's answer.

    Two clusters of one name: `check` raises Conflict. When it happens later, by a file that changed, whoever held the name
    before keeps it and the newcomer is refused with a notice naming both.
    """

    def __init__(
        self,
        suppliers: Sequence[NamedSupplier],
        *,
        overrides: Mapping[str, ClusterOverride] | None = None,
        continue_on_error: bool = False,
        notices: Sequence[Notice] = (),
        deadline: float = DEADLINE,
    ) -> None:
        self._suppliers = tuple(suppliers)
        self._overrides = overrides or {}
        self._continue = continue_on_error
        self._notices = tuple(notices)
        self._deadline = deadline
        self._holders: dict[str, str] = {}

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """The clusters alone."""
        return (await self.supplied(caller)).clusters

    async def supplied(self, caller: Caller) -> Supplied:
        """The clusters and what went wrong on the way. Never raises for a supplier's failure."""
        answers = await self._ask(caller)
        clusters, notices = self._resolve([c for answer in answers for c in answer.clusters])
        told = [n for answer in answers for n in answer.notices]
        return Supplied(
            tuple(_dressed(c, self._overrides.get(c.name)) for c in clusters),
            (*self._notices, *told, *notices),
        )

    async def check(self, caller: Caller) -> Supplied:
        """As `supplied`, for the start and for `callboard clusters check`: raises Conflict when a name is claimed twice."""
        answers = await self._ask(caller)
        seen: dict[str, Cluster] = {}
        for cluster in (c for answer in answers for c in answer.clusters):
            first = seen.setdefault(cluster.name, cluster)
            if first is not cluster:
                raise Conflict(_both(cluster.name, first.source, cluster.source), code="duplicate-cluster")
        self._holders = {name: cluster.source for name, cluster in seen.items()}
        unknown = sorted(set(self._overrides) - set(seen))
        supplied = Supplied(tuple(seen.values()), tuple(n for a in answers for n in a.notices))
        return Supplied(
            tuple(_dressed(c, self._overrides.get(c.name)) for c in supplied.clusters),
            (
                *self._notices,
                *supplied.notices,
                *(
                    Notice(
                        NoticeCode.CLUSTER_OVERRIDE_UNUSED,
                        f"callboard.clusters.byName names {name!r}, but no supplier brings a cluster of that name",
                    )
                    for name in unknown
                ),
            ),
        )

    async def _ask(self, caller: Caller) -> list[Supplied]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._one(s, caller), name=f"clusters of {s.where}")
                for s in self._suppliers
            ]
        return [t.result() for t in tasks]

    async def _one(self, named: NamedSupplier, caller: Caller) -> Supplied:
        supplier = named.supplier
        try:
            async with asyncio.timeout(self._deadline):
                if isinstance(supplier, TellingSupplier):
                    return await supplier.supplied(caller)
                return Supplied(tuple(await supplier.clusters(caller)))
        except CallboardError as error:
            why = error.message
        except TimeoutError:
            why = f"it did not answer within {self._deadline:g} seconds"
        except Exception as error:
            # A defect of a plugin must not take the other clusters along. Its message may hold anything: it is not shown.
            log.error(
                "a source of clusters failed; its clusters are missing until it works",
                source=named.where,
                error=type(error).__name__,
            )
            why = f"it failed unexpectedly ({type(error).__name__})"
        code = NoticeCode.CLUSTER_SUPPLIER_LEFT_OUT if self._continue else NoticeCode.CLUSTER_SUPPLIER_FAILED
        return Supplied((), (Notice(code, f"clusters of {named.where} are missing: {why}"),))

    def _resolve(self, clusters: Sequence[Cluster]) -> tuple[list[Cluster], list[Notice]]:
        claims: dict[str, list[Cluster]] = {}
        for cluster in clusters:
            claims.setdefault(cluster.name, []).append(cluster)
        kept: list[Cluster] = []
        notices: list[Notice] = []
        for name, claimants in claims.items():
            holder = next((c for c in claimants if c.source == self._holders.get(name)), claimants[0])
            kept.append(holder)
            notices += [
                Notice(
                    NoticeCode.DUPLICATE_CLUSTER,
                    _both(name, holder.source, c.source) + "; the second is not used",
                    cluster=name,
                )
                for c in claimants
                if c is not holder
            ]
        self._holders.update((c.name, c.source) for c in kept)
        return kept, notices


def _both(name: str, first: str, second: str) -> str:
    return f"two clusters are called {name!r}: {first} and {second}"


def _dressed(cluster: Cluster, override: ClusterOverride | None) -> Cluster:
    """With the labels and links that the operator gave it on top of its own."""
    if override is None or not (override.labels or override.links):
        return cluster
    return msgspec.structs.replace(
        cluster,
        labels={**cluster.labels, **override.labels},
        links=(*cluster.links, *(Link(title, url) for title, url in override.links.items())),
    )
