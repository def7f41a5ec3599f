"""Whoever looks after Callboard finds every page of it from each of the others, and is offered what they may see alone."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from callboard.access.store import KeptSession, SessionStore
from callboard.base.config import load, settings_in_force
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.simulator import Fleet
from callboard.web.pages.admin.frame import SECTIONS
from support.company import as_, company

EVE, AUDITOR, ANNA = "eve platform", "ada auditors", "anna team"


async def test_the_frame_offers_what_somebody_may_see(tmp_path: Path) -> None:
    (tmp_path / "audit.cedar").write_text(
        'permit (principal in Group::"group:default/auditors", action == Action::"callboard.audit.read", resource);'
    )
    policies = {"ready": "open-inside", "files": ["audit.cedar"], "admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (_, base):
        for path in ("/admin", *(f"/admin/{s.key}" for s in SECTIONS)):
            page = await as_(base, EVE, path)
            assert page.status == 200, path
            assert all(f'href="/admin/{s.key}"' in page.text for s in SECTIONS), path
            assert page.text.count("aria-current") == 1, path
            assert (await as_(base, ANNA, path)).status == 403, path
        index = await as_(base, AUDITOR, "/admin")
        assert index.status == 200
        assert 'href="/admin/audit"' in index.text
        assert index.text.count('href="/admin/') == 2  # in the row of links, and below
        assert (await as_(base, AUDITOR, "/admin/policies")).status == 403


async def posted(
    base: str, who: str, path: str, form: Mapping[str, object], **headers: str
) -> tuple[int, Mapping[str, str], str]:
    given = {"Authorization": who, "Sec-Fetch-Site": "same-origin", "Accept": "*/*", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            base + path,
            data=urlencode(form, doseq=True),
            headers={"Content-Type": "application/x-www-form-urlencoded", **given},
            allow_redirects=False,
        ) as answer,
    ):
        return answer.status, answer.headers.copy(), await answer.text()


async def test_everybody_reads_who_they_are_and_whom_to_ask(tmp_path: Path) -> None:
    access = {"admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, access) as (app, base):
        await app.portal.kubernetes_settled(
            EntityRef.parse("component:default/dice-roller"), Caller.loopback(), within=20
        )
        for path in (
            "/catalog",
            "/catalog/default/component/dice-roller/kubernetes",
            "/catalog/default/component/no",
        ):
            for who, name, other in ((ANNA, "anna", "eve"), (EVE, "eve", "anna")):
                for _ in range(2):  # the second is what was kept of the first
                    page = (await as_(base, who, path)).text
                    assert page.count(f'<span class="me-name">{name}</span>') == 1, path
                    assert f"user:default/{other}" not in page, path
                    assert ('href="/admin"' in page) == (name == "eve"), path
                    assert "<!--reader-->" not in page
        me = (await as_(base, "anna team money", "/me")).text
        assert "Your groups: team, money" in me
        assert re.findall(r"</?strong>(of [a-z, ]+)", me) == ["of all", "of all", "of all"]
        me = (await as_(base, ANNA, "/me")).text
        assert re.findall(r"</?strong>(of [a-z, ]+)", me) == [
            "of all",
            "of some, not of all",
            "of some, not of all",
        ]
        me = (await as_(base, "zoe <b>", "/me")).text
        assert re.findall(r"</?strong>(of [a-z, ]+)", me) == ["of all", "of none", "of none"]
        assert "<b>" not in me
        assert "whoever runs this portal" in me


async def recorded(base: str) -> list[tuple[str, str, str]]:
    """What was changed: who, by which action, what; the oldest first."""
    page = await as_(base, EVE, "/api/callboard/v1/audit?deed=change")
    return [(e["who"], e["action"], e["what"]) for e in reversed(json.loads(page.text)["events"])]


async def test_a_token_is_shown_once_and_revoked_for_good(tmp_path: Path) -> None:
    policies = {"admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (app, base):
        form = {
            "service": "ci/shop",
            "may": ["catalog.entity.read", "kubernetes.resources.read"],
            "days": "30",
        }
        status, headers, page = await posted(base, EVE, "/admin/tokens/make", form)
        assert status == 200
        assert headers["cache-control"] == "no-store"
        [token] = set(re.findall(r"cbt_[0-9a-f]{12}_[\w-]{43}", page))
        known = await app.tokens.caller(token)
        assert known is not None
        assert known.subject == "ci/shop"
        assert known.may == {"catalog.entity.read", "kubernetes.resources.read"}
        listed = (await as_(base, EVE, "/admin/tokens?who=SHOP")).text
        id_ = token.split("_")[1]
        assert id_ in listed
        assert token not in listed
        assert token.split("_", 2)[2] not in json.dumps(await recorded(base))
        assert id_ not in (await as_(base, EVE, "/admin/tokens?who=other")).text
        for who, refused in ((ANNA, 403), ("nobody", 403)):
            for path, what in (("make", form), ("revoke", {"id": id_})):
                assert (await posted(base, who, f"/admin/tokens/{path}", what))[0] == refused
        assert (await posted(base, EVE, "/admin/tokens/revoke", {"id": id_}))[:1] == (303,)
        assert await app.tokens.caller(token) is None
        assert "revoked" in (await as_(base, EVE, "/admin/tokens")).text
        assert (await posted(base, EVE, "/admin/tokens/revoke", {"id": id_}))[0] == 404
        changes = await recorded(base)
        assert [(who, what.split(" until")[0]) for who, _, what in changes[:2]] == [
            (
                "user:default/eve",
                f"token {id_} made for ci/shop, who may catalog.entity.read, kubernetes.resources.read,",
            ),
            ("user:default/eve", f"token {id_} revoked"),
        ]


async def test_a_form_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    policies = {"admins": ["group:default/platform"]}
    sound = {"service": "ci", "may": "catalog.entity.read", "days": "1"}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (app, base):
        wrong: tuple[Mapping[str, object], ...] = (
            {**sound, "days": "0"},
            {**sound, "days": "367"},
            {**sound, "days": "٣"},
            {**sound, "days": ""},
            {**sound, "service": "<b>"},
            {**sound, "service": ""},
            {**sound, "may": "kubernetes.proxy"},
            {**sound, "may": "x" * 501},
            {**sound, "may": []},
            {f"k{n}": "" for n in range(51)},
            {**sound, "x": "y" * 20_000},
        )
        for form in wrong:
            status, _, text = await posted(base, EVE, "/admin/tokens/make", form)
            assert status == 400, form
            assert "<b>" not in text
        for kind in ("application/json", "multipart/form-data; boundary=x", ""):
            assert (await posted(base, EVE, "/admin/tokens/make", sound, **{"Content-Type": kind}))[0] == 400
        for path, form in (
            ("tokens/revoke", {"id": "../x"}),
            ("sessions/end", {}),
            ("sessions/end", {"id": "*"}),
        ):
            assert (await posted(base, EVE, f"/admin/{path}", form))[0] == 400, form
        assert await app.tokens.all() == ()
        assert [what for _, _, what in await recorded(base)] == []


async def test_a_token_may_no_more_than_whoever_makes_it(tmp_path: Path) -> None:
    (tmp_path / "tokens.cedar").write_text(
        'permit (principal in Group::"group:default/pipelines", action in'
        ' [Action::"callboard.admin.read", Action::"callboard.admin.change"], resource);'
    )
    policies = {"ready": "open-inside", "files": ["tokens.cedar"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (app, base):
        pia = "pia pipelines"
        page = (await as_(base, pia, "/admin/tokens")).text
        offered = set(re.findall(r'name="may" value="([^"]+)"', page))
        assert {"catalog.entity.read", "callboard.admin.change"} <= offered
        assert not {"kubernetes.logs.read", "kubernetes.yaml.read", "callboard.audit.read"} & offered
        form = {"service": "ci", "may": "kubernetes.logs.read", "days": "1"}
        assert (await posted(base, pia, "/admin/tokens/make", form))[0] == 403
        assert await app.tokens.all() == ()
        assert (await posted(base, pia, "/admin/tokens/make", {**form, "may": "catalog.entity.read"}))[
            0
        ] == 200


def session(number: int, now: datetime, subject: str = "") -> KeptSession:
    return KeptSession(
        digest=f"{number:064x}",
        id=f"{number:08x}",
        place="here",
        host="x",
        kind="person",
        subject=subject or f"user:default/p{number}",
        began=now - timedelta(seconds=number),
        seen=now,
        ends=now + timedelta(hours=1),
        way="oidc",
    )


async def test_sessions_are_found_paged_and_ended(tmp_path: Path) -> None:
    policies = {"admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (app, base):
        store, now = SessionStore(app.database), app.clock.now()
        for number in range(1, 103):
            await store.add(session(number, now), now)
        for number, subject in ((200, "user:default/100%_<i>"), (201, "user:default/100%_<i>")):
            await store.add(session(number, now, subject), now)
        first = (await as_(base, EVE, "/admin/sessions")).text
        assert len(set(re.findall(r"<code>[0-9a-f]{8}</code>", first))) == 100
        assert "?from=100" in first
        second = (await as_(base, EVE, "/admin/sessions?from=100")).text
        assert len(set(re.findall(r"<code>[0-9a-f]{8}</code>", second))) == 4
        assert "?from=" not in second
        assert "<i>" not in second
        found = (await as_(base, EVE, "/admin/sessions?who=P102")).text
        assert re.findall(r"<code>([0-9a-f]{8})</code>", found) == [f"{102:08x}"]
        assert "Nobody of that name" in (await as_(base, EVE, "/admin/sessions?who=p%25")).text
        assert (await as_(base, EVE, "/admin/sessions?from=x")).status == 400
        over: list[str] = []
        app.sessions.on_end(
            lambda ended: over.extend(s.id for s in (session(3, now), session(4, now)) if ended(s))
        )
        assert (await posted(base, EVE, "/admin/sessions/end", {"id": f"{3:08x}"}))[0] == 303
        subject = "user:default/100%_<i>"
        assert (await posted(base, EVE, "/admin/sessions/end", {"subject": subject}))[0] == 303
        assert over == [f"{3:08x}"]
        assert len(await app.sessions.all()) == 101
        assert (await posted(base, ANNA, "/admin/sessions/end", {"id": f"{4:08x}"}))[0] == 403
        assert (await posted(base, EVE, "/admin/sessions/end", {"id": f"{3:08x}"}))[0] == 404
        assert (await recorded(base))[:2] == [
            ("user:default/eve", "callboard.admin.change", f"session {3:08x} ended"),
            ("user:default/eve", "callboard.admin.change", f"all sessions of {subject} ended"),
        ]


async def test_clusters_tell_their_state_and_what_they_refuse(tmp_path: Path) -> None:
    policies = {"admins": ["group:default/platform"]}
    async with (
        Fleet.start(clusters=2) as fleet,
        company(
            tmp_path, fleet, policies, clusters={"byName": {fleet[0].name: {"labels": {"region": "eu"}}}}
        ) as (
            app,
            base,
        ),
    ):
        eve = Caller.loopback()
        await app.portal.kubernetes_settled(EntityRef.parse("component:default/dice-roller"), eve, within=20)
        page = (await as_(base, EVE, "/admin/clusters")).text
        assert page.count('<th scope="row">') == 2
        assert "kubeconfig user" in page
        assert "its certificate is not checked" not in page
        assert re.search(r"[1-9][0-9]* of 200 watches", page)
        found = (await as_(base, EVE, "/admin/clusters?name=REGION%3Deu")).text
        assert found.count('<th scope="row">') == 1
        assert "There is no such cluster" in (await as_(base, EVE, "/admin/clusters?name=%3Cb%3E")).text
        assert (await as_(base, ANNA, "/admin/clusters")).status == 403


def test_the_configuration_in_force_shows_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "app-config.yaml"
    file.write_text(
        "app: {title: Ours, baseUrl: 'https://portal.example.org'}\n"
        "organization: {name: '${ORG}'}\n"
        "backend:\n"
        "  listen: ':7100'\n"
        "  database: {client: pg, connection: 'postgres://u:sesame-1@db/x'}\n"
        "auth:\n"
        "  session: {secret: sesame-2-sesame-2}\n"
        "  providers:\n"
        "    oidc: {development: {metadataUrl: 'https://u:sesame-3@idp/x', clientId: us, clientSecret: sesame-4}}\n"
        "    other: {key: sesame-5}\n"
        "kubernetes:\n"
        "  serviceLocatorMethod: {type: multiTenant}\n"
        "  clusterLocatorMethods:\n"
        "    - type: config\n"
        "      clusters: [{name: a, url: 'https://a', authProvider: serviceAccount, serviceAccountToken: sesame-7}]\n"
        "callboard:\n"
        "  outbound: {proxy: 'http://u:sesame-8@proxy:1'}\n"
        "  extensions: {settings: {mine: {key: sesame-9}}}\n"
    )
    loaded = load([file], {"ORG": "sesame-0"})
    lines = {line.path: line for line in settings_in_force(loaded)}
    assert "sesame" not in repr(lines)
    assert (lines["app.title"].value, lines["app.title"].line) == ("Ours", 1)
    assert lines["organization.name"].value.startswith("(from the environment")
    assert (lines["backend.listen.port"].value, lines["backend.listen.port"].line) == ("7100", 4)
    assert lines["auth.session.secret"].value == "(set, not shown)"
    assert lines["kubernetes.clusterLocatorMethods[0].type"].value == "config"
    assert lines["kubernetes.clusterLocatorMethods[0].clusters[0].name"].line == 15
    assert lines["callboard.extensions.settings.mine.key"].value == "(an extension’s own, not shown)"
    assert lines["callboard.auth.sessionLifetime"].where == ""


async def test_the_configuration_is_searched(tmp_path: Path) -> None:
    policies = {"admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (_, base):
        page = (await as_(base, EVE, "/admin/configuration?key=ADMINS")).text
        assert "callboard.access.policies.admins" in page
        assert f"{tmp_path}/app-config.yaml:" in page
        assert "sessionLifetime" not in (await as_(base, EVE, "/admin/configuration")).text
        assert "sessionLifetime" in (await as_(base, EVE, "/admin/configuration?all=1&key=auth")).text
        assert (await as_(base, ANNA, "/admin/configuration")).status == 403
