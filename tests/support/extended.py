"""An application with one extension, over two clusters that answer from memory, and its whole site on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.app.application import Application, open_application
from callboard.app.plugins import asked
from callboard.app.site import whole_site
from callboard.extend import (
    AUTH_PROVIDER,
    Answer,
    Caller,
    Cluster,
    Credential,
    CredentialKind,
    KubeObject,
    Outcome,
    Problem,
    Question,
    Registration,
    Secret,
    hookimpl,
)
from callboard.http.server import Server, bind
from callboard.model.permission import Action
from callboard.web.application import Operations, WebOptions
from support.fake_fleet import FakeFetcher
from support.kube_objects import pod
from support.web_server import Answer as Got
from support.web_server import get

__all__ = ["ENTITY", "TOKEN", "Fleet", "SiteOf", "extended", "site_of"]

TOKEN = "eyJ-the-token-of-the-clusters"
ENTITY = "/catalog/default/component/web"
READER = tuple(
    str(a) for a in (Action.ENTITY_READ, Action.CLUSTERS_READ, Action.RESOURCES_READ, Action.YAML_READ)
)


class Fleet:
    """Parts that answer from memory: the extension `fleet`."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[KubeObject, ...]] = {"eu": (pod(),), "us": (pod("web-2"),)}
        self.fetcher = FakeFetcher({name: self._answering(name) for name in self.objects})

    def _answering(self, name: str) -> Any:
        def answer(question: Question) -> Outcome:
            found = tuple(
                o
                for o in self.objects[name]
                if o.type.key == question.type.key
                and question.namespace in ("", o.namespace)
                and question.name in ("", o.name)
            )
            return Outcome(question=question, answer=Answer.OBJECTS if found else Answer.EMPTY, objects=found)

        return answer

    async def clusters(self, caller: Caller) -> list[Cluster]:
        return [
            Cluster(
                name=name,
                url=f"https://{name}.example.com",
                auth_metadata={AUTH_PROVIDER: "memory", "token": Secret(TOKEN)},
                source="a test",
            )
            for name in self.objects
        ]

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        return Credential(
            kind=CredentialKind.BEARER, identity=f"memory at {cluster.name}", token=Secret(TOKEN)
        )

    def problems(self, cluster: Cluster) -> tuple[Problem, ...]:
        return ()

    @hookimpl
    def callboard_cluster_suppliers(self) -> Any:
        return [Registration("memory", lambda _: self)]

    @hookimpl
    def callboard_auth_strategies(self) -> Any:
        return [Registration("memory", lambda _: self)]

    @hookimpl
    def callboard_fetchers(self) -> Any:
        return [Registration("memory", lambda _: self.fetcher)]


@asynccontextmanager
async def extended(
    extensions: Mapping[str, object],
    directory: Path,
    monkeypatch: Any,
    *,
    fleet: Fleet | None = None,
    callboard: dict[str, Any] | None = None,
    kubernetes: dict[str, Any] | None = None,
    persist: bool = False,
) -> AsyncIterator[Application]:
    """The application with these extensions."""
    parts = {"fleet": fleet or Fleet(), **extensions}
    monkeypatch.setattr(
        "callboard.app.application.installed",
        lambda contexts, leave=frozenset(), folder=None: tuple(
            asked(name, plugin, contexts) for name, plugin in parts.items()
        ),
    )
    config = {
        "catalog": {"locations": [{"type": "file", "target": "./catalog-info.yaml"}]},
        "kubernetes": {
            "serviceLocatorMethod": {"type": "multiTenant"},
            "clusterLocatorMethods": [{"type": "memory"}],
            **(kubernetes or {}),
        },
        "callboard": {
            "parts": {"objectsProvider": "fanOut", "fetcher": "memory"},
            "watchInterval": 0.05,
            **(callboard or {}),
        },
    }
    (directory / "app-config.yaml").write_text(yaml.safe_dump(config))
    (directory / "catalog-info.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: web\n"
        "  annotations: {backstage.io/kubernetes-id: web}\n"
        "spec: {type: service, lifecycle: production, owner: team}\n"
    )
    async with open_application([directory / "app-config.yaml"], directory=directory, persist=persist) as app:
        yield app


class SiteOf(msgspec.Struct, frozen=True):
    """A running site, with the headers of a reader and of a stranger whom we know and who may read figures alone."""

    base: str
    reader: dict[str, str]
    stranger: dict[str, str]

    async def get(self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET") -> Got:
        """As the reader, unless other headers are given."""
        return await get(self.base, path, self.reader if headers is None else headers, method=method)


async def _no_figures(counts: bool) -> bytes:
    return b""


@asynccontextmanager
async def site_of(app: Application, *, everyone: bool = False) -> AsyncIterator[SiteOf]:
    """The whole site behind its door; `everyone` lets all in as the person at this machine."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    hosts, origins = allowed_hosts("127.0.0.1", port)
    policy = DoorPolicy(hosts=hosts, origins=origins, cookie="callboard", open=everyone)
    door = FrontDoor(policy, Sessions(app.clock), app.tokens)
    operations = Operations(ready=lambda: (), metrics=_no_figures, cookie=policy.cookie_for)
    site = whole_site(
        app.portal,
        door,
        operations,
        WebOptions(),
        app.clock,
        app.extensions,
        app.identity_tokens.key_set,
        app.extension_manager,
    )
    until = app.clock.now() + timedelta(hours=1)
    tokens = [
        (await app.tokens.create(name, may, until))[1]
        for name, may in (("r", READER), ("s", (str(Action.METRICS_READ),)))
    ]
    reader, stranger = ({"Authorization": f"Bearer {token.reveal()}"} for token in tokens)
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(Server(site, listener, drain=1).run(stop, ready.set))
    try:
        await ready.wait()
        yield SiteOf(f"http://127.0.0.1:{port}", reader, stranger)
    finally:
        stop.set()
        await task
