"""A service beside: asked with a token that says who asks, permitted by us first, and never with anything of the browser's."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from callboard.access.identity_tokens import PERIOD, IdentityTokens
from callboard.app.configuration import read_configuration
from callboard.base.clock import FakeClock, SystemClock
from callboard.base.errors import BadInputs
from callboard.base.fence import WrongAnswer
from callboard.base.secret import Secret
from callboard.base.settings import ServiceBesideSettings
from callboard.host.beside.answers import data_of, refusal_of
from callboard.host.beside.services import ServicesBeside
from callboard.host.beside.shown import shown
from callboard.model.caller import Caller, CallerKind
from support.beside import answer, beside
from support.extended import ENTITY, extended, site_of

COSTS: dict[str, Any] = {
    "title": "Costs",
    "routes": [
        {
            "path": "/of/{entity}/{month}",
            "to": "/v1/{month}/{entity}",
            "permission": "catalog.entity.read",
            "query": ["currency"],
        },
        {"path": "/all", "permission": "catalog.entity.read"},
        {"path": "/budget/{entity}", "method": "POST", "permission": "catalog.entity.read"},
        {"path": "/pods/{entity}", "permission": "kubernetes.resources.read"},
    ],
    "tabs": {
        "costs": {"title": "What it costs", "to": "/tab/{entity}", "permission": "kubernetes.resources.read"}
    },
}
OF = "/api/ext/costs/of/default/component/web/may"
AT = "/v1/may/default/component/web"


async def test_it_is_asked_with_who_asks_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside() as service:
        service.says[AT] = answer('{"total": 12.5}', more=b"Set-Cookie: a=b\r\nX-Own: 1\r\nLink: <x>\r\n")
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with extended({}, tmp_path, monkeypatch, callboard=callboard) as app, site_of(app) as site:
            sent = {
                **site.reader,
                "Cookie": "callboard=hidden",
                "X-Forwarded-User": "root",
                "Impersonate-User": "root",
                "Accept-Language": "de",
            }
            got = await site.get(f"{OF}?currency=EUR", sent)
            assert (got.status, json.loads(got.text)) == (200, {"total": 12.5})
            assert not {"set-cookie", "x-own", "link"} & {name.lower() for name in got.headers}
            line, headers, _ = service.asked[-1]
            assert line == f"GET {AT}?currency=EUR HTTP/1.1"
            assert set(headers) == {
                "host",
                "accept",
                "accept-encoding",
                "authorization",
                "user-agent",
                "x-request-id",
            }
            assert site.reader["Authorization"] not in headers["authorization"]
            key_set = await site.get("/.well-known/jwks.json", {})
            keys = KeySet.import_key_set(json.loads(key_set.text))
            assert '"d"' not in key_set.text
            told = jwt.decode(headers["authorization"].removeprefix("Bearer "), keys, algorithms=["ES256"])
            claims = told.claims
            assert (claims["aud"], claims["sub"], claims["kind"], claims["entity"]) == (
                "costs",
                "r",
                "service",
                "component:default/web",
            )
            assert 0 < claims["exp"] - claims["iat"] <= 60
            await site.get("/api/ext/costs/all")
            assert service.asked[-1][1]["authorization"] != headers["authorization"]


async def test_who_may_not_does_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as service:
        service.says |= {AT: answer(), "/all": answer(), "/pods/default/component/web": answer()}
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with extended({}, tmp_path, monkeypatch, callboard=callboard) as app, site_of(app) as site:
            for path in (OF, "/api/ext/costs/all", "/api/ext/costs/pods/default/component/web"):
                assert (await site.get(path, {})).status == 401
                assert (await site.get(path, site.stranger)).status == 403
                assert service.asked == []
                assert (await site.get(path)).status == 200
                service.asked.clear()
            assert (await site.get(OF.replace("web", "gone"))).status == 404
            assert (
                await site.get("/api/ext/costs/budget/default/component/web", method="POST")
            ).status == 403
            assert service.asked == []


async def test_a_parameter_leads_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as service:
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with extended({}, tmp_path, monkeypatch, callboard=callboard) as app, site_of(app) as site:
            for value in ("%2e%2e", "..", "%252e%252e", "%00", "%5c", "a%5cb", "..%3Ba", "%0a"):
                got = await site.get(OF.replace("may", value))
                assert got.status in (400, 404), value
            assert (await site.get(f"{OF}?month=x")).status == 400
            assert (await site.get(f"{OF}?currency=a&currency=b")).status == 400
            assert service.asked == []
            service.says["/v1/a%20b%3Fc%23d/default/component/web"] = answer("1")
            assert (await site.get(OF.replace("may", "a%20b%3Fc%23d"))).status == 200


async def test_a_body_is_handed_on_as_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as service:
        service.says["/budget/default/component/web"] = answer("", status=204)
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with (
            extended({}, tmp_path, monkeypatch, callboard=callboard) as app,
            site_of(app, everyone=True) as site,
        ):
            url = site.base + "/api/ext/costs/budget/default/component/web"
            async with aiohttp.ClientSession(headers={"Origin": site.base}) as browser:
                async with browser.post(url, json={"eur": 5}) as got:
                    assert (got.status, await got.text()) == (200, "null")
                line, headers, body = service.asked[-1]
                assert (line, headers["content-type"], body) == (
                    "POST /budget/default/component/web HTTP/1.1",
                    "application/json",
                    b'{"eur": 5}',
                )
                async with browser.post(url, data=b"{", headers={"Content-Type": "application/json"}) as got:
                    assert got.status == 400
                async with browser.post(url, json="x" * 70_000) as got:
                    assert got.status == 400
            assert len(service.asked) == 1


async def test_what_it_refuses_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside() as service:
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with extended({}, tmp_path, monkeypatch, callboard=callboard) as app, site_of(app) as site:
            for status, body, code, told in (
                (404, '{"message": "no costs in\\n may"}', 404, "Costs says: no costs in may"),
                (403, '{"error": {"message": "not yours"}}', 403, "Costs says: not yours"),
                (422, '{"detail": ["x"]}', 400, "Costs says: 422"),
                (409, "<b>", 409, "Costs says: 409"),
                (429, '{"error": "later"}', 503, "Costs says: later"),
            ):
                service.says[AT] = answer(body, status=status)
                got = await site.get(OF)
                assert (got.status, json.loads(got.text)["error"]["message"]) == (code, told)


async def test_a_tab_shows_data_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as service:
        data = {
            "total": 12,
            "owner": "<script>alert(1)</script>",
            "months": [
                {"month": "may", "eur": 5, "final": True},
                {"month": "june", "note": "javascript:alert(1)"},
            ],
            "tags": ["a", "b"],
        }
        service.says["/tab/default/component/web"] = answer(json.dumps(data))
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with extended({}, tmp_path, monkeypatch, callboard=callboard) as app, site_of(app) as site:
            page = (await site.get(f"{ENTITY}/costs")).text
            assert "What it costs" in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
            assert "<script>alert(1)" not in page
            assert 'href="javascript' not in page
            for cell in (
                '<th scope="col">month</th>',
                "<td>june</td>",
                "<td>yes</td>",
                "<li>b</li>",
                "<dd>12</dd>",
            ):
                assert cell in page
            service.says["/tab/default/component/web"] = answer("<h1>mine</h1>", kind="text/html")
            broken = await site.get(f"{ENTITY}/costs")
            assert "JSON or plain text is expected" in broken.text
            assert "<h1>mine" not in broken.text
            assert "kubernetes" in broken.text  # the page around it stands


async def test_another_configuration_is_in_force_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside() as service:
        service.says |= {"/all": answer('"one"'), "/two/all": answer('"two"', kind="application/x+json")}
        callboard = {"services": {"costs": service.service(**COSTS)}}
        async with extended({}, tmp_path, monkeypatch, callboard=callboard) as app, site_of(app) as site:
            assert (await site.get("/api/ext/costs/all")).text == '"one"'
            file = tmp_path / "app-config.yaml"
            before = file.read_text()
            file.write_text(before.replace(service.address, service.address + "/two"))
            await app.fleet.put_to_use(read_configuration([file], {}, tmp_path))
            assert (await site.get("/api/ext/costs/all")).text == '"two"'
            file.write_text(before.replace("costs:", "prices:", 1).replace("target: ", "target: x"))
            with pytest.raises(BadInputs, match="prices: target: "):
                await app.fleet.put_to_use(read_configuration([file], {}, tmp_path))
            assert (await site.get("/api/ext/costs/all")).text == '"two"'
            file.write_text(before.replace("    costs:", "    prices:", 1))
            await app.fleet.put_to_use(read_configuration([file], {}, tmp_path))
            assert (await site.get("/api/ext/costs/all")).status == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": "ftp://x"}, "is not an http or https URL"),
        ({"target": "http://u:p@x"}, "user name or password"),
        ({"timeout": 61}, "timeout: out of bounds"),
        ({"concurrent": 0}, "concurrent: out of bounds"),
        ({"maxBytes": 5_000_000}, "maxBytes: out of bounds"),
        ({"routes": [{"path": "/a", "permission": "all"}]}, "'all' is no permission"),
        ({"routes": [{"path": "/a", "permission": "kubernetes.resources.read"}]}, "nothing would be decided"),
        (
            {"routes": [{"path": "/a", "permission": "catalog.entity.read", "to": "/../b"}]},
            "'/../b' is no path",
        ),
        (
            {"routes": [{"path": "/a", "permission": "catalog.entity.read", "to": "/{x}"}]},
            "{x} is no parameter",
        ),
        (
            {"routes": [{"path": "/a", "permission": "catalog.entity.read", "method": "TRACE"}]},
            "method: expected 'GET'",
        ),
        (
            {"routes": [{"path": "/a/{q}", "permission": "catalog.entity.read", "query": ["q"]}]},
            "stands twice",
        ),
        ({"routes": [{"path": "/a", "permission": "catalog.entity.read"}] * 2}, "another route stands there"),
        ({"tabs": {"Big": {"title": "t", "to": "/a", "permission": "catalog.entity.read"}}}, "small letters"),
        (
            {"tabs": {"t": {"title": "t", "to": "/a", "permission": "callboard.admin.read"}}},
            "not about an entity",
        ),
    ],
)
def test_a_wrong_one_is_told_with_its_place(change: dict[str, Any], words: str) -> None:
    beside_us = msgspec.convert({"target": "http://localhost:1", **change}, ServiceBesideSettings)
    with pytest.raises(BadInputs) as told:
        ServicesBeside(IdentityTokens(SystemClock()), lambda: None).made({"costs": beside_us}, "")
    assert words in told.value.message
    assert told.value.message.startswith("callboard.services.costs: ")


async def test_a_name_is_one_extensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("declared", "fleet"):
        callboard = {"services": {name: {"target": "http://localhost:1"}}}
        with pytest.raises(BadInputs, match="has this name"):
            async with extended({}, tmp_path, monkeypatch, callboard=callboard):
                pass


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=10,
    )
)
@settings(max_examples=25, deadline=None)
def test_whatever_data_comes_can_be_shown(value: Any) -> None:
    view = shown(value, "Costs")
    assert 1 <= len(view.blocks) <= 50
    for block in view.blocks:
        assert all(len(row) == len(block.columns) for row in block.rows)
        texts = (*block.columns, *block.items, *(cell for row in block.rows for cell in row))
        assert all(len(each) <= 301 for each in texts)


@given(
    st.binary(max_size=60) | st.text(max_size=30).map(str.encode),
    st.sampled_from(["application/json", "text/plain", "", "a/b"]),
)
@settings(max_examples=50, deadline=None)
def test_whatever_bytes_come_are_data_or_a_wrong_answer(body: bytes, kind: str) -> None:
    with suppress(WrongAnswer):
        data_of(200, {"content-type": kind}, body)
    for status in (199, 301, 400, 403, 404, 409, 418, 429, 451, 500, 999):
        try:
            refused = refusal_of(status, {"content-type": kind}, body, "Costs")
        except WrongAnswer:
            continue
        assert refused is not None
        assert len(refused.message) < 400
        assert "\n" not in refused.message


def test_deep_wide_and_long_data_is_refused_or_cut() -> None:
    for body, told in (
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b"[" * 40 + b"]" * 40, "deeper than 32"),
        (b"[" + b"[]," * 100_001 + b"1]", "more than 100000 values"),
        (b'{"a": ', "no JSON"),
    ):
        with pytest.raises(WrongAnswer, match=told):
            data_of(200, {"content-type": "application/json"}, body)
    view = shown([{f"c{n}": "x" * 1000 for n in range(100)} for _ in range(2000)], "Costs")
    (table,) = view.blocks
    assert (len(table.columns), len(table.rows), table.more) == (20, 500, 1500)
    assert len(table.rows[0][0]) == 301


def test_every_server_of_ours_has_the_same_keys_and_a_former_secrets_hold_on() -> None:
    clock = FakeClock(datetime(2026, 12, 1, tzinfo=UTC))
    one, other = (IdentityTokens(clock, (Secret("a" * 32),)) for _ in range(2))
    assert one.key_set() == other.key_set()
    caller = Caller(kind=CallerKind.PERSON, subject="user:default/anna", groups=("group:default/a",) * 150)

    def checked(tokens: IdentityTokens, by: IdentityTokens) -> dict[str, Any]:
        keys = KeySet.import_key_set(json.loads(by.key_set()))
        return jwt.decode(tokens.token("costs", caller).reveal(), keys, algorithms=["ES256"]).claims

    claims = checked(one, other)
    assert (len(claims["groups"]), claims["groups_left_out"]) == (100, 50)
    renewed = IdentityTokens(clock, (Secret("b" * 32), Secret("a" * 32)))
    assert checked(one, renewed)["sub"] == checked(renewed, renewed)["sub"] == "user:default/anna"
    with pytest.raises(JoseError, match="No key"):
        checked(renewed, one)
    before = one.key_set()
    clock.advance(PERIOD.total_seconds())
    published = {k["kid"] for k in json.loads(before)["keys"]}
    signed_by = json.loads(base64.urlsafe_b64decode(one.token("costs", caller).reveal().split(".")[0] + "=="))
    assert signed_by["kid"] in published  # the next key stood there before it signed
    assert {k["kid"] for k in json.loads(one.key_set())["keys"]} != published
    alone = (IdentityTokens(clock), IdentityTokens(clock))
    assert alone[0].key_set() != alone[1].key_set()
