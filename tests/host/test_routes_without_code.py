"""Routes that the configuration declares: the two of the guide as they stand there, what is told of wrong ones, and reloading."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.access.policies.engine import ObjectPlace
from callboard.app.configuration import read_configuration
from callboard.app.site import whole_site
from callboard.base.errors import BadInputs, UsageError
from callboard.base.settings import RouteSettings
from callboard.host.declared import declared_routes
from callboard.model.caller import Caller
from callboard.model.door import Admitted, RequestFacts, RouteClass
from callboard.model.permission import Action
from callboard.web.application import WebOptions
from support.checkout import ROOT
from support.extended import Fleet, extended, site_of
from support.kube_objects import kube_object, meta, pod
from support.policies import CLUSTERS, engine, person, ready, service
from support.web_server import get, listening, operations

GUIDE = (ROOT / "docs" / "guides" / "contexts-and-routes.md").read_text()
BLOCK = next(b for b in re.findall(r"```yaml\n(.*?)```", GUIDE, re.S) if "routes:" in b)
ROUTES: list[dict[str, Any]] = yaml.safe_load(BLOCK)["callboard"]["routes"]


def parts(text: str) -> list[tuple[str, str, str, int]]:
    return [(p["cluster"], p["type"], p["answer"], len(p["objects"])) for p in json.loads(text)["parts"]]


async def test_those_of_the_guide_answer_in_five_lines_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(len(yaml.safe_dump(r, default_flow_style=None).splitlines()) <= 5 for r in ROUTES)
    fleet = Fleet()
    secret = kube_object(
        "Secret", {"metadata": meta("key"), "data": {"password": "aHVudGVyMg=="}, "type": "Opaque"}
    )
    fleet.objects["eu"] = (pod(), secret)
    async with (
        extended({}, tmp_path, monkeypatch, fleet=fleet, callboard={"routes": ROUTES}) as app,
        site_of(app, everyone=True) as site,
    ):
        listed = await site.get("/api/ext/declared/pods/eu/shop", {})
        assert parts(listed.text) == [("eu", "pods", "objects", 1)]
        assert json.loads(listed.text)["complete"] is True
        assert json.loads(listed.text)["parts"][0]["objects"][0]["metadata"]["name"] == "web-1"
        assert parts((await site.get("/api/ext/declared/pods/eu/empty", {})).text) == [
            ("eu", "pods", "empty", 0)
        ]
        assert (await site.get("/api/ext/declared/pods/nowhere/shop", {})).status == 404
        one = await site.get("/api/ext/declared/objects/eu/default/component/web", {})
        assert {cluster for cluster, *_ in parts(one.text)} == {"eu"}
        assert ("eu", "pods", "objects", 1) in parts(one.text)
        assert "aHVudGVyMg" not in one.text
        assert (await site.get("/api/ext/declared/objects/nowhere/default/component/web", {})).status == 404
        assert (await site.get("/api/ext/declared/objects/eu/default/component/gone", {})).status == 404
        assert (await site.get("/api/ext/declared/pods/eu/shop?x=1", {})).status == 400


async def test_a_reader_a_stranger_and_nobody_get_what_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with extended({}, tmp_path, monkeypatch, callboard={"routes": ROUTES}) as app, site_of(app) as site:
        for path, reader in (("objects/eu/default/component/web", 200), ("pods/eu/shop", 403)):
            assert (await site.get(f"/api/ext/declared/{path}")).status == reader
            assert (await site.get(f"/api/ext/declared/{path}", site.stranger)).status == 403
            assert (await site.get(f"/api/ext/declared/{path}", {})).status == 401


POLICIES = """
@id("pods-of-shops") permit (principal in Group::"group:default/support", action == Action::"kubernetes.objects.read", resource)
when { resource.environment == "staging" && context.namespace like "shop*" && context.type == "pods" };
@id("configmaps") permit (principal in Group::"group:default/support", action == Action::"kubernetes.objects.read", resource)
when { resource.name == "eu" && context.type == "configmaps" };
@id("not-there") forbid (principal, action == Action::"kubernetes.objects.read", resource)
when { context.namespace == "vault" };
@id("clusters") permit (principal, action == Action::"kubernetes.clusters.read", resource) when { resource.name != "us" };
permit (principal in Group::"group:default/all", action, resource);
"""
EVERYWHERE: list[dict[str, Any]] = [
    *ROUTES,
    {"path": "/every/{cluster}", "types": ["configmaps"], "clusters": ["{cluster}"]},
    {"path": "/kinds", "types": ["pods", "configmaps"], "namespaces": ["shop"]},
]


class AnyPerson:
    """A door that lets in whom a header names: `name group …`."""

    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted:
        name, *groups = facts.authorization.split()
        return Admitted(person(name, *groups))


async def test_policies_that_speak_of_no_service_open_them_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet()
    fleet.objects["eu"] = (
        pod(),
        *(
            kube_object("ConfigMap", {"metadata": meta(n, namespace=n), "data": {}})
            for n in ("shop", "vault")
        ),
    )
    (tmp_path / "own.cedar").write_text(POLICIES)
    callboard = {
        "routes": EVERYWHERE,
        "access": {"policies": {"files": ["own.cedar"]}},
        "clusters": {"byName": {"eu": {"labels": {"environment": "staging"}}}},
    }
    async with extended({}, tmp_path, monkeypatch, fleet=fleet, callboard=callboard) as app:
        site = whole_site(app.portal, AnyPerson(), operations(), WebOptions(), app.clock, app.extensions)
        async with listening(lambda _: site) as base:

            async def as_(who: str, path: str) -> tuple[int, list[tuple[str, str, str, int]]]:
                answer = await get(base, f"/api/ext/declared/{path}", {"Authorization": who})
                return answer.status, parts(answer.text) if answer.status == 200 else []

            support, nobody = "anna support", "ben"
            assert await as_(support, "pods/eu/shop") == (200, [("eu", "pods", "objects", 1)])
            assert (await as_(support, "pods/eu/vault"))[0] == 403
            assert (await as_(support, "pods/eu/other"))[0] == 403
            # a list over all namespaces is without those in which they may not
            assert await as_(support, "every/eu") == (200, [("eu", "configmaps", "objects", 1)])
            assert await as_("eve all", "every/eu") == (200, [("eu", "configmaps", "objects", 1)])
            # of several questions each is decided by itself; the cluster one may not know of is not there
            assert await as_(support, "kinds") == (
                200, [("eu", "pods", "objects", 1), ("eu", "configmaps", "objects", 1)],
            )  # fmt: skip
            for path in ("pods/us/shop", "pods/nowhere/shop"):
                assert (await as_(support, path))[0] == 404
                assert (await as_(nobody, path))[0] == 404
            for path in ("pods/eu/shop", "every/eu"):
                assert (await as_(nobody, path))[0] == 403
            assert await as_(nobody, "kinds") == (
                200, [("eu", "pods", "forbidden", 0), ("eu", "configmaps", "forbidden", 0)],
            )  # fmt: skip
            asked = {"who": "eve", "action": "kubernetes.objects.read", "cluster": "eu"}
            for more, policy in (
                ({"namespace": "vault", "type": "pods"}, "not-there"),
                ({"namespace": "x", "type": "pods"}, ""),
            ):
                found = (await app.portal.policies(asked | more, Caller.loopback())).explanation
                assert found is not None
                assert not found.allowed
                assert [p.split(" ")[0] for p in found.policies] == ([policy] if policy else [])
            with pytest.raises(UsageError, match="done in a cluster"):
                await app.portal.policies(asked | {"cluster": ""}, Caller.loopback())


async def test_no_ready_policy_opens_them(tmp_path: Path) -> None:
    for name in ("open-inside", "by-owner", "by-environment"):
        found = engine(ready(name, ("group:default/platform",)))
        for place in (ObjectPlace(CLUSTERS["lab"], "shop", "pods"), ObjectPlace(CLUSTERS["lab"])):
            assert not found.on_place(person("anna", "web"), Action.OBJECTS_READ, place).allowed
            assert found.on_place(person("eve", "platform"), Action.OBJECTS_READ, place).allowed
        assert not found.on_place(service(Action.RESOURCES_READ), Action.OBJECTS_READ, place).allowed
        assert found.on_place(service(Action.OBJECTS_READ), Action.OBJECTS_READ, place).allowed


async def test_they_are_others_when_the_configuration_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        extended({}, tmp_path, monkeypatch, callboard={"routes": ROUTES}) as app,
        site_of(app, everyone=True) as site,
    ):
        file = tmp_path / "app-config.yaml"
        before = file.read_text()
        file.write_text(before.replace("/pods/{cluster}", "/all-pods/{cluster}"))
        await app.fleet.put_to_use(read_configuration([file], {}, tmp_path))
        assert (await site.get("/api/ext/declared/all-pods/eu/shop", {})).status == 200
        assert (await site.get("/api/ext/declared/pods/eu/shop", {})).status == 404
        file.write_text(before.replace("- pods", "- no type"))
        with pytest.raises(BadInputs, match="is no type"):
            await app.fleet.put_to_use(read_configuration([file], {}, tmp_path))
        assert (await site.get("/api/ext/declared/all-pods/eu/shop", {})).status == 200


async def test_a_parameter_in_a_selector_is_a_value_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = {
        "path": "/by/{app}",
        "types": ["pods"],
        "clusters": ["eu", "us"],
        "selector": "app={app},tier!=test",
    }
    asked: list[str] = []
    fleet = Fleet()
    ask = fleet.fetcher.ask

    def noted(cluster: Any, credential: Any, questions: Any) -> Any:
        asked.extend(q.label_selector for q in questions)
        return ask(cluster, credential, questions)

    monkeypatch.setattr(fleet.fetcher, "ask", noted)
    async with (
        extended({}, tmp_path, monkeypatch, fleet=fleet, callboard={"routes": [route]}) as app,
        site_of(app, everyone=True) as site,
    ):
        assert [p[:1] for p in parts((await site.get("/api/ext/declared/by/web", {})).text)] == [
            ("eu",),
            ("us",),
        ]
        assert set(asked) == {"app=web,tier!=test"}
        for value in ("a,b", "a%20in%20(b)", "a=b", "!a", "x" * 64, "%0a"):
            assert (await site.get(f"/api/ext/declared/by/{value}", {})).status == 400
        assert set(asked) == {"app=web,tier!=test"}


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"path": "/a"}, "callboard.routes[0]: it names no types"),
        ({"path": "a", "types": ("pods",)}, "its path is none"),
        ({"path": "/a", "types": ("pods", "widgets")}, "'widgets' is no type"),
        (
            {"path": "/a", "types": ("pods",), "clusters": ("{cluster}",)},
            "{cluster} is no parameter of its path",
        ),
        ({"path": "/{entity}", "selector": "a=b"}, "a service has its own"),
        ({"path": "/{entity}", "clusters": ("a", "b")}, "all clusters, or about one"),
        ({"path": "/{entity}/{x}/{x}"}, "stands twice"),
    ],
)
def test_a_wrong_one_is_told_with_its_place(route: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputs) as told:
        declared_routes([RouteSettings(**route)])
    assert words in told.value.message


def test_two_at_one_address_are_told() -> None:
    one = RouteSettings(path="/a/{x}", types=("pods",))
    with pytest.raises(BadInputs, match="another route stands there"):
        declared_routes([one, RouteSettings(path="/a/{y}", types=("pods",))])
