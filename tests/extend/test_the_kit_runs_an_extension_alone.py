"""The test kit: an extension alone, over simulated clusters, asked by everyone; what it shows, as it is drawn."""

import subprocess
import sys
from collections.abc import Sequence

import msgspec
import pytest

from callboard.extend import (
    Action,
    BadInputs,
    Card,
    CardContext,
    ExtensionPage,
    ExtensionRoute,
    NotFound,
    ResourceType,
    RouteContext,
    Tab,
    UsageError,
    hookimpl,
)
from callboard.extend.testing import Visitor, extension_alone, simulated_clusters
from callboard.extend.testing.calling import element

TEMPLATE = "support:templates/cost.html"
WHEELS = ResourceType("example.com", "v1", "wheels", "Wheel", True)
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "wheels.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "wheels", "singular": "wheel", "kind": "Wheel", "listKind": "WheelList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}
WHEEL = {
    "apiVersion": "example.com/v1",
    "kind": "Wheel",
    "metadata": {"name": "front", "namespace": "games"},
    "spec": {"spokes": 36},
    "status": {"phase": "Turning"},
}


class Settings(msgspec.Struct):
    currency: str


class Cost(msgspec.Struct):
    words: str


class Turn(msgspec.Struct):
    times: int


class Wheels:
    """A tab and a route that read an operator's objects, a card that counts pods, a page, a route that changes something."""

    def __init__(self) -> None:
        self.turned = 0

    @hookimpl
    def callboard_settings(self) -> type[msgspec.Struct]:
        return Settings

    @hookimpl
    def callboard_tabs(self) -> Sequence[Tab]:
        return [Tab(key="wheels", title="Wheels", template=TEMPLATE, view=self.tab, applies=lambda _: True)]

    @hookimpl
    def callboard_cards(self) -> Sequence[Card]:
        return [Card(key="pods", title="Pods", template=TEMPLATE, view=self.card, applies=lambda _: True)]

    @hookimpl
    def callboard_routes(self) -> Sequence[ExtensionRoute]:
        reads, changes = Action.RESOURCES_READ, Action.ACTIONS_RUN
        return [
            ExtensionRoute(path="/of/{entity}", handler=self.route, permission=reads, answer=Cost),
            ExtensionRoute(
                path="/turn", method="POST", handler=self.turn, permission=Action.ADMIN_READ, body=Turn
            ),
            ExtensionRoute(path="/open", handler=self.turn, permission=None),
            ExtensionRoute(path="/bad/{entity}", handler=self.turn, permission=changes),
        ]

    @hookimpl
    def callboard_pages(self) -> Sequence[ExtensionPage]:
        page = ExtensionPage(
            path="/all",
            title="All wheels",
            template="support:templates/own_page.html",
            view=self.page,
            permission=Action.CLUSTERS_READ,
        )
        return [page]

    async def tab(self, context: CardContext) -> Cost:
        found = await context.ask.list("eu", WHEELS, namespace="games")
        return Cost("; ".join(f"<{o.name}> {o.body.status.phase}" for o in found.objects))  # type: ignore[union-attr]

    async def card(self, context: CardContext) -> Cost:
        seen = await context.ask.observed(context.entity.ref, within=20)
        pods = [o for c in seen.snapshot.clusters for o in c.members() if o.type.plural == "pods"]
        return Cost(f"{len(pods)} pods for 3 {context.settings.currency}")

    async def route(self, context: RouteContext) -> Cost:
        assert context.entity is not None
        return Cost(str(context.entity.ref))

    async def turn(self, context: RouteContext) -> int:
        self.turned += context.body.times
        return self.turned

    async def page(self, context: RouteContext) -> Cost:
        return Cost(", ".join(c.name for c in await context.ask.clusters()))


async def test_an_extension_alone_is_seen_as_people_see_it() -> None:
    own = Wheels()
    async with simulated_clusters("eu", "us") as clusters:
        clusters.create("eu", DEFINITION, WHEEL)
        with pytest.raises(UsageError, match="already exists"):
            clusters.create("eu", WHEEL)
        async with extension_alone("wheels", own, settings={"currency": "euro"}, clusters=clusters) as alone:
            assert len(alone.problems) == 2
            assert (
                "'/open' is left out: it does not say what its caller must be allowed to do"
                in alone.problems[0]
            )
            tab = await alone.tab("component:default/dice-roller", "wheels")
            assert "&lt;front&gt; Turning" in tab
            assert "<nav" not in tab
            assert "pods for 3 euro" in await alone.card("dice-roller", "pods")
            assert "eu, us" in await alone.page("/all")
            assert (await alone.route("/of/default/component/dice-roller")).json(Cost) == Cost(
                "component:default/dice-roller"
            )
            path = "/api/ext/wheels/of/default/component/dice-roller"
            assert await alone.by_everyone(path) == {
                Visitor.ME: 200, Visitor.READER: 200, Visitor.STRANGER: 403, Visitor.ANONYMOUS: 401
            }  # fmt: skip
            turned = await alone.by_everyone("/api/ext/wheels/turn", method="POST", body=Turn(3))
            assert turned == {
                Visitor.ME: 200, Visitor.READER: 403, Visitor.STRANGER: 403, Visitor.ANONYMOUS: 401
            }  # fmt: skip
            assert own.turned == 3
            assert (await alone.post("/api/ext/wheels/turn", b"{", by=Visitor.ME)).status == 400
            elsewhere = {"Origin": "https://elsewhere.example.com", "Sec-Fetch-Site": "cross-site"}
            foreign = await alone.ask("POST", "/api/ext/wheels/turn", body=Turn(1), headers=elsewhere)
            assert foreign.status == 403
            with pytest.raises(
                NotFound,
                match=r"There is not the tab 'nothing' of dice-roller. The page answers 404: .* no tab",
            ):
                await alone.tab("dice-roller", "nothing")
            clusters.delete("eu", WHEEL)
            assert "Turning" not in await alone.tab("dice-roller", "wheels")


async def test_what_is_wrong_is_told_as_the_server_tells_it() -> None:
    with pytest.raises(BadInputs, match=r"did you mean 'currency'\?"):
        async with extension_alone("wheels", Wheels(), settings={"curency": "euro"}):
            pass
    entities = """
        apiVersion: backstage.io/v1alpha1
        kind: API
        metadata: {name: dice}
        spec: {type: openapi, lifecycle: x, owner: y, definition: z}
    """
    async with extension_alone(
        "wheels", Wheels(), settings={"currency": "euro"}, services=(), entities=entities
    ) as alone:
        assert (await alone.get("/catalog/default/api/dice")).status == 200


def test_an_element_is_found_whatever_stands_around_it() -> None:
    page = '<main>\n<div id="a"><p>one<br>\n<div>two</div></p>\n</div><div\n id="b">three</div><img id="c"></main>'
    assert element(page, "id", "a") == "<p>one<br>\n<div>two</div></p>"
    assert element(page, "id", "b") == "three"
    assert element(page, "id", "c") == ""


def test_the_kit_needs_no_test_runner_and_the_door_does_not_need_the_kit() -> None:
    script = (
        "import sys, callboard.extend; "
        "assert not {'callboard.extend.testing', 'callboard.simulator', 'callboard.app'} & set(sys.modules); "
        "import callboard.extend.testing; assert not {'pytest', '_pytest', 'hypothesis'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
