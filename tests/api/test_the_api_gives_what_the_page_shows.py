"""The list, a service, and its Kubernetes document, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime

import msgspec
import pytest

from callboard.model.entity import EntityRef
from callboard.model.outcome import Failure, FailureCode, Freshness
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import Health
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.documents.status import StatusDocument
from callboard.portal.documents.status_writer import document_in_steps, document_of
from callboard.portal.protocol import ServicesQuery
from callboard.portal.views import (
    Count,
    Facet,
    HealthTally,
    KubernetesView,
    RelatedEntity,
    RelationGroup,
    ServiceRow,
    ServicesView,
    ServiceView,
)
from support import kube_objects as kube
from support.running_api import Api, running_api
from support.stub_wiring import StubPortal

WEB = EntityRef.of("Component", "default", "web")
TEAM = EntityRef.of("Group", "default", "shop")
HEALTHY = kube.cluster("eu-1", kube.deployment())
DARK = kube.cluster(
    "us-1",
    state=ClusterState.FAILED,
    failure=Failure(code=FailureCode.TLS, message="certificate has expired"),
)
PATH = "/services/default/component/web"


@pytest.fixture
def everyone() -> bool:
    """Whether the door lets everyone on this machine in."""
    return True


@pytest.fixture
async def api(everyone: bool) -> AsyncIterator[Api]:
    """A running API; its portal gives what the test sets."""
    async with running_api(StubPortal(), everyone=everyone) as running:
        yield running


async def test_the_list_carries_its_filters_and_the_next_page(api: Api) -> None:
    row = ServiceRow(
        ref=WEB, title="Web", kind="Component", owner=TEAM, tags=("a",), health=Health.PROGRESSING
    )
    facet = Facet("owner", "Owner", (Count("shop", 3, True),))
    api.portal.listed = ServicesView(rows=(row, row), total=5, offset=2, limit=2, facets=(facet,))
    answer = await api.get("/services?q=%20web%20&owner=a&owner=b&tag=x&kind=&offset=2&limit=2")
    assert api.portal.queries == [ServicesQuery(text="web", owner=("a", "b"), tag=("x",), offset=2, limit=2)]
    assert [c.kind.value for c in api.portal.callers] == ["loopback"]
    read = answer.json
    assert (read["total"], read["offset"], read["limit"], read["nextOffset"]) == (5, 2, 2, 4)
    assert read["services"][0] == {
        "ref": "component:default/web",
        "kind": "Component",
        "namespace": "default",
        "name": "web",
        "title": "Web",
        "description": "",
        "type": "",
        "owner": "group:default/shop",
        "system": None,
        "lifecycle": "",
        "tags": ["a"],
        "broken": False,
        "health": "progressing",
        "impact": None,
        "sentence": "",
        "healthAsOf": None,
        "live": False,
        "staleSince": None,
        "staleClusters": [],
    }
    assert read["tally"] is None
    assert read["facets"][0]["values"] == [{"value": "shop", "count": 3, "selected": True}]


async def test_a_live_list_tells_how_current_each_service_is_and_how_many_there_are(api: Api) -> None:
    row = ServiceRow(
        ref=WEB,
        title="Web",
        kind="Component",
        health=Health.UNKNOWN,
        health_live=True,
        health_as_of=datetime(2026, 1, 1, tzinfo=UTC),
        health_stale_since=datetime(2026, 1, 1, tzinfo=UTC),
        health_stale=("eu-1",),
    )
    tally = HealthTally(known=2, total=3, counts={Health.UNKNOWN: 1, Health.HEALTHY: 1}, earlier=1)
    api.portal.listed = ServicesView(rows=(row,), total=1, offset=0, limit=2, tally=tally, live=True)
    read = (await api.get("/services")).json
    (told,) = read["services"]
    assert (told["live"], told["staleClusters"]) == (True, ["eu-1"])
    assert told["staleSince"] == told["healthAsOf"] == "2026-01-01T00:00:00Z"
    assert read["tally"] == {"known": 2, "total": 3, "counts": {"unknown": 1, "healthy": 1}, "earlier": 1}


async def test_the_last_page_has_no_next(api: Api) -> None:
    row = ServiceRow(ref=WEB, title="Web", kind="Component")
    api.portal.listed = ServicesView(rows=(row,), total=5, offset=4, limit=2)
    assert (await api.get("/services?offset=4&limit=2")).json["nextOffset"] is None


@pytest.mark.parametrize(
    "query",
    [
        "kinds=Component",
        "limit=0",
        "limit=501",
        "limit=-1",
        "offset=x",
        "q=" + "a" * 501,
        "&".join(["tag=a"] * 51),
    ],
)
async def test_a_filter_that_is_not_understood_is_refused_by_name(api: Api, query: str) -> None:
    answer = await api.get(f"/services?{query}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "usage")
    assert query.partition("=")[0] in answer.json["error"]["message"]
    assert not api.portal.queries


async def test_a_service_carries_its_entity_and_relations(api: Api) -> None:
    entity = kube.service().entity
    owner = RelatedEntity(TEAM, "Shop", False)
    group = RelationGroup("ownedBy", "owned by", (owner,))
    api.portal.described = ServiceView(
        entity=entity, owners=(owner,), relations=(group,), problems=("broken",)
    )
    read = (await api.get("/services/Default/Component/WEB")).json
    assert (read["ref"], read["problems"]) == ("component:default/web", ["broken"])
    assert (read["entity"]["apiVersion"], read["entity"]["metadata"]["name"]) == (
        "backstage.io/v1alpha1",
        "web",
    )
    related = {"ref": "group:default/shop", "title": "Shop", "exists": False}
    assert read["owners"] == [related]
    assert read["relations"] == [{"type": "ownedBy", "title": "owned by", "entities": [related]}]


async def test_the_kubernetes_document_says_what_is_known_and_what_is_not(api: Api) -> None:
    api.portal.views = (arrange(kube.service(HEALTHY, DARK)),)
    answer = await api.get(f"{PATH}/kubernetes?wait=2.5")
    assert api.portal.waits == [2.5]
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    read = answer.json
    assert read["version"] == 1
    assert read["conclusion"]["couldNotTell"] == [{"cluster": "us-1", "why": "certificate has expired"}]
    by_name = {c["name"]: c for c in read["clusters"]}
    assert by_name["eu-1"]["workloads"][0]["ready"] == 1
    assert (by_name["us-1"]["state"], by_name["us-1"]["failure"]) == (
        "failed",
        "certificate has expired",
    )


async def test_the_etag_changes_with_the_content_and_not_with_the_time(api: Api) -> None:
    snapshot = kube.service(HEALTHY)
    later = msgspec.structs.replace(snapshot, as_of=datetime(2026, 11, 21, tzinfo=UTC))
    api.portal.views = (arrange(snapshot),)
    first = await api.get(f"{PATH}/kubernetes")
    took = msgspec.structs.replace(HEALTHY, took=3.0)
    api.portal.views = (arrange(msgspec.structs.replace(later, clusters=(took,))),)
    again = await api.get(f"{PATH}/kubernetes", if_none_match=first.headers["etag"])
    assert (again.status, again.json, again.headers["etag"]) == (304, None, first.headers["etag"])
    api.portal.views = (arrange(kube.service(HEALTHY, DARK)),)
    changed = await api.get(f"{PATH}/kubernetes", if_none_match=first.headers["etag"])
    assert changed.status == 200
    assert changed.headers["etag"] != first.headers["etag"]
    assert changed.headers["cache-control"] == "private, no-cache"


async def test_a_view_is_written_once_however_many_ask(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[datetime | None] = []

    def counted(
        view: KubernetesView, *, now: datetime | None = None
    ) -> Generator[None, None, StatusDocument]:
        written.append(now)
        return document_in_steps(view, now=now)

    monkeypatch.setattr("callboard.api.routes.document_in_steps", counted)
    monkeypatch.setattr("callboard.base.giving_way.GIVE_WAY", -1.0)
    api.portal.views = (arrange(kube.service(HEALTHY)),)
    first, *_ = await asyncio.gather(*(api.get(f"{PATH}/kubernetes") for _ in range(5)))
    for _ in range(3):
        assert (await api.get(f"{PATH}/kubernetes")).json == first.json
    again = await api.get(f"{PATH}/kubernetes", if_none_match=first.headers["etag"])
    assert (again.status, len(written)) == (304, 1)
    api.portal.views = (arrange(kube.service(HEALTHY, DARK)),)
    changed = (await api.get(f"{PATH}/kubernetes")).json
    assert {c["name"] for c in changed["clusters"]} == {"eu-1", "us-1"}
    assert len(written) == 2


def test_what_is_listened_to_is_as_of_when_it_is_read() -> None:
    live = tuple(msgspec.structs.replace(o, freshness=Freshness.LIVE) for o in HEALTHY.outcomes)
    listened = msgspec.structs.replace(HEALTHY, outcomes=live, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    snapshot = msgspec.structs.replace(kube.service(listened, DARK), live=True)
    later = datetime(2026, 1, 2, tzinfo=UTC)
    read = document_of(arrange(snapshot), now=later)
    assert read.as_of == later
    assert {c.name: c.as_of for c in read.clusters} == {"eu-1": later, "us-1": DARK.as_of}
    asked = document_of(arrange(msgspec.structs.replace(snapshot, live=False)), now=later)
    assert {c.name: c.as_of for c in asked.clusters} == {"eu-1": listened.as_of, "us-1": DARK.as_of}


@pytest.mark.parametrize("wait", ["-1", "61", "soon", "1e1", "", "nan"])
async def test_a_wait_that_is_no_wait_is_refused(api: Api, wait: str) -> None:
    answer = await api.get(f"{PATH}/kubernetes?wait={wait}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "usage")


@pytest.mark.parametrize(
    "path", ["/services/default/component/nosuch", "/services/default/component/nosuch/kubernetes", "/nosuch"]
)
async def test_what_is_not_there_is_404_as_json_whatever_is_accepted(api: Api, path: str) -> None:
    for accept in ("text/html", "application/json"):
        answer = await api.get(path, accept=accept)
        assert answer.status == 404
        assert set(answer.json["error"]) >= {"code", "message"}


async def test_a_foreign_host_is_refused_as_json(api: Api) -> None:
    answer = await api.get("/services", host="evil.example.com", accept="text/html")
    assert answer.status == 421
    assert answer.json["error"]["code"]


@pytest.mark.parametrize("everyone", [False])
@pytest.mark.parametrize("path", ["/services", PATH, f"{PATH}/kubernetes"])
async def test_nobody_reads_without_being_known(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.json["error"]["message"] != "") == (401, True)
    assert not api.portal.callers
