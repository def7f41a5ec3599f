"""Hooks, tabs, cards and routes are lent what they need: their settings, and a way to ask as their caller; never a credential."""

import types
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.app.configuration import read_configuration
from callboard.app.plugins import asked
from callboard.base.errors import BadInputs, CallboardError, NotAllowed, NotFound, UsageError
from callboard.extend import (
    Action,
    Answer,
    Caller,
    CallerKind,
    Card,
    CardContext,
    Credential,
    EntityRef,
    ExtensionContext,
    ExtensionRoute,
    Observed,
    ProviderToken,
    RequestContext,
    ResourceType,
    RouteContext,
    Secret,
    Tab,
    hookimpl,
)
from callboard.host.contexts import Contexts
from support.extended import ENTITY, TOKEN, Fleet, extended, site_of
from support.kube_objects import kube_object, meta, pod
from support.live import ask, topic

TEMPLATE = "support:templates/cost.html"
WEB = EntityRef("component", "default", "web")
PODS = ResourceType("", "v1", "pods", "Pod", True)
SECRETS = ResourceType("", "v1", "secrets", "Secret", True)
READER = Caller(kind=CallerKind.SERVICE, subject="r", may=frozenset(map(str, Action)))


class Own(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    retries: int = 3
    password: Secret = Secret("")


class Cost(msgspec.Struct):
    words: str


class Extension:
    """Keeps every context it is lent."""

    def __init__(self) -> None:
        self.contexts: list[ExtensionContext] = []

    @hookimpl
    def callboard_settings(self) -> Any:
        return Own

    @hookimpl
    def callboard_tabs(self, context: ExtensionContext) -> Any:
        self.contexts.append(context)
        tab = Tab(
            key="own", title="Own", template=TEMPLATE, view=self.view, applies=lambda _: True, live=self.live
        )
        return [tab]

    @hookimpl
    def callboard_cards(self) -> Any:  # a signature from before there was a context
        return [Card(key="own", title="Own", template=TEMPLATE, view=self.view, applies=lambda _: True)]

    @hookimpl
    def callboard_routes(self) -> Any:
        route = ExtensionRoute(path="/{entity}", handler=self.view, permission=Action.RESOURCES_READ)
        return [route]

    async def view(self, context: RequestContext) -> Cost:
        self.contexts.append(context)
        assert context.entity is not None
        seen = await context.ask.observed(context.entity.ref, cluster="eu")
        (cluster,) = seen.snapshot.clusters
        names = ", ".join(o.name for o in cluster.objects())
        return Cost(f"{context.settings.url} {cluster.cluster.name} {names} {seen.verdict.health}")

    async def live(self, context: CardContext) -> AsyncGenerator[object, None]:
        async for seen in context.ask.changes(context.entity.ref):
            yield Cost(f"live {len(seen.snapshot.clusters)} {seen.settled}")


SETTINGS = {"extensions": {"settings": {"own": {"url": "https://prices", "retries": "5"}}}}


async def test_a_tab_a_card_and_a_route_see_the_settings_and_one_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Extension()
    async with (
        extended({"own": own}, tmp_path, monkeypatch, callboard=SETTINGS) as app,
        site_of(app, everyone=True) as site,
    ):
        tab = (await site.get(f"{ENTITY}/own", {})).text
        overview = (await site.get(ENTITY, {})).text
        stream = (await ask(site.base, {"1": topic("own").replace("dice-roller", "web")})).text
        route = await site.get("/api/ext/own/default/component/web", {})
    for text in (tab, overview, route.text):
        assert "https://prices eu web-1" in text
    assert "live 2 True" in stream
    assert [c.extension for c in own.contexts] == ["own"] * 4
    assert own.contexts[0].settings == Own("https://prices", 5)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (
            {"ulr": "x"},
            "settings.own: ulr: unknown key; expected one of: password, retries, url; did you mean 'url'?",
        ),
        ({"url": 3}, "url: Expected `str`, got `int`"),
        ({}, "Object missing required field `url`"),
        ({"url": "x", "retries": "many"}, "retries: Expected `int`, got `str`"),
    ],
)
def test_a_section_that_does_not_fit_is_told_with_its_place(section: dict[str, object], words: str) -> None:
    contexts = Contexts(clock=None, outbound=None, questions=lambda: None, sections={"own": section})  # type: ignore[arg-type]
    found = asked("own", Extension(), contexts)
    assert found.offers == {}
    assert words in "".join(found.problems)
    with pytest.raises(BadInputs, match="own"):
        contexts.use({"own": section})


async def test_a_changed_section_is_there_with_the_next_call_and_a_wrong_one_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        extended({"own": Extension()}, tmp_path, monkeypatch, callboard=SETTINGS) as app,
        site_of(app) as site,
    ):
        file = tmp_path / "app-config.yaml"
        for url in ("https://other", "[7]"):
            file.write_text(file.read_text().replace("https://prices", url))
            try:
                await app.fleet.put_to_use(read_configuration([file], {}, tmp_path))
            except BadInputs:
                assert url == "[7]"
            assert "https://other" in (await site.get("/api/ext/own/default/component/web")).text
            file.write_text(file.read_text().replace(url, "https://prices"))


def reachable(start: object) -> Iterator[object]:
    """All that attributes, fields, items, closures and bound methods lead to; modules and types are everybody's."""
    seen: set[int] = set()
    queue: deque[object] = deque([start])
    while queue:
        each = queue.popleft()
        if id(each) in seen or isinstance(each, type | types.ModuleType | str | bytes | int | float):
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, dict):
            queue.extend((*each.keys(), *each.values()))
        elif isinstance(each, list | tuple | set | frozenset | deque):
            queue.extend(each)
        elif isinstance(each, types.FunctionType):
            queue.extend(c.cell_contents for c in each.__closure__ or ())
            queue.extend((each.__defaults__, each.__kwdefaults__))
        elif isinstance(each, types.MethodType):
            queue.extend((each.__self__, each.__func__))
        if isinstance(each, BaseException):
            trace = each.__traceback__
            while trace is not None:
                queue.append(dict(trace.tb_frame.f_locals))
                trace = trace.tb_next
            queue.extend((each.__cause__, each.__context__, each.args))
        names = [*getattr(each, "__dict__", {})]
        for base in type(each).__mro__:
            slots = getattr(base, "__slots__", ())
            names += [slots] if isinstance(slots, str) else slots
        for name in names:
            queue.append(getattr(each, name, None))


async def test_no_credential_is_in_reach_of_what_is_lent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Extension()
    failed: list[CallboardError] = []
    lent: list[RequestContext] = []

    async def handler(context: RouteContext) -> Cost:
        lent.append(context)
        found: list[object] = [await context.ask.list("eu", PODS), await context.ask.clusters()]
        for cluster in ("nowhere", "eu"):
            try:
                async for seen in context.ask.changes(WEB, cluster=cluster):
                    found.append(seen)
                await context.ask.list("nowhere", PODS)
            except CallboardError as error:
                failed.append(error)
        walked = [*reachable(context), *reachable(found), *reachable(failed)]
        assert len(walked) > 100
        for each in walked:
            assert not isinstance(each, Secret | Credential | ProviderToken)
            assert TOKEN not in repr(each)
        return Cost("walked")

    class Walking:
        @hookimpl
        def callboard_routes(self, context: ExtensionContext) -> Any:
            lent.append(context)  # type: ignore[arg-type]
            return [ExtensionRoute(path="/walk", handler=handler, permission=Action.RESOURCES_READ)]

    async with (
        extended({"own": own, "walking": Walking()}, tmp_path, monkeypatch, callboard=SETTINGS) as app,
        site_of(app, everyone=True) as site,
    ):
        (mounted,) = (m for m in app.extensions.mounted if m.path == "/api/ext/walking/walk")
        # the test sees what it looks for, where it is
        assert any(isinstance(each, Secret) for each in reachable(await app.fleet.current.way("eu", READER)))
        answer = await site.get("/api/ext/walking/walk", {})
        assert answer.text == '{"words":"walked"}', answer.text
        assert len(failed) == 2
        assert mounted is not None


async def test_a_callers_own_tokens_are_not_lent_and_nothing_is_open_after_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent: list[CardContext] = []

    async def view(context: CardContext) -> Cost:
        lent.append(context)
        return Cost("seen")

    class Keeping:
        @hookimpl
        def callboard_tabs(self) -> Any:
            return [Tab(key="keep", title="Keep", template=TEMPLATE, view=view, applies=lambda _: True)]

    caller = Caller(
        kind=CallerKind.LOOPBACK, subject="user:default/local", tokens=(ProviderToken("google", Secret("g")),)
    )
    async with extended({"keep": Keeping()}, tmp_path, monkeypatch) as app:
        (tab,) = (t for t in app.portal.tabs() if t.key == "keep")
        entity = (await app.portal.service(WEB, caller)).entity
        await tab.view(CardContext(entity=entity, caller=caller))
        (context,) = lent
        assert context.caller.tokens == ()
        assert context.caller.subject == caller.subject
        for late in (context.ask.entity(WEB), context.ask.list("eu", PODS), anext(context.ask.changes(WEB))):
            with pytest.raises(UsageError, match="a call that has ended"):
                await late


async def test_what_is_asked_passes_permission_visibility_and_redaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet()
    secret = kube_object(
        "Secret", {"metadata": meta("key"), "data": {"password": "aHVudGVyMg=="}, "type": "Opaque"}
    )
    fleet.objects = {"eu": (pod(), secret), "us": ()}
    async with extended({}, tmp_path, monkeypatch, fleet=fleet) as app:
        contexts = app.fleet._contexts
        assert contexts is not None

        def lent(may: str) -> Any:
            caller = Caller(kind=CallerKind.SERVICE, subject="r", may=frozenset(may.split()))
            return contexts.opened(RequestContext, "own", caller if may != "here" else Caller.loopback())

        with lent("") as none:
            for refused in (none.ask.entity(WEB), none.ask.observed(WEB), none.ask.entities()):
                with pytest.raises((NotAllowed, NotFound)):
                    await refused
            with pytest.raises(CallboardError):
                await none.ask.list("eu", PODS)
            assert await none.ask.clusters() == ()
        with lent("catalog.entity.read kubernetes.clusters.read kubernetes.resources.read") as some:
            seen = await some.ask.observed(WEB, cluster="eu")
            (found,) = (o for c in seen.snapshot.clusters for o in c.objects() if o.type.key == "pods")
            assert (found.name, found.raw) == ("web-1", b"{}"), "the whole may not be read"
            with pytest.raises(NotAllowed, match="no service's"):
                await some.ask.list("eu", PODS)
            with pytest.raises(NotFound):
                await some.ask.observed(WEB, cluster="nowhere")
            assert [e.ref for e in (await some.ask.entities("web")).entities] == [WEB]
            assert [c.name for c in await some.ask.clusters()] == ["eu", "us"]
        with lent("here") as here:
            listed = await here.ask.list("eu", PODS, namespace="shop")
            assert [o.name for o in listed.objects] == ["web-1"]
            assert b"web-1" in listed.objects[0].raw
            assert (await here.ask.get("eu", PODS, "gone", namespace="shop")).answer is Answer.EMPTY
            with pytest.raises(NotAllowed, match="secrets"):
                await here.ask.list("eu", SECRETS)
            with pytest.raises(NotFound):
                await here.ask.list("nowhere", PODS)
            for wrong in ("x" * 300, "a\n"):
                with pytest.raises(UsageError):
                    await here.ask.list("eu", PODS, namespace=wrong)
            with pytest.raises(UsageError):
                await here.ask.list("eu", PODS, selector="a in (")
            whole: Observed = await here.ask.observed(WEB)
        assert all(b"aHVudGVyMg" not in o.raw for c in whole.snapshot.clusters for o in c.objects())
        assert [c.cluster.name for c in whole.snapshot.clusters] == ["eu", "us"]
        assert len(whole.verdict.clusters) == 2
