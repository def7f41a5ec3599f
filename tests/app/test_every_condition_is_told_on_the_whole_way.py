"""Each code fires on a simulated cluster, with the rights that `callboard rbac` prints, in what the API serves of the service's
page: it and no other. Where nodes tell it, with the rights that it prints with the feature `nodes`."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from callboard.base.settings import CustomResourceSettings
from callboard.diagnosis.rules.conditions import CONDITIONS
from callboard.diagnosis.rules.registry import ALL
from callboard.fleet.tools.rbac import DEFAULT, Feature
from callboard.simulator import Fleet
from support.conditions import containers, controllers, images, pods
from support.conditions.scene import NOW, Case
from support.conditions.whole_way import BARE, Told, codes_of, define, place, told

CASES = (*images.CASES, *containers.CASES, *pods.CASES, *controllers.CASES)
CODES = {code for codes in CONDITIONS.values() for code in codes}
FOLLOW = {rule.code for rule in ALL if rule.follows}
"""What is told as a consequence of another."""
CUSTOM = (
    CustomResourceSettings(group="example.com", api_version="v1", plural="databases"),
    CustomResourceSettings(group="argoproj.io", api_version="v1alpha1", plural="applications"),
)


def name_of(number: int, case: Case) -> str:
    return f"s{number}-{case.code.lower()}"


SERVICES = {name_of(n, case): case for n, case in enumerate(CASES) if case.asked}


Pages = dict[str, dict[str, Any]]


async def _looked_at(directory: Path) -> Pages:
    async with Fleet.start(BARE, now=NOW.timestamp(), speed=0.0) as fleet:
        cluster = fleet[0]
        cluster.engine.halted = True
        define(cluster, CUSTOM, {"databases": "Database", "applications": "Application"})
        for service, case in SERVICES.items():
            place(cluster, service, case.documents)
        with_nodes = [s for s, case in SERVICES.items() if any(d["kind"] == "Node" for d in case.documents)]
        found: Pages = {}
        for services, features in ((list(SERVICES), DEFAULT), (with_nodes, (*DEFAULT, Feature.NODES))):
            async with told(fleet, directory, services, custom=CUSTOM, features=features) as callboard:
                these = {service: await callboard.page(service) for service in services}
                found |= these
                found |= {f"list of {s}": row for s, row in (await listed(callboard, these)).items()}
        return found


async def listed(callboard: Told, pages: Pages) -> Pages:
    """The rows of the list, by service, when they are kept current and agree with the pages, or do not come to."""
    rows: Pages = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while not all(name in rows and agrees(rows[name], page) for name, page in pages.items()):
                answer = await callboard.get("/services?kind=component&limit=500")
                rows = {row["name"]: row for row in answer["services"]}
                await asyncio.sleep(0.05)
    return rows


def agrees(row: dict[str, Any], page: dict[str, Any]) -> bool:
    """Whether a row of the list is current and says of a service what its page says."""
    told_there = (page["verdict"]["health"], page["verdict"]["impact"])
    return bool(row["live"]) and (row["health"], row["impact"]) == told_there


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """The JSON of every service's page."""
    return asyncio.run(_looked_at(tmp_path_factory.mktemp("whole-way")))


def test_each_code_has_a_row() -> None:
    assert {case.code for case in SERVICES.values()} == CODES


@pytest.mark.parametrize("service", SERVICES)
def test_it_and_no_other_is_on_the_page(service: str, pages: Pages) -> None:
    case, page = SERVICES[service], pages[service]
    consequences = [words for finding in page["findings"] for words in finding["consequences"]]
    assert codes_of(page) == {case.code, *(case.also - FOLLOW)}
    assert len(consequences) == len(case.also & FOLLOW)


@pytest.mark.parametrize("service", SERVICES)
def test_the_list_does_not_disagree(service: str, pages: Pages) -> None:
    assert agrees(pages[f"list of {service}"], pages[service])


def test_how_large_the_largest_node_is_is_said_where_nodes_may_be_read(pages: Pages) -> None:
    large = next(s for s, case in SERVICES.items() if case.documents is pods.LARGE)
    [finding] = pages[large]["findings"]
    assert finding["sentence"].endswith("it asks for 64 CPU; the largest node has 8")
    without = next(s for s, case in SERVICES.items() if case.code == "CB-SCHEDULE-RESOURCES" and s != large)
    assert "largest" not in pages[without]["findings"][0]["sentence"]
