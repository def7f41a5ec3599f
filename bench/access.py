"""What policies cost: a large catalog filtered for somebody, and a warm page asked for with fifty policies and without any.

No process but this one; the clusters are the simulator's, at rest. CPU is user + system of all of it.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.samples import median
from bench.tables import spread, table
from callboard.access.policies.engine import PolicyEngine
from callboard.access.policies.policies import load
from callboard.access.policies.source import PolicySource, sources_of
from callboard.app.application import open_application
from callboard.app.site import whole_site
from callboard.base.database import MEMORY, open_database
from callboard.base.settings import CatalogLocation, CatalogSettings, PoliciesSettings
from callboard.catalog import Catalog, Store
from callboard.catalog.search import SearchQuery
from callboard.http.rates import RateLimits
from callboard.model.caller import Caller, CallerKind
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass
from callboard.portal.listing.readable import ReadableCatalog
from callboard.simulator import Fleet
from callboard.web.application import Operations, WebOptions

__all__ = ["run"]

ENTITIES: Final = 5_000
OWNERS: Final = 200
RULES: Final = 50
PAGES: Final = 150
"""Requests in one round, of each."""
TURN: Final = 5
"""Requests of the one before the other has its turn: so that what else runs on the machine meets both alike."""
PATH: Final = "/catalog/default/component/s0/kubernetes"


def _rules() -> str:
    """Policies as a company has them: for groups, types, tags, environments; none of them lets our person in."""
    return "".join(
        f'@id("r{n}") permit (principal in Group::"group:default/x{n}", action, resource is Entity)\n'
        f'when {{ resource.type == "t{n}" && resource.owners.contains(Group::"group:default/y") }};\n'
        for n in range(RULES - 5)
    )


def _catalog(number: int) -> str:
    documents = (
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": f"s{n}", "annotations": {"backstage.io/kubernetes-id": "dice-roller"}},
            "spec": {"type": "service", "lifecycle": "production", "owner": f"group:default/g{n % OWNERS}"},
        }
        for n in range(number)
    )
    return "".join(f"---\n{json.dumps(each)}\n" for each in documents)


def person(name: str = "anna") -> Caller:
    """Of two of the owners."""
    groups = ("group:default/g0", "group:default/g7")
    return Caller(kind=CallerKind.PERSON, subject=f"user:default/{name}", groups=groups)


async def _filtered(rounds: int, directory: Path) -> None:
    (directory / "all.yaml").write_text(_catalog(ENTITIES))
    settings = CatalogSettings(locations=(CatalogLocation(type="file", target=str(directory / "all.yaml")),))
    ready = sources_of(PoliciesSettings(ready="by-owner"), directory)
    policies = load([*ready, PolicySource("rules.cedar", _rules())])
    database = open_database(MEMORY)
    store = Store(database)
    await store.start()
    catalog = Catalog(settings, store, directory=directory)
    await catalog.refresh()
    began = time.perf_counter()
    await catalog.directory()
    made = (time.perf_counter() - began) * 1e3
    first: list[float] = []
    again: list[float] = []
    asked: list[float] = []
    page: list[float] = []
    found = None
    for _ in range(rounds):
        engine = PolicyEngine(policies, lambda: catalog.company)
        readable = ReadableCatalog(catalog, engine)
        for times in (first, again):
            began = time.perf_counter()
            found = await readable.allowed(person())
            times.append((time.perf_counter() - began) * 1e3)
        if found is None or len(found.refs) != 2 * ENTITIES // OWNERS:
            raise RuntimeError(
                f"{found and len(found.refs)} entities may be read; {engine.errors}; {len(catalog.company)}"
            )
        asked.append(float(engine.asked))
        began = time.perf_counter()
        await readable.search(SearchQuery(), person())
        await readable.facets(SearchQuery(), person())
        page.append((time.perf_counter() - began) * 1e3)
    await database.close()
    rows = [
        ("who owns what, made once for each state of the catalog (in a thread)", f"{made:.0f}"),
        ("filtered for somebody, the first time", spread(first)),
        ("again", spread(again)),
        ("questions put to Cedar for that", f"{median(asked):.0f}"),
        ("a page of the list and its filters, filtered", spread(page)),
    ]
    title = f"{ENTITIES} entities of {OWNERS} owners, {len(policies.places)} policies, one person"
    table(title, ("", "ms on the clock"), rows)


class _Everybody:
    """Lets everybody in as one caller."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        return Admitted(self._caller)


async def _nothing(counts: bool) -> bytes:
    return b""


async def _pages(rounds: int, directory: Path) -> None:
    (directory / "catalog.yaml").write_text(_catalog(200))
    (directory / "rules.cedar").write_text(_rules())
    async with Fleet.start(clusters=4, speed=0) as fleet:
        fleet.kubeconfig(directory / "kubeconfig")
        config = directory / "app-config.yaml"
        config.write_text(json.dumps(_settings(directory)))
        async with open_application([config], directory=directory) as app:
            operations = Operations(ready=lambda: (), metrics=_nothing)
            callers = {"without policies": Caller.loopback(), f"with {RULES}": person()}
            sites = {
                name: whole_site(
                    app.portal,
                    _Everybody(caller),
                    operations,
                    WebOptions(rates=RateLimits(of_caller=10**9, of_address=10**9)),
                    app.clock,
                )
                for name, caller in callers.items()
            }
            cpu: dict[str, list[float]] = {name: [] for name in sites}
            for number in range(rounds + 1):
                spent = dict.fromkeys(sites, 0.0)
                for _ in range(PAGES // TURN):
                    for name, site in sites.items():
                        began = time.process_time()
                        for _ in range(TURN):
                            await _get(site)
                        spent[name] += time.process_time() - began
                for name, seconds in spent.items():
                    if number:
                        cpu[name].append(seconds * 1e3 / PAGES)
    names = list(cpu)
    ratio = [b / a for a, b in zip(cpu[names[0]], cpu[names[1]], strict=True)]
    rows = [(name, spread(found)) for name, found in cpu.items()]
    rows.append(("with ÷ without, by turns", spread(ratio)))
    table("A warm page of one service on 4 clusters, ms CPU", ("", ""), rows)


def _settings(directory: Path) -> dict[str, Any]:
    return {
        "catalog": {"locations": [{"type": "file", "target": str(directory / "catalog.yaml")}]},
        "kubernetes": {
            "serviceLocatorMethod": {"type": "multiTenant"},
            "clusterLocatorMethods": [{"type": "kubeconfig", "files": [str(directory / "kubeconfig")]}],
        },
        "callboard": {
            "dataDirectory": str(directory / "data"),
            "access": {"policies": {"ready": "by-owner", "files": ["rules.cedar"]}},
        },
    }


async def _get(site: Any) -> None:
    status = 0

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    await site(
        {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": PATH, "raw_path": PATH.encode(),
            "query_string": b"wait=10", "root_path": "", "headers": [(b"host", b"127.0.0.1"), (b"accept-encoding", b"gzip")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 7007),
        },
        receive,
        send,
    )  # fmt: skip
    if status != 200:
        raise RuntimeError(f"the page came as {status}")


def run(given: argparse.Namespace, node: str) -> None:
    """Both tables."""
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_filtered(given.rounds, Path(directory)))
        asyncio.run(_pages(given.rounds, Path(directory)))
