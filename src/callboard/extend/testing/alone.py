"""Callboard with one extension and nothing else of anybody's: loaded as the server loads it, asked as people ask."""

import re
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import yaml

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.access.sign_in.attempts import SignInAttempts
from callboard.access.sign_in.desk import FrontDesk
from callboard.access.sign_in.sealing import Sealer
from callboard.app.application import Application, open_application
from callboard.app.plugins import Extension, asked
from callboard.app.site import whole_site
from callboard.base.clock import Clock
from callboard.base.errors import NotFound
from callboard.extend.testing.calling import Reply, call, element
from callboard.extend.testing.clusters import SimulatedClusters
from callboard.host.contexts import Contexts
from callboard.model.entity import EntityRef
from callboard.model.permission import NOT_YET, Action
from callboard.web.application import Operations, WebOptions

__all__ = ["ExtensionAlone", "Reply", "Visitor", "extension_alone"]

_HOST = "127.0.0.1:7007"
_COOKIE = "callboard"


class Visitor(Enum):
    """Who asks."""

    ME = "me"
    """The person at Callboard's own machine, who may do anything."""
    READER = "reader"
    """A service whose token may read all that can be read, of services: it changes nothing."""
    STRANGER = "stranger"
    """A service whom we know, and who may read figures and nothing else."""
    ANONYMOUS = "anonymous"
    """Nobody we know."""


class ExtensionAlone:
    """The running application."""

    def __init__(
        self,
        app: Application,
        extension: str,
        open_site: Any,
        closed_site: Any,
        tokens: Mapping[Visitor, str],
        desk: FrontDesk,
    ) -> None:
        self._app = app
        self._extension = extension
        self._open = open_site
        self._closed = closed_site
        self._tokens = tokens
        self._desk = desk

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the extension, a sentence each, as the log and the admin page tell it."""
        found = (*self._app.fleet.plugins.problems, *self._app.fleet.current.problems)
        return tuple(dict.fromkeys(found))

    @property
    def deprecations(self) -> tuple[str, ...]:
        """The names it used that are going to go, a sentence each."""
        found = (e for e in self._app.fleet.plugins.extensions if e.name == self._extension)
        return tuple(str(d) for e in found for d in e.deprecations)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        by: Visitor = Visitor.ME,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A request to any address of the site. `body`, a value, is sent as JSON; bytes are sent as they are."""
        given = dict(headers or {})
        if method not in ("GET", "HEAD"):
            given = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{_HOST}", **given}
        if by in self._tokens:
            given["Authorization"] = f"Bearer {self._tokens[by]}"
        sent = b""
        if body is not None:
            sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
            given.setdefault("Content-Type", "application/json")
        site = self._open if by is Visitor.ME else self._closed
        return await call(site, method, url, given, sent, host=_HOST)

    async def get(self, url: str, *, by: Visitor = Visitor.ME) -> Reply:
        """GET."""
        return await self.ask("GET", url, by=by)

    async def post(self, url: str, body: object = None, *, by: Visitor = Visitor.ME) -> Reply:
        """POST, from a page of ours."""
        return await self.ask("POST", url, by=by, body=body)

    async def signed_in(self, way: str, answer: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Reply:
        """The page `/me` of somebody who signs in by the way of this key: `answer` makes the parameters they come back with of
        those of the address they are led to. Raises what the way raises, and NotAllowed for whoever may not come in."""
        led = await self._desk.begin(way, "/me", _HOST)
        brought = answer(dict(parse_qsl(urlsplit(led.url).query)))
        entered = await self._desk.finish(way, brought, f"{led.cookie}={led.value}")
        cookie = {"Cookie": f"{_COOKIE}={entered.session}"}
        return await self.ask("GET", "/me", by=Visitor.ANONYMOUS, headers=cookie)

    async def by_everyone(self, url: str, *, method: str = "GET", body: object = None) -> dict[Visitor, int]:
        """The status that each kind of visitor gets."""
        return {by: (await self.ask(method, url, by=by, body=body)).status for by in Visitor}

    async def tab(self, ref: str, key: str, *, by: Visitor = Visitor.ME, query: str = "") -> str:
        """The HTML of a tab of an entity's page, drawn. Raises NotFound where the entity has no such tab."""
        reply = await self.get(f"{_page(ref)}/{key}" + (f"?{query}" if query else ""), by=by)
        return self._part(reply, "id", "tab", f"the tab {key!r} of {ref}")

    async def card(self, ref: str, key: str, *, by: Visitor = Visitor.ME) -> str:
        """The HTML of a card of an entity's Overview, drawn. Raises NotFound where the entity has no such card."""
        return self._part(
            await self.get(_page(ref), by=by), "id", f"card-{key}", f"the card {key!r} of {ref}"
        )

    async def page(self, path: str, *, by: Visitor = Visitor.ME) -> str:
        """The HTML of a page of the extension's own, by its path there."""
        reply = await self.get(f"/ext/{self._extension}{path}", by=by)
        return self._part(reply, "class", "tab", f"the page {path}")

    async def route(self, path: str, *, by: Visitor = Visitor.ME) -> Reply:
        """What a route of the extension answers, by its path there."""
        return await self.get(f"/api/ext/{self._extension}{path}", by=by)

    def _part(self, reply: Reply, name: str, value: str, what: str) -> str:
        found = element(reply.text, name, value) if reply.status == 200 else ""
        if not found:
            told = "; ".join(self.problems) or "nothing is wrong with the extension"
            seen = " ".join(re.sub(r"<[^>]*>", " ", element(reply.text, "id", "main")).split())
            raise NotFound(
                f"There is not {what}. The page answers {reply.status}: {seen[:500]} What is told: {told}."
            )
        return found


def _page(ref: str) -> str:
    of = EntityRef.parse(ref, default_kind="component")
    return f"/catalog/{of.namespace}/{of.kind}/{of.name}"


@asynccontextmanager
async def extension_alone(
    name: str,
    plugin: object,
    *,
    settings: Mapping[str, object] | None = None,
    clusters: SimulatedClusters | None = None,
    services: Sequence[str] = ("dice-roller",),
    entities: str = "",
    config: Mapping[str, Any] | None = None,
    directory: Path | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[ExtensionAlone]:
    """Callboard with this one extension, of the name that its entry point has. `settings` is its own section; the catalog has a
    Component for each of `services` (which runs on Kubernetes under its name), and the `entities` of a YAML text besides; the
    clusters are those that simulate. `config` stands over all of that, key by key, as in app-config.yaml; relative paths in it
    start from `directory`. Raises BadInputs for a configuration that the server would refuse."""
    with tempfile.TemporaryDirectory(prefix="callboard-test-") as made:
        home = directory or Path(made)
        whole = _over(_config(name, settings, clusters), config or {})
        file = Path(made) / "app-config.yaml"
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")
        documents = [_component(service) for service in services] + (
            [dedent(entities)] if entities.strip() else []
        )
        (home / "catalog-info.yaml").write_text("---\n".join(documents), encoding="utf-8")

        def only(contexts: Contexts) -> tuple[Extension, ...]:
            return (asked(name, plugin, contexts),)

        async with open_application(
            [file], directory=home, persist=False, clock=clock, extensions_of=only
        ) as app:
            yield await _sites(app, name)


async def _sites(app: Application, name: str) -> ExtensionAlone:
    hosts, origins = allowed_hosts("127.0.0.1", int(_HOST.rpartition(":")[2]))
    until = app.clock.now() + timedelta(hours=12)
    reading = [str(a) for a in Action if a not in NOT_YET and str(a).endswith(".read")]
    readers = {Visitor.READER: tuple(reading), Visitor.STRANGER: (str(Action.METRICS_READ),)}
    tokens = {by: (await app.tokens.create(by.value, may, until))[1].reveal() for by, may in readers.items()}

    app.sign_in.put_to_use(app.configuration.settings, app.fleet.plugins)
    await app.sign_in.look()
    sessions = Sessions(app.clock, ways=app.sign_in.ways)
    attempts = SignInAttempts(Sealer(()), app.clock)

    def policy_of(*, open_: bool) -> DoorPolicy:
        return DoorPolicy(hosts=hosts, origins=origins, cookie=_COOKIE, open=open_)

    def site(*, open_: bool) -> Any:
        policy = policy_of(open_=open_)
        door = FrontDoor(policy, sessions, app.tokens, ways=app.sign_in.ways)
        operations = Operations(ready=lambda: (), metrics=_no_figures, cookie=policy.cookie_for)
        return whole_site(app.portal, door, operations, WebOptions(), app.clock, app.extensions)

    desk = FrontDesk(app.sign_in.ways, sessions, attempts, policy_of(open_=False), f"http://{_HOST}")
    return ExtensionAlone(app, name, site(open_=True), site(open_=False), tokens, desk)


def _config(
    name: str, settings: Mapping[str, object] | None, clusters: SimulatedClusters | None
) -> dict[str, Any]:
    kubernetes: dict[str, Any] = {
        "serviceLocatorMethod": {"type": "multiTenant"},
        "clusterLocatorMethods": [],
    }
    if clusters is not None:
        kubernetes["clusterLocatorMethods"] = [{"type": "kubeconfig", "files": [str(clusters.kubeconfig)]}]
    callboard: dict[str, Any] = {"parts": {"objectsProvider": "fanOut"}}
    if settings is not None:
        callboard["extensions"] = {"settings": {name: dict(settings)}}
    return {
        "catalog": {
            "locations": [{"type": "file", "target": "./catalog-info.yaml"}],
            "rules": [{"allow": ["Component", "API", "Resource", "System", "Domain", "Group", "User"]}],
        },
        "kubernetes": kubernetes,
        "callboard": callboard,
    }


def _component(name: str) -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
        f"  annotations: {{backstage.io/kubernetes-id: {name}}}\n"
        "spec: {type: service, lifecycle: production, owner: group:default/team}\n"
    )


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping on top of another, maps within it likewise."""
    both = {
        key: _over(below[key], above[key])
        for key in below.keys() & above.keys()
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping)
    }
    return {**below, **above, **both}


async def _no_figures(counts: bool) -> bytes:
    return b""
