"""The door and whatever extensions, services beside and the configuration add: every route that is mounted, as everybody."""

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callboard.extend import Action, ExtensionPage, ExtensionRoute, RouteContext, hookimpl
from support.beside import answer, beside
from support.extended import extended, site_of

VALUES = {
    "entity_namespace": "default",
    "entity_kind": "component",
    "entity_name": "web",
    "cluster": "eu",
    "namespace": "shop",
}
ALL = [
    a
    for a in Action
    if str(a) not in ("kubernetes.proxy", "callboard.actions.run", "kubernetes.secrets.read")
]
READS = {
    "catalog.entity.read",
    "kubernetes.clusters.read",
    "kubernetes.resources.read",
    "kubernetes.yaml.read",
}


class OfEachSort:
    """A route and a page for each permission, and one that changes something."""

    async def gives(self, context: RouteContext) -> list[str]:
        return []

    @hookimpl
    def callboard_routes(self) -> Any:
        found = [ExtensionRoute(path=f"/{a}", handler=self.gives, permission=a) for a in ALL]
        changing = ExtensionRoute(
            path="/change", method="POST", handler=self.gives, permission=Action.ENTITY_READ
        )
        about = ExtensionRoute(path="/about/{entity}", handler=self.gives, permission=Action.RESOURCES_READ)
        return [*found, changing, about]

    @hookimpl
    def callboard_pages(self) -> Any:
        template = "callboard/tabs/failed.html"
        return [
            ExtensionPage(path=f"/{a}", title="A", template=template, view=self.gives, permission=a)
            for a in ALL
        ]


async def test_every_route_is_asked_as_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as service:
        service.says = {"/all": answer("[]"), "/of/default/component/web": answer("[]")}
        routes = [
            {"path": "/all", "permission": "catalog.entity.read"},
            {"path": "/of/{entity}", "permission": "kubernetes.resources.read"},
            {"path": "/change", "method": "POST", "permission": "catalog.entity.read"},
        ]
        callboard = {
            "services": {"costs": service.service(routes=routes)},
            "routes": [{"path": "/objects/{cluster}/{entity}", "clusters": ["{cluster}"]}],
        }
        async with (
            extended({"each": OfEachSort()}, tmp_path, monkeypatch, callboard=callboard) as app,
            site_of(app) as site,
            aiohttp.ClientSession() as http,
        ):
            mounted = app.extensions.mounted
            assert {m.route.extension for m in mounted} == {"each", "costs", "declared"}
            assert len(mounted) == 2 * len(ALL) + 2 + 3 + 1
            for each in mounted:
                path = re.sub(r"\{(\w+)\}", lambda m: VALUES[m[1]], each.path)
                got = {}
                for who, headers in (("nobody", {}), ("reader", site.reader), ("stranger", site.stranger)):
                    async with http.request(each.method, site.base + path, headers=headers) as asked:
                        got[who] = asked.status
                permission = str(each.route.permission)
                reads = each.method == "GET" and permission in READS
                assert got["nobody"] in (401, 403), path
                assert got["reader"] == (200 if reads else 403), (path, got)
                # whose token says nothing but that figures may be read
                counts = each.method == "GET" and permission == "callboard.metrics.read"
                assert got["stranger"] in ((200, 403) if counts else (403,)), (path, got)
            assert all(line.startswith("GET ") for line, *_ in service.asked)
            assert len(service.asked) == 2  # the reader's alone
