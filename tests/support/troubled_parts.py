"""An extension that brings one part of each kind, of which one misbehaves in one way; and what is seen of it on every face."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from callboard.app.application import Application, open_application
from callboard.app.plugins import asked
from callboard.base.errors import CallboardError
from callboard.base.fence import Fence
from callboard.extend import (
    AUTH_PROVIDER,
    Answer,
    Caller,
    Card,
    CardContext,
    Cluster,
    Credential,
    CredentialKind,
    Entity,
    KubeObject,
    Located,
    Outcome,
    Problem,
    ProxyRequest,
    ProxyResponse,
    Question,
    Registration,
    ResourceType,
    Secret,
    Selection,
    ServiceSnapshot,
    Tab,
    hookimpl,
)
from callboard.extend.registration import PartConfig, ProviderRegistration
from callboard.portal.protocol import LogQuery, ServicesQuery
from callboard.portal.views import ObjectKey
from support.fake_fleet import CALLER, FakeFetcher
from support.kube_objects import pod
from support.web_server import get, serving

SCALE = 0.03
"""What deadlines are multiplied by here: ten seconds are 0.3."""
KINDS = (
    "cluster supplier",
    "service locator",
    "auth strategy",
    "custom resource supplier",
    "fetcher",
    "objects provider",
    "proxy",
    "tab",
    "card",
    "hook",
    "factory",
    "start",
)
TROUBLES = ("raises", "hangs", "gives the wrong type", "gives wrong elements", "floods")
SERVICE = "web"
TEMPLATE = "support:templates/cost.html"
ENTITY = f"/catalog/default/component/{SERVICE}"


class Wrong(BaseExceptionGroup[BaseException]):
    """Neither an Exception nor expected by anybody."""


def made_wrong(trouble: str, element: object = 42) -> object:
    """What a part gives that answers in that way."""
    return {
        "gives the wrong type": 42,
        "gives wrong elements": [element, "x", None],
        "floods": Endless(element),
    }[trouble]


class Endless(Sequence[object]):
    """Has no end, whoever asks."""

    def __init__(self, element: object) -> None:
        self._element = element

    def __getitem__(self, index: object) -> Any:
        return self._element

    def __len__(self) -> int:
        return 1_000_000_000

    def __iter__(self) -> Iterator[object]:
        while True:
            yield self._element


async def misbehave(trouble: str, element: object = 42) -> Any:
    """What a part does when it is called."""
    if trouble == "raises":
        raise Wrong("it is broken", [KeyboardInterrupt(), SystemExit(3)])
    if trouble == "hangs":
        while True:  # nor does it end when it is told to
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if asyncio.get_running_loop().time() > ENDS["at"]:
                    raise
    return made_wrong(trouble, element)


ENDS = {"at": 0.0}
"""When the stubborn give in after all, so that a test ends."""


def given(name: str, provider: str = "steady") -> Cluster:
    return Cluster(
        name=name,
        url=f"https://{name}.example.com",
        auth_metadata={AUTH_PROVIDER: provider},
        source=f"the test's {name}",
    )


class Parts:
    """Every part in one: `kind` is that which misbehaves, `trouble` how. `well` lets it do what it should meanwhile."""

    def __init__(self, kind: str, trouble: str) -> None:
        self.kind = kind
        self.trouble = trouble
        self.well = False
        labelled = pod()
        self.fetcher = FakeFetcher({name: _always(labelled) for name in ("ours", "theirs")})

    def bad(self, kind: str) -> bool:
        return kind == self.kind and not self.well

    # ---- the parts

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        if self.bad("cluster supplier"):
            return cast("Sequence[Cluster]", await misbehave(self.trouble, given("theirs")))
        return [given("theirs", "probe")]

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        if self.bad("service locator"):
            if self.trouble in ("gives wrong elements", "floods"):
                return Located(made_wrong(self.trouble, given("strange")))  # type: ignore[arg-type]
            return cast(Located, await misbehave(self.trouble))
        return Located(tuple(clusters))

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        if self.bad("auth strategy"):
            if self.trouble in ("gives wrong elements", "floods"):
                return Credential(kind=CredentialKind.BEARER, identity=made_wrong(self.trouble))  # type: ignore[arg-type]
            return cast(Credential, await misbehave(self.trouble))
        return Credential(kind=CredentialKind.BEARER, identity=f"probe at {cluster.name}", token=Secret("t"))

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        if self.bad("auth strategy"):
            if self.trouble == "raises":
                raise Wrong("it is broken", [SystemExit(1)])
            if self.trouble != "hangs":
                return made_wrong(self.trouble)  # type: ignore[return-value]
        return ()

    async def custom_resources(self, cluster: Cluster, caller: Caller) -> Sequence[ResourceType]:
        if self.bad("custom resource supplier"):
            return cast(
                "Sequence[ResourceType]",
                await misbehave(self.trouble, ResourceType("example.com", "v1", "things")),
            )
        return ()

    def fetch(self, cluster: Cluster, credential: Credential, selection: Selection) -> AsyncIterator[Any]:
        return self._asked(cluster, credential, selection.questions())

    def ask(self, cluster: Cluster, credential: Credential, questions: Any) -> AsyncIterator[Any]:
        return self._asked(cluster, credential, questions)

    def _asked(self, cluster: Cluster, credential: Credential, questions: Any) -> AsyncIterator[Any]:
        if self.bad("fetcher") and self.trouble == "gives the wrong type":
            return 42  # type: ignore[return-value]
        return self._answers(cluster, credential, questions)

    async def _answers(self, cluster: Cluster, credential: Credential, questions: Any) -> AsyncIterator[Any]:
        if self.bad("fetcher"):
            if self.trouble in ("raises", "hangs"):
                await misbehave(self.trouble)
            while True:
                if self.trouble == "gives wrong elements":
                    yield 42
                async for outcome in self.fetcher.ask(cluster, credential, questions):
                    yield outcome
        async for outcome in self.fetcher.ask(cluster, credential, questions):
            yield outcome

    def open(self, cluster: Cluster, credential: Credential, request: ProxyRequest) -> Any:
        if self.bad("proxy") and self.trouble == "gives the wrong type":
            return 42
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Any]:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"line\n" * 1000
                if not (self.bad("proxy") and self.trouble == "floods"):
                    return

        if self.bad("proxy"):
            if self.trouble in ("raises", "hangs"):
                await misbehave(self.trouble)
            if self.trouble == "gives wrong elements":
                yield 42
                return
        yield ProxyResponse(status=200, headers={}, body=body())

    # ---- the hooks

    @hookimpl
    def callboard_cluster_suppliers(self) -> Any:
        return [Registration("probe", lambda _: self)]

    @hookimpl
    def callboard_service_locators(self) -> Any:
        if self.kind == "hook":
            return self._badly()
        return [Registration("probe", self._locator)]

    @hookimpl
    def callboard_auth_strategies(self) -> Any:
        return [Registration("probe", lambda _: self), Registration("steady", lambda _: Steady())]

    @hookimpl
    def callboard_custom_resource_suppliers(self) -> Any:
        return [Registration("probe", lambda _: self)]

    @hookimpl
    def callboard_fetchers(self) -> Any:
        return [Registration("probe", lambda _: self), Registration("steady", lambda _: self.fetcher)]

    @hookimpl
    def callboard_objects_providers(self) -> Any:
        return [ProviderRegistration("probe", lambda config, parts: Provider(self))]

    @hookimpl
    def callboard_proxies(self) -> Any:
        return [Registration("probe", lambda _: self)]

    @hookimpl
    def callboard_tabs(self) -> Any:
        return [Tab(key="probe", title="Probe", template=TEMPLATE, view=self._tab, applies=lambda _: True)]

    @hookimpl
    def callboard_cards(self) -> Any:
        return [Card(key="probe", title="Probe", template=TEMPLATE, view=self._card, applies=lambda _: True)]

    async def start(self) -> None:
        if self.bad("start"):
            await misbehave(self.trouble)

    def _locator(self, config: PartConfig) -> Any:
        return self._badly() if self.kind == "factory" else self

    def _badly(self) -> Any:
        if self.trouble == "raises":
            raise Wrong("it is broken", [SystemExit(1)])
        if self.trouble == "hangs":
            time.sleep(1)
        return made_wrong(self.trouble)

    async def _tab(self, context: CardContext) -> object:
        return await self._page("tab")

    async def _card(self, context: CardContext) -> object:
        return await self._page("card")

    async def _page(self, kind: str) -> object:
        if not self.bad(kind):
            return Cost("3 euro")
        if self.trouble == "floods":
            return Cost("x" * 5_000_000)
        return await misbehave(self.trouble)


def _always(*objects: KubeObject) -> Callable[[Question], Outcome]:
    """The objects of the type that is asked for, whatever selects them."""

    def answer(question: Question) -> Outcome:
        found = tuple(o for o in objects if o.type.key == question.type.key)
        return Outcome(question=question, answer=Answer.OBJECTS if found else Answer.EMPTY, objects=found)

    return answer


class Cost(msgspec.Struct):
    words: str


class Steady:
    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        return Credential(kind=CredentialKind.BEARER, identity=f"steady at {cluster.name}", token=Secret("t"))

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        return ()


class Provider:
    """Answers badly where it is the provider's turn. It is chosen only then."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def objects(self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()) -> Any:
        if self._parts.trouble == "gives the wrong type":
            return 42
        return self._objects(entity)

    async def _objects(self, entity: Entity) -> AsyncIterator[Any]:
        trouble = self._parts.trouble
        if trouble == "gives wrong elements":
            yield 42
        elif trouble == "floods":
            while True:
                yield ServiceSnapshot(entity=entity, live=True)
        else:
            await misbehave(trouble)


class Seen(msgspec.Struct, frozen=True):
    """What the faces show of the service that the part is about, and of what is beside it."""

    health: str
    could_not_tell: bool
    clusters: dict[str, str]
    notices: tuple[str, ...]
    failure: str
    overview: int
    tab: str
    card: str
    log: str
    listed: int


@asynccontextmanager
async def troubled(
    kind: str, trouble: str, directory: Path, monkeypatch: Any
) -> AsyncIterator[tuple[Parts, Application]]:
    """An application with the extension, all deadlines scaled."""
    ENDS["at"] = asyncio.get_running_loop().time() + 4
    parts = Parts(kind, trouble)
    before = Fence.__init__

    def scaled(self: Fence, *args: Any, **kwargs: Any) -> None:
        before(self, *args, **kwargs)
        self.deadline *= SCALE if self.extension else 1

    monkeypatch.setattr(Fence, "__init__", scaled)
    monkeypatch.setattr("callboard.base.fence.GIVING_UP", SCALE)
    monkeypatch.setattr("callboard.fleet.fenced.provider.FIRST", 20 * SCALE)
    monkeypatch.setattr("callboard.fleet.wiring.making.MAKING", 10 * SCALE)
    monkeypatch.setattr("callboard.app.plugins.LOADING", 20 * SCALE)
    monkeypatch.setattr("callboard.app.application.installed", lambda *_, **__: (asked("probe", parts),))
    used = {"objectsProvider": "probe" if kind == "objects provider" else "fanOut"}
    used["fetcher"] = "probe" if kind == "fetcher" else "steady"
    used["proxy"] = "probe"
    config = {
        "catalog": {"locations": [{"type": "file", "target": "./catalog-info.yaml"}]},
        "kubernetes": {
            "serviceLocatorMethod": {"type": "probe"},
            "clusterLocatorMethods": [
                {
                    "type": "config",
                    "clusters": [
                        {"name": "ours", "url": "https://ours.example.com", "authProvider": "steady"}
                    ],
                },
                {"type": "probe"},
            ],
        },
        "callboard": {
            "parts": used,
            "clusters": {"limits": {"softDeadline": "1s", "hardDeadline": "2s"}},
        },
    }
    (directory / "app-config.yaml").write_text(yaml.safe_dump(config))
    (directory / "catalog-info.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: web\n"
        "  annotations: {backstage.io/kubernetes-id: web}\n"
        "spec: {type: service, lifecycle: production, owner: team}\n"
    )
    async with open_application([directory / "app-config.yaml"], directory=directory, persist=False) as app:
        try:
            yield parts, app
        finally:
            ENDS["at"] = 0.0


async def seen(app: Application) -> Seen:
    """Look at all of it."""
    ref = (await app.portal.services(ServicesQuery(), CALLER)).rows[0].ref
    health, could_not, failure = "", True, ""
    clusters: dict[str, str] = {}
    notices: tuple[str, ...] = ()
    log = ""
    try:
        view = await app.portal.kubernetes_settled(ref, CALLER, within=10)
        health, could_not = view.verdict.health, view.verdict.could_not_tell
        clusters = {p.cluster.name: f"{p.state}: {p.failure or p.verdict.sentence}" for p in view.clusters}
        notices = tuple(
            n.message for n in (*view.notices, *(n for p in view.clusters for n in p.notices)) if n.gap
        )
        failure = view.verdict.sentence if not view.clusters else ""
        if "ours" in clusters:
            key = ObjectKey("ours", "pods", "shop", "web-1")
            shown = await app.portal.log(ref, key, LogQuery(), CALLER)
            log = shown.failure or f"{len(shown.lines)} lines"
    except CallboardError as error:
        failure = error.message
    async with serving(app.portal) as base:
        overview = await get(base, ENTITY)
        tab = await get(base, f"{ENTITY}/probe")
        listed = (await get(base, "/catalog")).status
    return Seen(
        health=health,
        could_not_tell=could_not,
        clusters=clusters,
        notices=notices,
        failure=failure,
        overview=overview.status,
        tab=f"{tab.status} {words_of(tab.text)}",
        card=words_of(overview.text.partition('id="card-probe"')[2]),
        log=log,
        listed=listed,
    )


def words_of(html: str) -> str:
    """The text of a page's main part, or of what follows."""
    main = html.partition("<main")[2] or html
    text = re.sub(r"<[^>]*>", " ", main)
    return unescape(" ".join(text.split()))


def lost(found: Seen) -> str:
    """Who lost what, and after how long, as the table has it."""
    words: list[str] = []
    if found.failure and not found.clusters and not found.notices:
        words.append("every service's clusters: their pages say why")
    elif not found.clusters:
        words.append("where services run: their pages say why, and nothing is called healthy")
    elif "theirs" not in found.clusters:
        words.append("the clusters that only it knows, or those it has got since it answered last")
    elif all(state.startswith("failed") for state in found.clusters.values()):
        words.append("what runs in clusters that are asked by it")
    elif found.clusters["theirs"].startswith("failed"):
        words.append("what runs in clusters that are signed in to by it")
    elif any("custom resources" in n for n in found.notices):
        words.append("its custom resources")
    elif any("cannot be used" in n for n in found.notices):
        words.append("the elements that are wrong")
    elif found.notices:
        words.append("what is beyond the bound")
    if "3 euro" not in found.tab:
        words.append("its tab: it says why")
    if "3 euro" not in found.card:
        words.append("its card: it says why")
    if found.log and not found.log.endswith("lines"):
        words.append("logs")
    told = "; ".join(words) or "nothing"
    everything = (found.failure, *found.notices, found.tab, found.card, *found.clusters.values())
    late = re.search(r"within ([0-9.]+) seconds", " ".join(everything))
    if late is None:
        return told
    seconds = float(late[1])
    return f"{told}; after {seconds if seconds >= 1 else round(seconds / SCALE, 1):g} s"
