"""Every error is a page that says what is wrong and what to do; JSON for those who ask for it; never a stack trace."""

import json

import pytest

from callboard.base.errors import NotAllowed, NotFound, Unavailable, UsageError
from callboard.http.headers import CONTENT_SECURITY_POLICY
from callboard.http.site import Site
from callboard.web.application import create_web
from support.web_scenes import StubPortal
from support.web_server import door, get, listening, operations, serving

ENTITY = "/catalog/default/component/dice-roller"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/catalog?offset=-1", "“offset” in the address is a whole number from 0 to 1000000, not “-1”."),
        ("/catalog?offset=%D9%A3", "“offset” in the address is a whole number"),
        ("/catalog?q=" + "x" * 501, "“q” in the address is 501 characters long"),
        ("/catalog?" + "&".join(f"tag=t{i}" for i in range(51)), "The address has 51 values for “tag”"),
        ("/catalog/default/component/-x", "“-x” cannot be the name of a catalog entity"),
        ("/catalog/default/component/%3Cb%3E", "cannot be the name of a catalog entity"),
        (f"{ENTITY}/kubernetes?wait=99", "“wait” in the address is a whole number of seconds from 0 to 20"),
        (f"{ENTITY}/kubernetes/object/c/pods/ns/p/log?previous=yes", "“previous” in the address is 1"),
        (
            f"{ENTITY}/kubernetes/object/c/pods/ns/p/log?tail=0",
            "“tail” in the address is a whole number from 1",
        ),
    ],
)
async def test_bad_input_in_an_address_is_named(path: str, words: str) -> None:
    async with serving(StubPortal()) as base:
        answer = await get(base, path)
    assert answer.status == 400
    assert words in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/catalog/default/component/other",
        f"{ENTITY}/nope",
        "/static/1/no.css",
        "/static/1/../site.py",
    ],
)
async def test_what_is_not_there_is_404(path: str) -> None:
    async with serving(StubPortal()) as base:
        answer = await get(base, path)
    assert answer.status == 404
    assert "Not found" in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("gone"), 404),
        (NotAllowed("not yours"), 403),
        (Unavailable("later"), 503),
        (UsageError("what?"), 400),
    ],
)
@pytest.mark.parametrize(
    "path", ["/catalog", ENTITY, f"{ENTITY}/kubernetes", f"{ENTITY}/kubernetes/object/c/pods/ns/p"]
)
async def test_the_portals_errors_have_their_status(error: Exception, status: int, path: str) -> None:
    portal = StubPortal()
    portal.error = error
    async with serving(portal) as base:
        page = await get(base, path, {"X-Request-Id": "abcdef0123456789"})
        data = await get(base, path, {"Accept": "application/json"})
    assert page.status == data.status == status
    assert str(error) in page.text
    assert "abcdef0123456789" in page.text
    assert json.loads(data.text)["error"]["message"] == str(error)


async def test_what_nobody_foresaw_shows_none_of_its_own_words() -> None:
    portal = StubPortal()
    portal.error = RuntimeError("token eyJhbGciOi at /srv/secret.py")
    async with serving(portal) as base:
        page = await get(base, "/catalog")
        data = await get(base, "/catalog", {"Accept": "application/json"})
    for answer in (page, data):
        assert answer.status == 500
        assert "eyJ" not in answer.text
        assert "RuntimeError" not in answer.text
        assert "Traceback" not in answer.text
    assert page.headers["X-Request-Id"] in page.text


@pytest.mark.parametrize("path", ["/catalog", "/nowhere", "/livez", "/metrics", "/live", "/catalog?offset=x"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    async with serving(StubPortal()) as base:
        answer = await get(base, path)
        foreign = await get(base, path, {"Host": "rebound.example"})
    for each in (answer, foreign):
        headers = {k.lower(): v for k, v in each.headers.items()}
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "permissions-policy" in headers


def test_the_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


async def test_a_request_id_that_could_forge_a_log_line_is_replaced() -> None:
    async with serving(StubPortal()) as base:
        kept = await get(base, "/livez", {"X-Request-Id": "from-proxy.1234"})
        made = await get(base, "/livez", {"X-Request-Id": "x y=z; <b>"})
    assert kept.headers["x-request-id"] == "from-proxy.1234"
    assert made.headers["x-request-id"] != "x y=z; <b>"


async def test_readiness_tells_what_it_waits_for() -> None:
    def make(port: int) -> Site:
        guard, _ = door(port)
        return create_web(StubPortal(), guard, operations(waiting=("catalog",)))

    async with listening(make) as base:
        waiting = await get(base, "/readyz")
        alive = await get(base, "/livez")
    assert (waiting.status, waiting.text) == (503, "catalog\n")
    assert alive.status == 200


async def test_static_files_are_kept_for_good_under_their_hash_only() -> None:
    async with serving(StubPortal()) as base:
        page = (await get(base, "/catalog")).text
        url = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        current = await get(base, url)
        old = await get(base, "/static/000000000000/page.css")
    assert "immutable" in current.headers["cache-control"]
    assert old.headers["cache-control"] == "no-cache"
    assert old.text == current.text


async def test_no_page_has_script_or_style_inline() -> None:
    async with serving(StubPortal()) as base:
        for path in ("/catalog", ENTITY, f"{ENTITY}/kubernetes", f"{ENTITY}/kubernetes/object/c/pods/ns/p"):
            page = (await get(base, path)).text
            assert "<style" not in page
            assert " style=" not in page
            assert " onclick" not in page
            assert "<script>" not in page
