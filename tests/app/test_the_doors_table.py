"""The door's table: every route of the whole site, asked as everybody who could ask; what came of it stands in docs/door.md."""

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from yarl import URL

from callboard.app.access import access_tools
from callboard.model.permission import Action
from support.checkout import ROOT
from support.stand_in_provider import OTHER, stand_in_provider, token

PAGE = ROOT / "docs" / "door.md"
ROUTES = re.findall(
    r"^\| `([^`]+)` \| ([A-Z]+) \| ([\w-]+) \|",
    (ROOT / "docs" / "reference" / "routes.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
ROUTES += [
    ("/api/ext/door/orders", "GET", "read"),
    ("/api/ext/door/orders/{entity}", "GET", "read"),
    ("/api/ext/door/orders", "POST", "unsafe"),
    ("/api/ext/door/audit", "GET", "read"),
    ("/ext/door/orders/{entity}", "GET", "read"),
    ("/api/ext/declared/pods/{cluster}/{object_namespace}", "GET", "read"),
    ("/api/ext/declared/objects/{entity}", "GET", "read"),
]
"""Those that the reference tells beside what extensions and the configuration bring: one of each sort."""
DECLARED = [
    {"path": "/pods/{cluster}/{ns}", "types": ["pods"], "clusters": ["{cluster}"], "namespaces": ["{ns}"]},
    {"path": "/objects/{entity}"},
]
EXTENSION = """
from callboard.extend import Action, ExtensionPage, ExtensionRoute, hookimpl

async def orders(context): return [1]
async def shown(context): return {}

@hookimpl
def callboard_routes():
    return [
        ExtensionRoute(path="/orders", permission=Action.ENTITY_READ, answer=list[int], handler=orders),
        ExtensionRoute(path="/orders", method="POST", permission=Action.ENTITY_READ, answer=list[int], handler=orders),
        ExtensionRoute(path="/orders/{entity}", permission=Action.RESOURCES_READ, answer=list[int], handler=orders),
        ExtensionRoute(path="/audit", permission=Action.AUDIT_READ, answer=list[int], handler=orders),
    ]

@hookimpl
def callboard_pages():
    template = "doors_extension:templates/orders.html"
    read = Action.LOGS_READ
    return [ExtensionPage(path="/orders/{entity}", title="Orders", permission=read, template=template, view=shown)]
"""
API = {"apiVersion": "backstage.io/v1alpha1"}
VALUES = {
    "namespace": "default",
    "kind": "component",
    "name": "dice",
    "tab": "kubernetes",
    "entity": "default/component/dice",
    "cluster": "no-such",
    "type": "pods",
    "object_namespace": "dice",
    "object_name": "p",
    "way": "front",
    "version": "1",
    "name:path": "page.css",
}
ADMINISTRATION = ("/admin", "/api/callboard/v1/audit", "/api/callboard/v1/access", "/api/ext/door/audit")
"""What such paths begin with."""
SEEN = {"public", "sign-in", "metrics"}
"""Classes of routes that a stranger may reach."""


def people() -> list[dict[str, Any]]:
    users = [
        {
            **API,
            "kind": "User",
            "metadata": {"name": n},
            "spec": {"memberOf": [g], "profile": {"email": f"{n}@example.org"}},
        }
        for n, g in (("anna", "payments"), ("bo", "games"))
    ]
    groups = [
        {**API, "kind": "Group", "metadata": {"name": n}, "spec": {"type": "team", "children": []}}
        for n in ("payments", "games")
    ]
    dice = {
        **API,
        "kind": "Component",
        "metadata": {"name": "dice", "annotations": {"backstage.io/kubernetes-id": "dice"}},
        "spec": {"type": "service", "lifecycle": "production", "owner": "payments"},
    }
    return [*users, *groups, dice]


async def callers(folder: Path, config: Path, base: str) -> dict[str, Mapping[str, str]]:
    """Everybody, with the headers that they come with."""
    later = datetime.now(UTC) + timedelta(days=1)
    async with access_tools((config,)) as tools:
        made = {
            name: await tools.make_token(name, may, later)
            for name, may in {
                "reads": (
                    "catalog.entity.read",
                    "kubernetes.clusters.read",
                    "kubernetes.resources.read",
                    "kubernetes.logs.read",
                    "kubernetes.yaml.read",
                ),
                "counts": (str(Action.METRICS_READ),),
                "over": ("catalog.entity.read",),
                "revoked": ("catalog.entity.read",),
            }.items()
        }
        await tools.revoke_token(made["revoked"][0].id)
    with sqlite3.connect(folder / "data" / "callboard.sqlite") as tables:
        tables.execute("UPDATE access_tokens SET ends = made WHERE id = ?", (made["over"][0].id,))

    now = int(datetime.now(UTC).timestamp())

    def signed(**more: Any) -> Mapping[str, str]:
        key = more.pop("key", None)
        sound = {"iss": base, "aud": "us", "sub": "4711", "email": "anna@example.org", "email_verified": True}
        claims = {**sound, "iat": now, "exp": now + 300, **more}
        return {"X-Assertion": token(claims, key=key) if key else token(claims)}

    def bearer(name: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {made[name][1].reveal()}"}

    whole = signed()["X-Assertion"]
    return {
        "anonymous": {},
        "stranger, signed in": signed(email="x@example.org"),
        "owner": signed(),
        "of another group": signed(email="bo@example.org"),
        "service, with the right": bearer("reads"),
        "service, without": bearer("counts"),
        "service, over": bearer("over"),
        "service, revoked": bearer("revoked"),
        "over": signed(exp=now - 100),
        "for another audience": signed(aud="them"),
        "another's key": signed(key=OTHER),
        "changed": {"X-Assertion": whole[:-8] + "AAAAAAAA"},
        "another site's page": {**signed(), "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    }


@asynccontextmanager
async def serving(folder: Path, base: str) -> AsyncIterator[tuple[int, Path]]:
    (folder / "catalog-info.yaml").write_text(yaml.safe_dump_all(people()))
    front = {"header": "X-Assertion", "issuer": base, "audience": ["us"], "jwksUrl": f"{base}/jwks"}
    external = {"type": "static", "options": {"token": CANARIES[1], "subject": "canary"}}
    config = {
        "auth": {"session": {"secret": CANARIES[0]}},
        "backend": {"auth": {"externalAccess": [external]}},
        "catalog": {
            "rules": [{"allow": ["User", "Group", "Component"]}],
            "locations": [{"type": "file", "target": "catalog-info.yaml"}],
        },
        "kubernetes": {"serviceLocatorMethod": {"type": "multiTenant"}, "clusterLocatorMethods": []},
        "callboard": {
            "dataDirectory": str(folder / "data"),
            "logging": {"level": "warning"},
            "routes": DECLARED,
            "auth": {"unknownPeople": "plain", "proxies": {"front": front}},
        },
    }
    path = folder / "app-config.yaml"
    path.write_text(yaml.safe_dump(config))
    installed = folder / "installed" / "door-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: door\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[callboard]\ndoor = doors_extension\n")
    package = installed.parent / "doors_extension"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text(EXTENSION)
    (package / "templates" / "orders.html").write_text("<p>orders</p>")
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from callboard.app.main import main; main()"),
            *("serve", "--config", str(path), "--port", "0"),
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(
                    filter(None, (str(installed.parent), os.environ.get("PYTHONPATH")))
                ),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            found = None
            while found is None:
                line = (await process.stdout.readline()).decode()
                assert line, (folder / "log").read_text()
                found = re.search(r"http://127\.0\.0\.1:(\d+)/sign-in", line)
        yield int(found[1]), path
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


CANARIES = ("canary-of-the-sessions-0123456789abcdef", "canary-of-an-external-service-0123")


async def seen(tmp_path: Path) -> dict[tuple[str, str], dict[str, int]]:
    """By route and caller: the status."""
    table: dict[tuple[str, str], dict[str, int]] = {}
    async with (
        stand_in_provider() as provider,
        serving(tmp_path, provider.base) as (port, config),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        everybody = await callers(tmp_path, config, provider.base)
        secrets = [
            *CANARIES,
            *(v.removeprefix("Bearer ") for h in everybody.values() for v in h.values() if len(v) > 30),
        ]
        for name, headers in everybody.items():
            for path, method, kind in ROUTES:
                where = re.sub(r"\{([^}]+)\}", lambda m: VALUES.get(m[1], "x"), path)
                url = URL(f"http://127.0.0.1:{port}{where}", encoded=True)
                given = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **headers}
                body = {"watch": [], "once": True} if kind == "stream" else None
                asked = http.request(method, url, headers=given, json=body, allow_redirects=False)
                async with asked as answer:
                    body_and_headers = f"{(await answer.read()).decode()} {dict(answer.headers)}"
                    assert [s for s in secrets if s in body_and_headers] == [], (name, path)
                    shown = (
                        path
                        if method == "GET" or kind != "unsafe" or path == "/sign-out"
                        else f"{path} ({method})"
                    )
                    table.setdefault((shown, kind), {})[name] = answer.status
        log = (tmp_path / "log").read_text(errors="replace")
        assert [s for s in secrets if s in log] == []
    return table


def written(table: dict[tuple[str, str], dict[str, int]]) -> str:
    names = list(next(iter(table.values())))
    lines = [
        "# Who gets through the door",
        "",
        "Every route, asked as everybody who could ask: the HTTP status that each got. `tests/app/test_the_doors_table.py`",
        "asks, and compares this page with what it saw. People come with the signed token of a proxy in front; the service is",
        "owned by the group of *owner*; the policies are the ones in force where nothing is said. 404 is what is not there: the",
        "routes of objects are asked about a cluster that there is not.",
        "",
        f"| route | class | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for (path, kind), row in table.items():
        lines.append(f"| `{path}` | {kind} | {' | '.join(str(row[name]) for name in names)} |")
    return "\n".join(lines) + "\n"


async def test_every_route_is_asked_as_everybody(tmp_path: Path) -> None:
    table = await seen(tmp_path)
    nobody = (
        "anonymous",
        "service, over",
        "service, revoked",
        "over",
        "for another audience",
        "another's key",
        "changed",
    )
    for (path, kind), row in table.items():
        assert all(status < 500 for status in row.values()), path
        if kind in SEEN:
            continue
        assert {row[name] for name in nobody} <= {401, 403}, path
        # administration is for those whom a policy names: nobody, where none is said
        assert (row["owner"] in (401, 403)) == path.startswith(ADMINISTRATION), path
        assert path in ("/", "/me") or row["service, without"] in (401, 403), path  # the list, and who it is
        if kind in ("stream", "unsafe"):
            assert {row[name] for name in row if name.startswith("service")} <= {401, 403}, path
            assert row["another site's page"] == 403, path
    page, now = PAGE.read_text(encoding="utf-8"), tmp_path / "door.md"
    now.write_text(written(table))
    shown = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    known = {route: row for route, row in table.items() if route[0] in shown}
    assert [line for line in written(known).splitlines() if line not in page] == [], (
        f"copy {now} to docs/door.md"
    )
