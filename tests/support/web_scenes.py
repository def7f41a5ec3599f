"""Hand-made views for the pages, and a portal that yields them: what a page shows is decided here, to the letter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from callboard.base.errors import NotFound
from callboard.base.settings import ConnectSettings
from callboard.extend.pages import Card, Tab
from callboard.model.audit import AuditDeed, AuditEvent, AuditFilter, AuditOutcome, AuditPage
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, ClusterInfo, Link
from callboard.model.entity import Entity, EntityLink, EntityMeta, EntityRef, Relation
from callboard.model.finding import Finding
from callboard.model.outcome import Answer
from callboard.model.permission import Action
from callboard.model.snapshot import ClusterState, Notice
from callboard.model.verdict import ClusterVerdict, Health, Verdict
from callboard.portal.administration.administration import Administration
from callboard.portal.connecting import cluster_access
from callboard.portal.protocol import ListOrder, LogFollow, LogQuery, ServicesQuery
from callboard.portal.views import (
    ClusterAccess,
    ClusterPart,
    ConditionRow,
    ContainerRow,
    Count,
    CrashesView,
    CrashLog,
    EventRow,
    EventsPart,
    Facet,
    Field,
    HealthTally,
    HelpView,
    KubernetesView,
    LineSpan,
    LogRow,
    LogSource,
    LogView,
    MissingRow,
    ObjectKey,
    ObjectRow,
    ObjectView,
    OutwardLinks,
    OwnerRow,
    PodRow,
    PoliciesView,
    PolicyLine,
    ReaderView,
    RelatedEntity,
    RelationGroup,
    Section,
    ServiceRow,
    ServicesView,
    ServiceView,
    WorkloadPart,
)
from callboard.web.plugin import Pages
from support.followed_log import Followed

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REF = EntityRef("component", "default", "dice-roller")
HOSTILE = "<script>alert(1)</script>\"'&<hx-partial>"

ENTITY = Entity(
    api_version="backstage.io/v1alpha1",
    kind="Component",
    metadata=EntityMeta(
        name="dice-roller",
        title="Dice roller",
        description="Rolls dice for everyone who asks.\nTwo dice at once since March.",
        annotations={"backstage.io/kubernetes-id": "dice-roller"},
        labels={"tier": "web"},
        tags=("java", "games"),
        links=(
            EntityLink("https://example.org/runbook", "Runbook"),
            EntityLink("javascript:alert(1)", "Trap"),
        ),
    ),
    spec={"type": "service", "lifecycle": "production", "owner": "team-games", "system": "casino"},
    relations=(Relation("ownedBy", "group:default/team-games"),),
)


def pod(
    cluster: str, name: str, health: Health = Health.HEALTHY, status: str = "Running", **changes: object
) -> PodRow:
    """A pod with one container."""
    good = health is Health.HEALTHY
    row = PodRow(
        key=ObjectKey(cluster, "pods", "dice", name),
        health=health,
        status=status,
        ready=1 if good else 0,
        total=1,
        created=NOW - timedelta(hours=5),
        node="node-3",
        containers=(container(good=good),),
    )
    return msgspec.structs.replace(row, **changes)


def container(*, good: bool = True) -> ContainerRow:
    """A container, running or crash-looping."""
    return ContainerRow(
        name="roller",
        image="registry.example.org/games/dice-roller:1.43.0",
        state="running" if good else "waiting: CrashLoopBackOff",
        detail=""
        if good
        else "the last run ended with exit code 1 (Error). back-off 5m0s restarting failed container",
        health=Health.HEALTHY if good else Health.UNHEALTHY,
        ready=good,
        restarts=0 if good else 12,
        has_log=True,
        has_previous=not good,
        since=NOW - timedelta(minutes=7),
    )


def workload(
    cluster: str, pods: tuple[PodRow, ...], health: Health = Health.HEALTHY, reason: str = ""
) -> WorkloadPart:
    """A Deployment with these pods."""
    ready = sum(1 for p in pods if p.health is Health.HEALTHY)
    return WorkloadPart(
        row=row(cluster, "deployments.apps", "Deployment", "dice-roller", health=health, reason=reason),
        desired=len(pods),
        ready=ready,
        rollout=f"{ready} of {len(pods)} ready",
        revision="43",
        images=("registry.example.org/games/dice-roller:1.43.0",),
        pods=pods,
        children=(row(cluster, "replicasets.apps", "ReplicaSet", "dice-roller-7d9f", referenced=True),),
        scaler=row(
            cluster,
            "horizontalpodautoscalers.autoscaling",
            "HorizontalPodAutoscaler",
            "dice-hpa",
            summary="3 now, 2 to 10",
        ),
    )


def row(cluster: str, type_key: str, kind: str, name: str, **changes: object) -> ObjectRow:
    """Any object as a row."""
    made = ObjectRow(
        key=ObjectKey(cluster, type_key, "dice", name),
        kind=kind,
        health=Health.HEALTHY,
        created=NOW - timedelta(days=2),
    )
    return msgspec.structs.replace(made, **changes)


def info(name: str) -> ClusterInfo:
    """A cluster with the labels and link of its kind."""
    return ClusterInfo(
        name=name,
        labels={"region": name.rpartition("-")[0], "environment": "production"},
        links=(Link("Console", "https://console.example.org"),),
    )


def healthy(name: str, pods: int = 3) -> ClusterPart:
    """Everything runs; one type is empty, one object could not be read."""
    return ClusterPart(
        cluster=info(name),
        state=ClusterState.ANSWERED,
        verdict=ClusterVerdict(cluster=name, health=Health.HEALTHY, sentence=f"All {pods} pods are ready."),
        workloads=(workload(name, tuple(pod(name, f"dice-roller-7d9f-{i:02}x") for i in range(pods))),),
        sections=(
            Section(
                "network",
                "Services and routes",
                (
                    row(name, "services", "Service", "dice", summary="ClusterIP 10.0.3.7, port 80"),
                    row(
                        name, "ingresses.networking.k8s.io", "Ingress", "dice-in", summary="dice.example.org"
                    ),
                ),
            ),
            Section(
                "config",
                "Configuration",
                (row(name, "configmaps", "ConfigMap", "dice-conf", summary="4 keys"),),
            ),
        ),
        events=EventsPart(answer=Answer.EMPTY, plain="No warnings in about the last hour."),
        empty=("cronjobs", "jobs"),
        objects=9,
        asked_as="serviceAccount callboard",
        as_of=NOW - timedelta(seconds=2),
        took=0.084,
    )


def troubled(name: str, restarts: int = 12) -> ClusterPart:
    """One of two pods crash-loops; a type is forbidden; an event tells why."""
    bad = pod(
        name,
        "dice-roller-8c4b-kk2",
        Health.UNHEALTHY,
        "CrashLoopBackOff",
        restarts=restarts,
        last_restart=NOW - timedelta(minutes=2),
        detail="back-off 5m0s restarting failed container=roller",
    )
    pods = (bad, pod(name, "dice-roller-7d9f-abc"))
    return msgspec.structs.replace(
        healthy(name),
        verdict=ClusterVerdict(
            cluster=name,
            health=Health.UNHEALTHY,
            sentence="1 of 2 pods keeps crashing.",
            since=NOW - timedelta(minutes=40),
            missing=("ConfigMaps",),
        ),
        workloads=(workload(name, pods, Health.UNHEALTHY, "The new version does not become ready."),),
        pods=(pod(name, "dice-debug", Health.PROGRESSING, "ContainerCreating", referenced=True),),
        events=EventsPart(
            answer=Answer.OBJECTS,
            rows=(
                EventRow(
                    key=bad.key,
                    object=f"Pod {bad.key.name}",
                    type="Warning",
                    reason="BackOff",
                    message="Back-off restarting failed container roller",
                    occurrences=31,
                    last_seen=NOW - timedelta(minutes=1),
                ),
            ),
        ),
        missing=(
            MissingRow(
                what="ConfigMap in dice",
                answer=Answer.FORBIDDEN,
                plain="we are not allowed to see these",
                words='configmaps is forbidden: User "callboard" cannot list resource "configmaps" in API group ""',
            ),
            MissingRow(what="Node", answer=Answer.NOT_ASKED, plain="", reference=True),
        ),
        malformed=("pods dice-odd: status.containerStatuses is not a list",),
        notices=(
            Notice(
                "cluster-scoped", "Custom resource widgets is cluster-scoped and was not asked for.", name
            ),
        ),
    )


def awaited(name: str) -> ClusterPart:
    """Asked, nothing came yet."""
    return ClusterPart(
        cluster=info(name),
        state=ClusterState.AWAITED,
        verdict=ClusterVerdict(cluster=name, health=Health.UNKNOWN, sentence="No answer yet."),
    )


def failed(name: str) -> ClusterPart:
    """Could not be asked."""
    return ClusterPart(
        cluster=info(name),
        state=ClusterState.FAILED,
        verdict=ClusterVerdict(cluster=name, health=Health.UNKNOWN, sentence="Could not be asked."),
        failure="it did not answer within 15 seconds",
        failure_words="connect timeout after 5 s: dial 10.1.2.3:6443",
        as_of=NOW,
    )


def nothing(name: str) -> ClusterPart:
    """Asked, answered, nothing runs."""
    return ClusterPart(
        cluster=info(name),
        state=ClusterState.ANSWERED,
        verdict=ClusterVerdict(
            cluster=name, health=Health.NOTHING, sentence="Nothing of this service runs here."
        ),
        events=EventsPart(
            answer=Answer.NOT_ASKED, plain="Nothing of the service is here, so there are no events of it."
        ),
        empty=("pods", "deployments", "services"),
        as_of=NOW,
        took=0.03,
    )


def kubernetes(*parts: ClusterPart, entity: Entity = ENTITY, **changes: object) -> KubernetesView:
    """The tab's view with a fitting verdict."""
    bad = any(p.verdict.health is Health.UNHEALTHY for p in parts)
    waiting = any(p.state is ClusterState.AWAITED for p in parts)
    sentence = (
        "Healthy in 2 of 4 clusters; eu-west-1 keeps crashing since 08:20, six minutes after 1.42 → 1.43."
        if bad
        else "No answer yet."
        if waiting
        else f"Healthy in all {len(parts)} clusters."
    )
    health = Health.UNHEALTHY if bad else Health.UNKNOWN if waiting else Health.HEALTHY
    made = KubernetesView(
        entity=entity,
        verdict=Verdict(
            health=health,
            sentence=sentence,
            since=NOW - timedelta(minutes=40) if bad else None,
            could_not_tell=waiting,
        ),
        clusters=parts,
        selector="backstage.io/kubernetes-id=dice-roller",
        namespaces=("dice",),
        as_of=NOW,
        complete=not waiting,
        settled=not waiting,
    )
    return msgspec.structs.replace(made, **changes)


TROUBLE = kubernetes(
    healthy("us-east-1"),
    troubled("eu-west-1"),
    failed("ap-south-1"),
    nothing("sa-east-1"),
    healthy("us-west-2"),
)


def service_rows(count: int = 12) -> tuple[ServiceRow, ...]:
    """A list in which every state occurs; the first is the dice roller."""
    states = (Health.HEALTHY, Health.UNHEALTHY, None, Health.PROGRESSING, Health.UNKNOWN, Health.NOTHING)
    names = ("dice-roller", "card-dealer", "bank", "roulette", "guest-book", "jukebox")
    rows = []
    for i in range(count):
        name, state = names[i % 6] + ("" if i < 6 else f"-{i}"), states[i % 6]
        rows.append(
            ServiceRow(
                ref=EntityRef("component", "default", name),
                title=name.replace("-", " ").capitalize(),
                kind="Component",
                description="Rolls dice for everyone who asks." if i % 3 == 0 else "",
                type="service" if i % 4 else "website",
                owner=EntityRef("group", "default", "team-games"),
                lifecycle="production" if i % 2 else "experimental",
                tags=("java", "games")[: i % 3],
                broken=i == 4,
                health=state,
                sentence="1 of 2 pods keeps crashing in eu-west-1"
                if state is Health.UNHEALTHY
                else "in 4 clusters",
                health_as_of=NOW - timedelta(minutes=3),
            )
        )
    return tuple(rows)


class StubPortal:
    """Yields what it is given. `views` are the Kubernetes tab's, `gap` seconds apart; `closed` counts ended askings."""

    def __init__(self, views: tuple[KubernetesView, ...] = (TROUBLE,), gap: float = 0.0) -> None:
        self.views = views
        self.gap = gap
        self.closed = 0
        self.go_on = asyncio.Event()
        self.held = False
        """Whether the second and later views wait until `out` views may be out; `go_on` tells that there is one more."""
        self.out = 1
        self.entity = ENTITY
        self.rows = service_rows()
        self.tally: HealthTally | None = None
        self.refused = ""
        """Why the list is not by health."""
        self.callers: list[Caller] = []
        self.queries: list[ServicesQuery] = []
        self.error: Exception | None = None
        self.crashes_read: list[tuple[ObjectKey, str, bool]] = []
        self.crash_comes = asyncio.Event()
        self.crash_comes.set()
        self.helping = HelpView(key=ObjectKey("", "pods", "", ""), cluster=info("eu"), kind="Pod")
        self.crash_log = CrashLog(key=ObjectKey("", "pods", "", ""), cluster=info("eu"), container="")
        self.crashed = CrashesView()
        self.reached = Cluster(name="", url="https://api.example.com")
        self.connecting: tuple[ConnectSettings, ...] = ()
        self.leading = OutwardLinks()
        self.most_crashes: list[int] = []
        self.followed: Followed | None = None
        self._pages = Pages(self)

    @property
    def administration(self) -> Administration:
        raise NotFound("There is nothing to look after here.")

    async def star(self, ref: EntityRef, caller: Caller, *, starred: bool) -> None:
        raise NotFound("There are no stars here.")

    def reader(self, caller: Caller) -> ReaderView:
        return ReaderView(name="Anna", subject=caller.subject, kind=caller.kind.value)

    async def reach(self, caller: Caller) -> ReaderView:
        return self.reader(caller)

    def looks_after(self, caller: Caller) -> frozenset[Action]:
        return frozenset(Action)

    async def audit(self, wanted: AuditFilter, caller: Caller) -> AuditPage:
        self._seen(caller)
        return AuditPage(
            events=(
                AuditEvent(at=NOW, deed=AuditDeed.LOG, outcome=AuditOutcome.DONE, who="user:default/<b>anna", what="x"),
            ),
            older=7,
        )  # fmt: skip

    async def policies(self, asked: Mapping[str, str], caller: Caller) -> PoliciesView:
        self._seen(caller)
        return PoliciesView(policies=(PolicyLine("<i>mine", "permit", "a.cedar", 3),), problem="<u>no")

    async def services(self, query: ServicesQuery, caller: Caller) -> ServicesView:
        self._seen(caller)
        self.queries.append(query)
        rows = [r for r in self.rows if query.text.lower() in r.title.lower()]
        if query.type:
            rows = [r for r in rows if r.type in query.type]
        if query.health and not self.refused:
            rows = [r for r in rows if r.health in query.health]
        page = tuple(rows[query.offset : query.offset + query.limit])
        types = tuple(
            Count(t, sum(1 for r in self.rows if r.type == t), t in query.type)
            for t in ("service", "website")
        )
        owners = (
            Count("team-games", len(rows), "team-games" in query.owner),
            *(Count(owner, 0, True) for owner in query.owner if owner != "team-games"),
        )
        return ServicesView(
            rows=page,
            total=len(rows),
            offset=query.offset,
            limit=query.limit,
            text=query.text,
            facets=(Facet("type", "Type", types), Facet("owner", "Owner", owners)),
            tally=self.tally,
            health=() if self.refused else query.health,
            trouble_first=query.order is not ListOrder.NAME and self.tally is not None and not self.refused,
            refused=self.refused,
        )

    async def services_live(self, query: ServicesQuery, caller: Caller) -> AsyncGenerator[ServicesView, None]:
        yield await self.services(query, caller)

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        self._seen(caller)
        if ref != self.entity.ref:
            raise NotFound(f"There is no {ref} in the catalog.")
        owner = RelatedEntity(EntityRef("group", "default", "team-games"), "Team Games", True)
        gone = RelatedEntity(EntityRef("api", "default", "random"), "random", False)
        return ServiceView(
            entity=self.entity,
            owners=(owner,),
            relations=(
                RelationGroup("ownedBy", "owned by", (owner,)),
                RelationGroup("consumesApi", "consumes", (gone,)),
            ),
        )

    async def kubernetes(self, ref: EntityRef, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
        self._seen(caller)
        try:
            for i, view in enumerate(self.views):
                if i:
                    while self.held and i >= self.out:
                        await self.go_on.wait()
                    await asyncio.sleep(self.gap)
                yield view
        finally:
            self.closed += 1

    async def kubernetes_settled(self, ref: EntityRef, caller: Caller, *, within: float) -> KubernetesView:
        self._seen(caller)
        return self.views[0] if within < 1 else self.views[-1]

    async def object(self, ref: EntityRef, key: ObjectKey, caller: Caller) -> ObjectView:
        self._seen(caller)
        is_pod = key.type == "pods"
        return ObjectView(
            key=key,
            cluster=info(key.cluster),
            kind="Pod" if is_pod else "Deployment",
            api_version="v1",
            health=Health.UNHEALTHY,
            reason="its container keeps crashing",
            fields=(Field("Node", "node-3"), Field("Started", "", NOW - timedelta(hours=5))),
            conditions=(
                ConditionRow(
                    type="Ready", status="False", reason="ContainersNotReady", message="containers with unready status: [roller]",
                    since=NOW - timedelta(minutes=40),
                ),
            ),
            labels=(("app", "dice-roller"), ("version", "1.43.0")),
            owners=(
                OwnerRow("ReplicaSet dice-roller-8c4b", ObjectKey(key.cluster, "replicasets.apps", "dice", "dice-roller-8c4b")),
                OwnerRow("Deployment dice-roller"),
            ),
            containers=(container(good=False),) if is_pod else (),
            events=TROUBLE.clusters[1].events,
            yaml="apiVersion: v1\nkind: Pod\nmetadata:\n  name: dice-roller-8c4b-kk2\n  namespace: dice\n" + "  # more\n" * 30,
            as_of=NOW,
        )  # fmt: skip

    async def object_live(
        self, ref: EntityRef, key: ObjectKey, caller: Caller
    ) -> AsyncGenerator[ObjectView, None]:
        yield await self.object(ref, key, caller)

    async def log(self, ref: EntityRef, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        self._seen(caller)
        second = msgspec.structs.replace(container(), name="proxy")
        view = LogView(
            key=key,
            cluster=info(key.cluster),
            container=query.container or "roller",
            containers=(container(good=False), second),
            previous=query.previous,
            as_of=NOW,
        )
        if query.container == "proxy":
            return msgspec.structs.replace(
                view, failure="We are not allowed to read this log.", failure_words="pods/log is forbidden"
            )
        word = "previous" if query.previous else "current"
        rows = [
            LogRow(f"2026-11-21T08:59:{i:02}.000000000Z", 0, "info", f"INFO {word} roll {i}: {i % 6 + 1}")
            for i in range(60)
        ]
        last = "java.lang.IllegalStateException: no dice <b>left</b>"
        rows.append(LogRow("2026-11-21T08:59:59.500000000Z", 0, "error", last, (LineSpan(0, 9, "red bold"),)))
        source = LogSource(
            id="roller", pod=key.name, container="roller", key=key, cursor="2026-11-21T08:59:59.500000000Z/1"
        )
        return msgspec.structs.replace(
            view,
            rows=tuple(rows),
            sources=(source,),
            earlier=True,
            read=len(rows),
            follows=self.followed is not None,
        )

    async def log_live(
        self, ref: EntityRef, key: ObjectKey, query: LogQuery, cursors: Mapping[str, str], caller: Caller
    ) -> AsyncGenerator[LogFollow, None]:
        self._seen(caller)
        async for each in (self.followed or Followed()).views(cursors):
            yield each

    async def crash(
        self, ref: EntityRef, key: ObjectKey, container: str, caller: Caller, *, previous: bool = True
    ) -> CrashLog:
        self._seen(caller)
        self.crashes_read.append((key, container, previous))
        await self.crash_comes.wait()
        return msgspec.structs.replace(
            self.crash_log, key=key, cluster=info(key.cluster), container=container, previous=previous
        )

    async def crashes(self, ref: EntityRef, caller: Caller, *, most: int) -> CrashesView:
        self._seen(caller)
        self.most_crashes.append(most)
        return self.crashed

    async def connect(self, ref: EntityRef, cluster: str, namespace: str, caller: Caller) -> ClusterAccess:
        self._seen(caller)
        return cluster_access(msgspec.structs.replace(self.reached, name=cluster), namespace, self.connecting)

    def outward(self) -> OutwardLinks:
        return self.leading

    async def help(self, ref: EntityRef, finding: Finding, caller: Caller) -> HelpView:
        self._seen(caller)
        place = finding.places[0]
        key = ObjectKey(place.cluster, "pods", finding.subject.namespace, (*place.names, "gone")[0])
        crash = msgspec.structs.replace(self.crash_log, key=key, cluster=info(place.cluster))
        return msgspec.structs.replace(self.helping, key=key, cluster=info(place.cluster), crash=crash)

    def tabs(self) -> tuple[Tab, ...]:
        return tuple(self._pages.callboard_tabs())

    def cards(self) -> tuple[Card, ...]:
        return tuple(self._pages.callboard_cards())

    def _seen(self, caller: Caller) -> None:
        self.callers.append(caller)
        if self.error is not None:
            raise self.error
