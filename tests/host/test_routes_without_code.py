"""Routes that the configuration declares: the two of the guide as they stand there, what is told of wrong ones, and reloading."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.app.configuration import read_configuration
from callboard.base.errors import BadInputs
from callboard.base.settings import RouteSettings
from callboard.host.declared import declared_routes
from support.checkout import ROOT
from support.extended import Fleet, extended, site_of
from support.kube_objects import kube_object, meta, pod

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
