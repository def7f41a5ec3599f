"""Over real sockets: what the policies keep from somebody is on no face, and told as what does not exist."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from callboard.app.application import Application
from callboard.base.errors import NotAllowed
from callboard.model.caller import Caller
from callboard.portal.protocol import ServicesQuery
from callboard.simulator import Fleet
from support.company import as_, company
from support.live import KUBERNETES, ask
from support.policies import person
from support.web_server import Answer

API = "/api/callboard/v1/services"
_ALL = ServicesQuery(text="dice")


def without_id(answer: Answer, name: str) -> tuple[int, str]:
    """An error's status and text, without its number and the name that was asked for."""
    text = answer.text.replace(answer.headers.get("x-request-id", "?"), "ID").replace(name, "NAME")
    return answer.status, text


PATHS = (
    "/catalog/default/component/{}",
    "/catalog/default/component/{}/kubernetes?wait=5",
    API + "/default/component/{}",
    API + "/default/component/{}/kubernetes?wait=5",
    "/catalog/default/component/{}/kubernetes/object/%s/pods/games/x",
    "/catalog/default/component/{}/kubernetes/object/%s/pods/games/x/log",
)


async def test_a_service_that_is_not_ones_own_is_not_there(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        company(tmp_path, fleet, {"ready": "by-owner"}) as (_, base),
    ):
        anna = "anna team"
        for path in PATHS:
            at = path % fleet[0].name if "%s" in path else path
            hidden = without_id(await as_(base, anna, at.format("scoreboard")), "scoreboard")
            none = without_id(await as_(base, anna, at.format("there-is-none")), "there-is-none")
            assert hidden == none, path
            assert hidden[0] == 404, path
        # her own is, and tells of nothing else
        for path in ("/catalog", API, API + "?q=score", *(p.format("dice-roller") for p in PATHS[:4])):
            answer = await as_(base, anna, path)
            assert answer.status == 200, path
            assert "scoreboard" not in answer.text.replace("q=score", ""), path
            assert "money" not in answer.text, path
        assert (await as_(base, anna, API)).text.count('"ref"') == 1
        # whoever owns what depends on it sees how it is, and no log of it
        ben = "ben money"
        assert (await as_(base, ben, PATHS[3].format("dice-roller"))).status == 200
        streams = [
            await ask(
                base,
                {"1": KUBERNETES.replace("dice-roller", name)},
                once=True,
                headers={"Authorization": anna},
            )
            for name in ("scoreboard", "there-is-none")
        ]
        assert streams[0].text.replace("scoreboard", "X") == streams[1].text.replace("there-is-none", "X")


async def pod_of(app: Application, base: str) -> str:
    document = await app.portal.kubernetes_settled(
        (await app.portal.services(_ALL, Caller.loopback())).rows[0].ref, Caller.loopback(), within=20
    )
    key = document.clusters[0].workloads[0].pods[0].key
    return (
        "/catalog/default/component/dice-roller/kubernetes/object/"
        f"{key.cluster}/{key.type}/{key.namespace}/{key.name}"
    )


async def test_logs_and_yaml_are_for_owners_and_whom_to_ask_is_told(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, company(tmp_path, fleet, {}) as (app, base):
        pod = await pod_of(app, base)
        mine, others = await as_(base, "anna team", pod), await as_(base, "ben money", pod)
        assert (mine.status, others.status) == (200, 200)
        assert "apiVersion: v1" in mine.text
        assert "apiVersion: v1" not in others.text
        assert "You may not read it: no policy allows it. Ask its owner, team, or" in others.text
        log = await as_(base, "ben money", pod + "/log")
        assert log.status == 403
        assert "kubernetes.logs.read" in log.text
        assert "Ask its owner, team, or whoever runs this portal." in log.text
        assert (await as_(base, "anna team", pod + "/log")).status == 200


async def test_a_cluster_that_one_may_not_know_of_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "hide.cedar").write_text(
        'forbid (principal, action == Action::"kubernetes.clusters.read", resource)'
        ' when { resource.environment == "secret" };'
    )
    async with Fleet.start(clusters=2) as fleet:
        policies = {"ready": "open-inside", "files": ["hide.cedar"]}
        labels: dict[str, Any] = {
            "clusters": {"byName": {fleet[1].name: {"labels": {"environment": "secret"}}}}
        }
        async with company(tmp_path, fleet, policies, **labels) as (app, base):
            anna = "anna team"
            for path in ("/catalog", *(p.format("dice-roller") for p in PATHS[1:4])):
                answer = await as_(base, anna, path)
                assert answer.status == 200, path
                assert fleet[1].name not in answer.text, path
                assert "secret" not in answer.text, path
            assert fleet[0].name in (await as_(base, anna, PATHS[3].format("dice-roller"))).text
            assert fleet[1].name in (await as_(base, "here", PATHS[3].format("dice-roller"))).text
            pod = (await pod_of(app, base)).replace(fleet[0].name, "{}").replace(fleet[1].name, "{}")
            for road in (pod, pod + "/log"):
                hidden = without_id(await as_(base, anna, road.format(fleet[1].name)), fleet[1].name)
                none = without_id(await as_(base, anna, road.format("no-such")), "no-such")
                assert hidden == none
                assert hidden[0] == 404


async def test_production_is_for_owners(tmp_path: Path) -> None:
    async with Fleet.start(clusters=2) as fleet:
        labels: dict[str, Any] = {
            "clusters": {"byName": {fleet[1].name: {"labels": {"environment": "staging"}}}}
        }
        async with company(tmp_path, fleet, {"ready": "by-environment"}, **labels) as (app, _):
            ref = (await app.portal.services(_ALL, Caller.loopback())).rows[0].ref
            views = {
                who.subject: await app.portal.kubernetes_settled(ref, who, within=20)
                for who in (person("anna", "team"), person("ben", "money"))
            }
            workloads = {
                name: {part.cluster.name: len(part.workloads) for part in view.clusters}
                for name, view in views.items()
            }
            assert all(workloads["user:default/anna"].values())
            assert workloads["user:default/ben"][fleet[0].name] == 0, "no label, so production"
            assert workloads["user:default/ben"][fleet[1].name] > 0


async def test_an_open_page_ends_with_the_policy_that_let_one_see_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.cedar"
    file.write_text("permit (principal, action, resource);")
    async with (
        Fleet.start() as fleet,
        company(tmp_path, fleet, {"files": ["mine.cedar"]}, watchInterval=0.05) as (app, _),
    ):
        ref = (await app.portal.services(_ALL, Caller.loopback())).rows[0].ref
        anna = person("anna")
        views = app.portal.kubernetes(ref, anna)
        async with asyncio.timeout(30):
            async for view in views:
                if view.settled:
                    break
            assert view.clusters
            file.write_text(
                "permit (principal, action, resource);"
                'forbid (principal, action == Action::"kubernetes.resources.read", resource);'
            )
            async for view in views:
                if not view.clusters:
                    break
        await views.aclose()
        with pytest.raises(NotAllowed, match=r"policy .*forbids it"):
            await app.portal.kubernetes_settled(ref, anna, within=1)


async def test_reads_and_refusals_are_on_record_for_whoever_may_read_it(tmp_path: Path) -> None:
    admins = {"admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, admins) as (app, base):
        pod = await pod_of(app, base)
        await as_(base, "anna team", pod)
        log = await as_(base, "anna team", pod + "/log")
        assert log.status == 200
        refused = await as_(base, "ben money", pod + "/log")
        assert refused.status == 403
        for path in (
            "/admin/audit",
            "/admin/policies",
            API.replace("services", "audit"),
            API.replace("services", "access"),
        ):
            assert (await as_(base, "anna team", path)).status == 403, path
            assert (await as_(base, "eve platform", path)).status == 200, path
        record = json.loads((await as_(base, "eve platform", API.replace("services", "audit"))).text)[
            "events"
        ]
        told = [(e["deed"], e["outcome"], e["who"], e["what"].split("/")[0]) for e in reversed(record)]
        assert told[:3] == [
            ("yaml", "done", "user:default/anna", "component:default"),
            ("log", "done", "user:default/anna", "component:default"),
            ("refused", "refused", "user:default/ben", ""),
        ]
        assert {t[:3] for t in told[3:]} == {("refused", "refused", "user:default/anna")}
        assert record[-3]["request"] == refused.headers["x-request-id"]
        assert all(e["address"] == "127.0.0.1" for e in record)
        lines = [line for line in log.text.split() if len(line) > 20]
        assert not any(
            line in json.dumps(record) for line in lines if "kubernetes" not in line and "/" not in line
        )
        for wrong in (
            "?deed=x",
            "?outcome=x",
            "?since=yesterday",
            "?limit=501",
            "?before=-1",
            "?who=" + "x" * 501,
        ):
            assert (await as_(base, "eve platform", "/admin/audit" + wrong)).status == 400, wrong
        page = await as_(
            base, "eve platform", "/admin/audit?who=user:default/ben&outcome=refused&since=2020-01-01"
        )
        assert page.text.count("<tr><td") == 1


async def test_it_is_said_which_policy_decides(tmp_path: Path) -> None:
    (tmp_path / "mine.cedar").write_text(
        '@id("no-logs-of-dice") forbid (principal, action == Action::"kubernetes.logs.read", resource)'
        ' when { resource.name == "dice-roller" };'
    )
    policies = {"ready": "open-inside", "files": ["mine.cedar"], "admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (app, base):
        eve, what = "eve platform", "what=component:default/dice-roller"
        path = API.replace("services", "access")
        why = json.loads((await as_(base, eve, f"{path}?who=anna&action=kubernetes.logs.read&{what}")).text)
        found = why["explanation"]
        assert (found["who"], found["allowed"]) == ("user:default/anna", False)
        assert found["policies"] == [f"no-logs-of-dice ({tmp_path / 'mine.cedar'}:1)"]
        assert len(why["policies"]) == 4
        page = await as_(base, eve, f"/admin/policies?who=anna&action=catalog.entity.read&{what}")
        assert "everyone-reads" in page.text
        assert "<strong>Yes</strong>" in page.text
        for wrong in (
            "who=anna&action=x",
            "who=anna&action=kubernetes.logs.read",
            "who=a:b:c/&action=callboard.audit.read",
        ):
            assert (await as_(base, eve, f"{path}?{wrong}")).status == 400, wrong
        (tmp_path / "mine.cedar").write_text("permit (nobody);")
        async with asyncio.timeout(20):
            while not app.policies.keeper.problem:  # noqa: ASYNC110 - what follows files tells nobody
                await asyncio.sleep(0.05)
        assert "mine.cedar:1: the policy that begins here" in (await as_(base, eve, "/admin/policies")).text
