"""GitHub and GitLab addresses of pages that show a file are read as the file; a web page where a file was expected is told."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callboard.base.errors import BadInput, CallboardError, NotAllowed, NotFound
from callboard.base.settings import GithubIntegration, GitlabIntegration, IntegrationsSettings, ReadingAllow
from callboard.catalog import HttpFetch
from callboard.catalog.sources.hosting import git_hosts, host_of, raw_address
from callboard.outbound import Network, Outbound, address_of
from support.catalog import ME, dump, entity, get, has, opened, settings
from support.http_server import Answer, Served, served

PAGE = Answer(body=b"\n<!DOCTYPE html>\n<html><body>a page: with colons</body></html>")
HOSTS = git_hosts(
    IntegrationsSettings(
        github=(
            GithubIntegration(host="ghe.example.org"),
            GithubIntegration(host="gh.example.org:8443", raw_base_url="https://raw.example.org/x/"),
        ),
        gitlab=(GitlabIntegration(host="git.example.org"),),
    )
)
GITHUB = "https://raw.githubusercontent.com/acme/shop"


@pytest.mark.parametrize(
    ("pasted", "raw"),
    [
        ("https://github.com/acme/shop/blob/main/catalog-info.yaml", f"{GITHUB}/main/catalog-info.yaml"),
        ("https://github.com/acme/shop/tree/main/a/b.yaml", f"{GITHUB}/main/a/b.yaml"),
        ("https://github.com/acme/shop/raw/v1.0/b.yaml", f"{GITHUB}/v1.0/b.yaml"),
        ("https://github.com/acme/shop/edit/main/b.yaml", f"{GITHUB}/main/b.yaml"),
        ("https://github.com/acme/shop/blame/main/b.yaml", f"{GITHUB}/main/b.yaml"),
        ("https://github.com/acme/shop/blob/main/b.yaml?plain=1#L3", f"{GITHUB}/main/b.yaml"),
        ("https://GitHub.com//acme/shop/blob/main/./x/../b.yaml", f"{GITHUB}/main/b.yaml"),
        ("https://github.com/acme/shop/blob/feature/x/b.yaml", f"{GITHUB}/feature/x/b.yaml"),
        ("https://github.com/acme/shop/blob/main/a%20b.yaml", f"{GITHUB}/main/a%20b.yaml"),
        ("https://github.com/acme/blob/blob/blob/blob", "https://raw.githubusercontent.com/acme/blob/blob/blob"),
        (f"{GITHUB}/main/b.yaml", f"{GITHUB}/main/b.yaml"),
        (f"{GITHUB}/refs/heads/main/b.yaml", f"{GITHUB}/refs/heads/main/b.yaml"),
        ("https://github.com/acme/shop", None),
        ("https://github.com/acme/shop/", None),
        ("https://github.com/acme/shop/tree/main", None),
        ("https://github.com/acme/shop/issues/1/x", None),
        ("https://github.com/", None),
        ("https://ghe.example.org/a/b/blob/main/c.yaml", "https://ghe.example.org/raw/a/b/main/c.yaml"),
        ("https://ghe.example.org/raw/a/b/main/c.yaml", "https://ghe.example.org/raw/a/b/main/c.yaml"),
        ("https://gh.example.org:8443/a/b/blob/main/c.yaml", "https://raw.example.org/x/a/b/main/c.yaml"),
        ("https://gitlab.com/a/b/-/blob/main/c.yaml", "https://gitlab.com/a/b/-/raw/main/c.yaml"),
        ("https://gitlab.com/a/b/blob/main/c.yaml", "https://gitlab.com/a/b/-/raw/main/c.yaml"),
        ("https://gitlab.com/g/sub/b/-/tree/main/d/c.yaml?ref_type=heads",
         "https://gitlab.com/g/sub/b/-/raw/main/d/c.yaml?ref_type=heads"),
        ("https://gitlab.com/a/b/-/raw/main/c.yaml", "https://gitlab.com/a/b/-/raw/main/c.yaml"),
        ("https://gitlab.com/a/b/-/edit/main/c.yaml", "https://gitlab.com/a/b/-/raw/main/c.yaml"),
        ("https://git.example.org/a/b/-/blob/main/c.yaml", "https://git.example.org/a/b/-/raw/main/c.yaml"),
        ("https://gitlab.com/a/b", None),
        ("https://gitlab.com/a/b/-/blob/main", None),
        ("https://gitlab.com/blob/main/c.yaml", None),
    ],
)  # fmt: skip
def test_the_address_of_a_page_leads_to_its_file(pasted: str, raw: str | None) -> None:
    address = address_of(pasted)
    host = host_of(address, HOSTS)
    assert host is not None
    found = raw_address(address, host)
    assert (found.text if found else None) == raw
    if found is not None:
        assert raw_address(found, host) == found


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com.evil.org/a/b/blob/main/c.yaml",
        "https://evil.org/github.com/a/b/blob/main/c.yaml",
        "https://gist.github.com/a/b/raw/c.yaml",
        "https://github.com:8443/a/b/blob/main/c.yaml",
        "https://raw.example.org/y/a/b/main/c.yaml",
    ],
)
def test_other_hosts_are_not_taken_for_them(url: str) -> None:
    assert host_of(address_of(url), HOSTS) is None


def test_the_public_ones_lead_nowhere_inside() -> None:
    assert {host.network for host in git_hosts(IntegrationsSettings())} == {Network.PUBLIC}
    configured = IntegrationsSettings(github=(GithubIntegration(host="github.com"),))
    assert {host.network for host in git_hosts(configured)} == {Network.PUBLIC}


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with Outbound(environment={}) as way:
        yield way


def fetch_from(outbound: Outbound, server: Served, *, allow: tuple[ReadingAllow, ...] = ()) -> HttpFetch:
    host = f"127.0.0.1:{server.port}"
    github = GithubIntegration(host=host, raw_base_url=server.url("/raw"))
    hosts = git_hosts(IntegrationsSettings(github=(github,)))
    return HttpFetch(outbound, allow, deadline=20, max_bytes=10_000, hosts=hosts)


async def test_a_pasted_address_is_read_with_what_it_leads_to(
    outbound: Outbound, server: Served, tmp_path: Path
) -> None:
    server.answers["/acme/shop/blob/main/catalog-info.yaml"] = PAGE
    documents = dump(
        entity("Component", "shop"),
        entity("Location", "more", target="./more/all.yaml"),
        entity("API", "a", definition={"$text": "./openapi.yaml"}),
    )
    server.answers["/raw/acme/shop/main/catalog-info.yaml"] = Answer(body=documents.encode())
    server.answers["/raw/acme/shop/main/openapi.yaml"] = Answer(body=b"openapi: 3.1.0")
    server.answers["/raw/acme/shop/main/more/all.yaml"] = Answer(
        body=dump(entity("Component", "more")).encode()
    )
    url = server.url("/acme/shop/blob/main/catalog-info.yaml")
    async with opened(tmp_path, settings(url), fetch=fetch_from(outbound, server)) as catalog:
        await catalog.refresh()
        assert await catalog.problems(ME) == ()
        assert await has(catalog, "component:more")
        assert (await get(catalog, "api:a")).spec_text("definition") == "openapi: 3.1.0"
        view = (await get(catalog, "component:shop")).annotation("backstage.io/view-url")
        assert view == url
    assert all(asked.path.startswith("/raw/") for asked in server.asked)


async def test_what_is_no_file_there_is_told_without_asking(outbound: Outbound, server: Served) -> None:
    with pytest.raises(BadInput) as caught:
        await fetch_from(outbound, server)(server.url("/acme/shop"))
    assert caught.value.problem.expected.endswith("/OWNER/REPOSITORY/blob/BRANCH/catalog-info.yaml")
    assert server.asked == []
    allow = (ReadingAllow(host=f"127.0.0.1:{server.port}"),)
    server.answers["/acme/shop"] = Answer(body=b"a: b")
    assert (await fetch_from(outbound, server, allow=allow)(server.url("/acme/shop"))).body == b"a: b"


async def test_a_file_that_is_not_public_is_told_as_perhaps_private(
    outbound: Outbound, server: Served
) -> None:
    with pytest.raises(NotFound) as caught:
        await fetch_from(outbound, server)(server.url("/acme/shop/blob/main/x.yaml"))
    assert "private" in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        PAGE.body,
        b"<html lang='en'>",
        b"\xef\xbb\xbf<!doctype HTML>",
        b"   <HTML>",
        b"<head><title>x</title></head>",
    ],
)
async def test_a_web_page_is_told_as_one(
    outbound: Outbound, server: Served, tmp_path: Path, body: bytes
) -> None:
    server.answers["/a/blob/main/x.yaml"] = Answer(body=body, headers={"Content-Type": "text/plain"})
    allow = [ReadingAllow(host=f"127.0.0.1:{server.port}")]
    plain = HttpFetch(outbound, allow, deadline=20, max_bytes=10_000)
    async with opened(tmp_path, settings(server.url("/a/blob/main/x.yaml")), fetch=plain) as catalog:
        await catalog.refresh()
        (problem,) = await catalog.problems(ME)
        assert problem.message == "is a web page (HTML)"
        assert "raw file" in problem.hint
        assert "integrations" in problem.hint


@pytest.mark.parametrize("body", [b"a: <html>", b"# <html>\na: b", b"<<: a", b"<", b"<xml>", b""])
async def test_what_only_resembles_a_web_page_is_read(
    outbound: Outbound, server: Served, body: bytes
) -> None:
    server.answers["/x"] = Answer(body=body, headers={"Content-Type": "text/html"})
    allow = [ReadingAllow(host=f"127.0.0.1:{server.port}")]
    fetch = HttpFetch(outbound, allow, deadline=20, max_bytes=10_000)
    assert (await fetch(server.url("/x"))).body == body


@pytest.mark.parametrize(
    "url", ["https://github.com.evil.org/a/b/blob/main/c", "http://169.254.169.254/a/b/blob/m/c"]
)
async def test_hosts_nobody_named_are_not_asked(outbound: Outbound, server: Served, url: str) -> None:
    with pytest.raises(CallboardError) as caught:
        await fetch_from(outbound, server)(url)
    assert isinstance(caught.value, NotAllowed)
