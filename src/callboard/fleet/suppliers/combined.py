"""All suppliers together: one list of clusters in which every name stands once."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from callboard.base.clock import Clock, SystemClock
from callboard.base.fence import DEADLINE, Fence
from callboard.base.settings import ClusterOverride
from callboard.extend.parts import ClusterSupplier, Supplied
from callboard.fleet.suppliers.lasting import LastingSupplier
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Link
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["CombinedSupplier", "NamedSupplier"]


class NamedSupplier(msgspec.Struct, frozen=True):
    """A supplier, the place in the configuration that asked for it, and the extension it comes from, "" for ours."""

    where: str
    supplier: ClusterSupplier
    extension: str = ""


class CombinedSupplier:
    """Asks every supplier at once and joins their clusters in the order of the configuration.

    A supplier that fails leaves the others' clusters in place, those it gave last, and a notice (`lasting.py`). Its code is
    `cluster-supplier-failed`, with `continue_on_error` (Backstage's `clusterLocatorContinueOnError`)
    `cluster-supplier-left-out`: either says that the answer is incomplete. Upstream fails the whole request by default; here
    one supplier never empties another's answer.

    Of two clusters of one name the first is used. Whoever held the name before keeps it; the other is refused with a notice
    naming both.
    """

    def __init__(
        self,
        suppliers: Sequence[NamedSupplier],
        *,
        overrides: Mapping[str, ClusterOverride] | None = None,
        continue_on_error: bool = False,
        notices: Sequence[Notice] = (),
        deadline: float = DEADLINE,
        clock: Clock | None = None,
    ) -> None:
        code = (
            NoticeCode.CLUSTER_SUPPLIER_LEFT_OUT if continue_on_error else NoticeCode.CLUSTER_SUPPLIER_FAILED
        )
        self.fences = tuple(
            Fence(f"the source of clusters {s.where}", s.extension, deadline=deadline) for s in suppliers
        )
        self._suppliers = tuple(
            LastingSupplier(s.supplier, fence, where=s.where, code=code, clock=clock or SystemClock())
            for s, fence in zip(suppliers, self.fences, strict=True)
        )
        self._overrides = overrides or {}
        self._notices = tuple(notices)
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
        """As `supplied`, with what the operator wrote in vain."""
        supplied = await self.supplied(caller)
        unknown = sorted(set(self._overrides) - {c.name for c in supplied.clusters})
        unused = (
            Notice(
                NoticeCode.CLUSTER_OVERRIDE_UNUSED,
                f"callboard.clusters.byName names {name!r}, but no supplier brings a cluster of that name",
            )
            for name in unknown
        )
        return Supplied(supplied.clusters, (*supplied.notices, *unused))

    async def _ask(self, caller: Caller) -> list[Supplied]:
        if len(self._suppliers) == 1:
            return [await self._suppliers[0].supplied(caller)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(s.supplied(caller)) for s in self._suppliers]
        return [t.result() for t in tasks]

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
