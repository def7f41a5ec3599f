"""The Kubernetes tab: the portal's view, put in the order it is read in. Pure but for the asking."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import msgspec

from callboard.base.errors import UsageError
from callboard.extend.pages import CardContext, Tab
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import Health
from callboard.portal.protocol import Portal
from callboard.portal.views import ClusterPart, KubernetesView, PodRow
from callboard.web.words import cluster_mark, cluster_word

__all__ = ["ClusterPanel", "KubernetesPage", "KubernetesTab", "kubernetes_page"]

PATIENCE = 0.4
"""Seconds the first answer waits for fast clusters: below what a person feels as waiting, above what a near cluster takes."""
LONGEST_WAIT = 20
"""Seconds a page without JavaScript may ask for with `?wait=`."""
FOLD_HEALTHY_FROM = 4
"""With so many clusters the healthy ones are folded: what runs there waits behind a click."""
TROUBLED_PODS_SHOWN = 5

_RANK = {Health.UNHEALTHY: 0, Health.PROGRESSING: 1, Health.UNKNOWN: 4, Health.NOTHING: 6, Health.HEALTHY: 7}


class ClusterPanel(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster as it is drawn: its part, its shape and word, and whether its details stand open at first."""

    part: ClusterPart
    mark: str
    word: str
    open: bool
    pods: int
    troubled: tuple[PodRow, ...]
    more_troubled: int
    stale: bool = False


class KubernetesPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the template sees. `strip` keeps the clusters in one order for good; `panels` has trouble first."""

    view: KubernetesView
    strip: tuple[ClusterPanel, ...]
    panels: tuple[ClusterPanel, ...]
    settled: bool
    live: bool = False


def kubernetes_page(view: KubernetesView) -> KubernetesPage:
    """Arrange a view: clusters with trouble, then those awaited or failed, then the healthy; by name within each."""
    many = len(view.clusters) >= FOLD_HEALTHY_FROM
    strip = sorted((_panel(part, many) for part in view.clusters), key=lambda p: p.part.cluster.name)
    return KubernetesPage(
        view=view,
        strip=tuple(strip),
        panels=tuple(sorted(strip, key=_rank)),
        settled=view.settled,
        live=view.live,
    )


def _panel(part: ClusterPart, many: bool) -> ClusterPanel:
    pods = [pod for workload in part.workloads for pod in workload.pods] + list(part.pods)
    # An evicted pod beside a workload that has all it wants is history, not trouble.
    ailing = part.verdict.health is not Health.HEALTHY
    troubled = [pod for pod in pods if pod.health is Health.UNHEALTHY and ailing]
    calm = part.state is ClusterState.AWAITED or (
        part.verdict.health in (Health.HEALTHY, Health.NOTHING) and not part.missing
    )
    return ClusterPanel(
        part=part,
        mark=cluster_mark(part.state, part.verdict.health),
        word=cluster_word(part.state, part.verdict.health),
        open=not (many and calm),
        pods=len(pods),
        troubled=tuple(troubled[:TROUBLED_PODS_SHOWN]),
        more_troubled=max(0, len(troubled) - TROUBLED_PODS_SHOWN),
        stale=any(row.stale_since for row in part.freshness),
    )


def _rank(panel: ClusterPanel) -> int:
    if panel.part.state is ClusterState.FAILED:
        return 2
    if panel.part.state is ClusterState.AWAITED:
        return 3
    rank = _RANK[panel.part.verdict.health]
    return 5 if rank > 5 and panel.part.missing else rank


class KubernetesTab:
    """Asks the portal for the tab's views."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def tab(self) -> Tab:
        """Its registration. It applies to what can be expected to run."""
        return Tab(
            key="kubernetes",
            title="Kubernetes",
            template="callboard/tabs/kubernetes.html",
            view=self.view,
            applies=lambda entity: entity.runs_on_kubernetes,
            order=200,
            live=self.live,
        )

    async def view(self, context: CardContext) -> KubernetesPage:
        """What is known after a moment's patience, or after `?wait=` seconds."""
        within = max(PATIENCE, _wait(context.query.get("wait", "0")))
        settled = await self._portal.kubernetes_settled(context.entity.ref, context.caller, within=within)
        return kubernetes_page(settled)

    async def live(self, context: CardContext) -> AsyncIterator[KubernetesPage]:
        """Every view as it comes; closing this closes the portal's iterator."""
        views = self._portal.kubernetes(context.entity.ref, context.caller)
        async with aclosing(views) as each:
            async for view in each:
                yield kubernetes_page(view)


def _wait(text: str) -> float:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= LONGEST_WAIT):
        raise UsageError(f"“wait” in the address is a whole number of seconds from 0 to {LONGEST_WAIT}.")
    return float(text)
