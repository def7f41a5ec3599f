"""The Kubernetes tab: the portal's view, put in the order it is read in. Pure but for the asking."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

import msgspec

from callboard.base.errors import UsageError
from callboard.base.object_cache import ObjectCache
from callboard.extend.pages import Card, CardContext, Piece, Tab
from callboard.model.snapshot import ClusterState, Notice
from callboard.model.verdict import Health, Verdict
from callboard.portal.protocol import Portal
from callboard.portal.views import ClusterPart, KubernetesView, OutwardLinks, PodRow
from callboard.web.further import FurtherLink
from callboard.web.last_line import LastLine, line_wanted, read_line, with_lines
from callboard.web.matrix import LINES, KeptRows, Matrix, known_group, matrix, matrix_pieces
from callboard.web.outward import outward_links
from callboard.web.pod_list import PODS, PodList, PodOrder, pod_list, pod_list_pieces, pod_order
from callboard.web.troubles import ShownFinding, Troubles, troubles
from callboard.web.words import anchor, cluster_mark, cluster_word

__all__ = [
    "Asked",
    "ClusterPanel",
    "Heading",
    "KubernetesPage",
    "KubernetesTab",
    "PodTable",
    "StripEntry",
    "alarm_of",
    "kubernetes_page",
    "pieces",
]

PATIENCE = 0.4
"""Seconds the first answer waits for fast clusters: below what a person feels as waiting, above what a near cluster takes."""
LONGEST_WAIT = 20
"""Seconds a page without JavaScript may ask for with `?wait=`."""
FOLD_HEALTHY_FROM = 4
"""With so many clusters the healthy ones are folded: what runs there waits behind a click."""
TEMPLATES = "callboard/tabs/"
CARDS = "callboard/cards/"
TABLES_UP_TO = 200
"""Pods of a page with their tables in it. A page with more, of a service that is listened to, shows each pod as a tile, and a
table when its fold is opened: 2,000 pods weigh a quarter then, and so does each change of them."""
GROUP = "group"
"""The parameter of the address that says how clusters and pods are grouped."""
CLUSTERS = "clusters"
"""The id of the element that holds the clusters."""

_RANK = {Health.UNHEALTHY: 0, Health.PROGRESSING: 1, Health.UNKNOWN: 4, Health.NOTHING: 6, Health.HEALTHY: 7}


class ClusterPanel(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster as it is drawn: its part, its shape and word, and whether its details stand open at first."""

    part: ClusterPart
    mark: str
    word: str
    open: bool
    wide: bool = True
    """Whether it takes the whole width. Never by what comes and goes, such as whether it is current: a card that changes its
    width moves everything below it."""
    tables: bool = True
    """Whether the tables of pods stand in the page, or come when they are unfolded."""
    stale: bool = False
    restarted: datetime | None = None
    """Since when it was not heard of, where that is because Callboard was restarted."""

    @property
    def pods(self) -> tuple[PodRow, ...]:
        """All pods, those of workloads first."""
        return (*(pod for workload in self.part.workloads for pod in workload.pods), *self.part.pods)

    @property
    def absent(self) -> str:
        """The types that were looked for and are not there, said in a line."""
        return ", ".join(self.part.empty)

    @property
    def troubled(self) -> tuple[PodRow, ...]:
        """Those to be named at the top; the template shows a few."""
        # An evicted pod beside a workload that has all it wants is history, not trouble.
        ailing = self.part.verdict.health is not Health.HEALTHY
        return tuple(pod for pod in self.pods if pod.health is Health.UNHEALTHY and ailing)

    @property
    def looping(self) -> bool:
        """Whether the cluster's "since" is only that of the last crash, which each pod tells for itself: the trouble began
        before, and the page's head says when."""
        since = self.part.verdict.since
        return since is not None and any(p.last_restart and p.last_restart <= since for p in self.troubled)


class StripEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster in the row of all of them."""

    name: str
    display: str
    mark: str
    word: str
    gaps: bool
    stale: bool
    restarted: bool


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above the clusters. A value: two that are equal look the same. `as_of` only where it is shown."""

    verdict: Verdict
    """Without its clusters and findings, of which `strip` and `troubles` hold what is shown."""
    troubles: Troubles
    notices: tuple[Notice, ...]
    strip: tuple[StripEntry, ...]
    answered: int
    before: datetime | None
    """What those are as of that Callboard has not heard of since it was restarted; None where there are none."""
    failed: int
    settled: bool
    live: bool
    as_of: datetime | None
    last_line: LastLine | None = None
    """Of the crash that the first of the troubles is about."""
    links: tuple[FurtherLink, ...] = ()
    """Where its logs are kept, and its cluster's console."""

    @property
    def news(self) -> str:
        """What is said once to whoever has the page open when this is new."""
        first = self.troubles.first
        if first is None:
            return self.verdict.sentence
        title = first.finding.title
        return f"{first.word} in {first.where}: {first.finding.subject}, {title[:1].lower()}{title[1:]}"

    @property
    def news_key(self) -> str:
        """What tells news from another wording of the same: a pull that fails and is held back by turns is one trouble."""
        first = self.troubles.first
        return first.help if first is not None else str(self.verdict.health)


class PodTable(msgspec.Struct, frozen=True, kw_only=True):
    """The pods of one workload, or those without one, as a table. `of` names it among all of a page."""

    of: str
    pods: tuple[PodRow, ...]
    caption: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, and of which clusters: (name, as whom)."""

    selector: str
    namespaces: tuple[str, ...]
    clusters: tuple[tuple[str, str], ...]


class KubernetesPage(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """The tab. `panels` has trouble first. It holds its view's parts and not the view, with which it is kept."""

    heading: Heading
    matrix: Matrix
    panels: tuple[ClusterPanel, ...]
    group: str = ""
    """How its lines are grouped; "" for the usual way."""
    listed: PodList | None = None
    """All pods as a table, where that is asked for; then neither `matrix` nor `panels` are shown."""
    asked: Asked
    settled: bool
    live: bool = False


def kubernetes_page(
    view: KubernetesView,
    *,
    tables: bool = False,
    group: str = "",
    last_line: LastLine | None = None,
    outward: OutwardLinks | None = None,
    order: PodOrder | None = None,
    kept: KeptRows | None = None,
) -> KubernetesPage:
    """Arrange a view: clusters with trouble, then those awaited or failed, then the healthy; by name within each. `tables`
    puts every table of pods in, however many; such a page is as of now and not kept current. `group` is how the lines of the
    table of clusters are grouped (`web.matrix`). With `order` it is the table of all pods instead. `kept` holds the lines of
    clusters that have not changed."""
    many = len(view.clusters) >= FOLD_HEALTHY_FROM
    inline = tables or not view.live or sum(map(_count, view.clusters)) <= TABLES_UP_TO
    strip = sorted((_panel(part, many, inline) for part in view.clusters), key=lambda p: p.part.cluster.name)
    return KubernetesPage(
        heading=_heading(view, strip, last_line, outward or OutwardLinks()),
        matrix=matrix(() if order else view.clusters, group, kept),
        group=group,
        listed=pod_list(view.clusters, order) if order else None,
        panels=() if order else tuple(sorted(strip, key=_rank)),
        asked=Asked(
            selector=view.selector,
            namespaces=view.namespaces,
            clusters=tuple((panel.part.cluster.name, panel.part.asked_as) for panel in strip),
        ),
        settled=view.settled and not (last_line and last_line.awaited),
        live=view.live and not tables,
    )


def _heading(
    view: KubernetesView, strip: Sequence[ClusterPanel], last_line: LastLine | None, outward: OutwardLinks
) -> Heading:
    """`strip` keeps the clusters in one order for good."""
    told = troubles(view.verdict, {part.cluster.name: part.cluster.display for part in view.clusters})
    return Heading(
        verdict=msgspec.structs.replace(view.verdict, clusters=(), findings=()),
        troubles=told,
        notices=view.notices,
        strip=tuple(
            StripEntry(
                name=panel.part.cluster.name,
                display=panel.part.cluster.display,
                mark=panel.mark,
                word=panel.word,
                gaps=bool(panel.part.missing),
                stale=panel.stale,
                restarted=panel.restarted is not None,
            )
            for panel in strip
        ),
        answered=sum(1 for p in strip if p.part.state is ClusterState.ANSWERED and p.restarted is None),
        before=min((p.restarted for p in strip if p.restarted), default=None),
        failed=sum(1 for part in view.clusters if part.state is ClusterState.FAILED),
        settled=view.settled,
        live=view.live,
        as_of=None if view.live and view.settled else view.as_of,
        last_line=last_line,
        links=_links(view, told.first, outward),
    )


def _links(
    view: KubernetesView, trouble: ShownFinding | None, outward: OutwardLinks
) -> tuple[FurtherLink, ...]:
    if trouble is None:
        return ()
    cluster = next((p.cluster for p in view.clusters if p.cluster.name == trouble.cluster), None)
    if cluster is None:
        return ()
    finding = trouble.finding
    key, kind = (trouble.pod, "Pod") if trouble.pod else (trouble.object, trouble.kind)
    return outward_links(outward, view.entity, cluster, key, kind=kind, at=finding.since)


def alarm_of(view: object) -> str:
    """What the browser's tab is marked with for a view of a tab: how bad the worst is, "" where nothing alarms."""
    first = view.heading.troubles.first if isinstance(view, KubernetesPage) else None
    return first.impact if first is not None else ""


def _count(part: ClusterPart) -> int:
    return len(part.pods) + sum(len(workload.pods) for workload in part.workloads)


def _panel(part: ClusterPart, many: bool, tables: bool) -> ClusterPanel:
    calm = part.state is ClusterState.AWAITED or (
        part.verdict.health in (Health.HEALTHY, Health.NOTHING) and not part.missing
    )
    return ClusterPanel(
        part=part,
        mark=cluster_mark(part.state, part.verdict.health),
        word=cluster_word(part.state, part.verdict.health),
        open=not (many and calm),
        wide=not many or (part.verdict.health is Health.UNHEALTHY and part.state is not ClusterState.FAILED),
        tables=tables,
        stale=any(row.stale_since for row in part.freshness),
        restarted=min(
            (row.stale_since for row in part.freshness if row.restarted and row.stale_since), default=None
        ),
    )


def _rank(panel: ClusterPanel) -> int:
    if panel.part.state is ClusterState.FAILED:
        return 2
    if panel.part.state is ClusterState.AWAITED:
        return 3
    rank = _RANK[panel.part.verdict.health]
    return 5 if rank > 5 and panel.part.missing else rank


def pieces(page: KubernetesPage) -> tuple[Piece, ...]:
    """What the tab consists of: above, each cluster, below. Of a cluster all is decided by its part, which is the same
    object until something changes there, and by whether it stands open and holds its tables."""
    return (
        Piece(id="kubernetes-head", template=f"{TEMPLATES}kubernetes_head.html", view=page.heading),
        *(pod_list_pieces(page.listed) if page.listed else matrix_pieces(page.matrix)),
        *(
            Piece(
                id=anchor(panel.part.cluster.name, "cluster"),
                template=f"{TEMPLATES}kubernetes_cluster.html",
                view=panel,
                shows=panel.part,
                variant=(panel.open, panel.wide, panel.tables),
                within=CLUSTERS,
            )
            for panel in page.panels
        ),
        *(
            Piece(
                id=anchor(table.of, "table"),
                template=f"{TEMPLATES}kubernetes_pods.html",
                view=table,
                shows=panel.part,
                variant=table.of,
                within=anchor(table.of, "place"),
                on_demand=True,
            )
            for panel in page.panels
            if not panel.tables
            for table in _tables(panel.part)
        ),
        Piece(id="asked", template=f"{TEMPLATES}kubernetes_asked.html", view=page.asked),
    )


def _tables(part: ClusterPart) -> Iterator[PodTable]:
    cluster = part.cluster.name
    for item in part.workloads:
        if item.pods:
            caption = f"Pods of {item.row.key.name} in {cluster}"
            yield PodTable(of=str(item.row.key), pods=item.pods, caption=caption)
    if part.pods:
        yield PodTable(of=cluster, pods=part.pods, caption=f"Pods without a workload in {cluster}")


class KubernetesTab:
    """Asks the portal for the tab's views."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._pages: ObjectCache[KubernetesPage] = ObjectCache()
        self._rows = KeptRows()

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
            pieces=pieces,
            lists=(LINES, CLUSTERS, PODS),
            live_query=_form,
        )

    def card(self) -> Card:
        """The same in two lines, for the Overview tab: how it is, and where it runs."""
        return Card(
            key="kubernetes",
            title="Kubernetes",
            template=f"{CARDS}kubernetes.html",
            view=self.heading,
            applies=lambda entity: entity.runs_on_kubernetes,
            order=50,
        )

    async def heading(self, context: CardContext) -> Heading:
        """What is known after a moment's patience."""
        settled = await self._portal.kubernetes_settled(context.entity.ref, context.caller, within=PATIENCE)
        return self._page(settled).heading

    async def view(self, context: CardContext) -> KubernetesPage:
        """What is known after a moment's patience, or after `?wait=` seconds."""
        wait = _wait(context.query.get("wait", "0"))
        within = max(PATIENCE, wait)
        settled = await self._portal.kubernetes_settled(context.entity.ref, context.caller, within=within)
        group = known_group(settled.clusters, context.query.get(GROUP, ""))
        if settled.settled and context.query.get("tables") == "1":
            return kubernetes_page(
                settled,
                tables=True,
                group=group,
                last_line=await self._line(settled, context),
                outward=self._portal.outward(),
            )
        line = await self._line(settled, context) if wait else _awaited(settled)
        return self._page(settled, group, line, pod_order(context.query))

    async def live(self, context: CardContext) -> AsyncIterator[KubernetesPage]:
        """Every view as it comes; closing this closes the portal's iterator."""
        order = pod_order(context.query)
        views = self._portal.kubernetes(context.entity.ref, context.caller)
        async with aclosing(views) as each:
            lines = with_lines(
                each,
                lambda view: line_wanted(view.verdict),
                lambda wanted: read_line(self._portal, context.entity.ref, wanted, context.caller),
            )
            async with aclosing(lines) as pairs:
                async for view, line in pairs:
                    group = known_group(view.clusters, context.query.get(GROUP, ""))
                    yield self._page(view, group, line, order)

    def _page(
        self,
        view: KubernetesView,
        group: str = "",
        line: LastLine | None = None,
        order: PodOrder | None = None,
    ) -> KubernetesPage:
        """One page for all readers of one view: what is kept with it is made once. What one reader filters is nobody else's."""
        outward = self._portal.outward()
        variant = (group, line, outward, order)
        page = None if order and order.text else self._pages.get(view, variant)
        if page is None:
            page = kubernetes_page(
                view, group=group, last_line=line, outward=outward, order=order, kept=self._rows
            )
            if not (order and order.text):
                self._pages.put(view, page, variant)
        return page

    async def _line(self, view: KubernetesView, context: CardContext) -> LastLine | None:
        """The line itself, for a page that no script will add it to."""
        wanted = line_wanted(view.verdict)
        return await read_line(self._portal, context.entity.ref, wanted, context.caller) if wanted else None


def _form(page: KubernetesPage) -> Mapping[str, str]:
    """What of its address makes a page what it is."""
    if page.listed is not None:
        return page.listed.order.parameters()
    return {GROUP: page.group} if page.group else {}


def _awaited(view: KubernetesView) -> LastLine | None:
    wanted = line_wanted(view.verdict)
    return LastLine(wanted=wanted) if wanted else None


def _wait(text: str) -> float:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= LONGEST_WAIT):
        raise UsageError(f"“wait” in the address is a whole number of seconds from 0 to {LONGEST_WAIT}.")
    return float(text)
