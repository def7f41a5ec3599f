"""The replay is a fleet no two pods of which are alike, and its lists, pages and watches tell one story."""

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import yaml

from bench.replay import Replay
from support.leaping import Leaping

Tree = dict[str, Any]

SELECTOR = "backstage.io/kubernetes-id"


@pytest.fixture
async def replay() -> AsyncIterator[Replay]:
    async with Replay.start(clusters=2, pods=260) as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


async def get(http: aiohttp.ClientSession, url: str, **query: str | int) -> Tree:
    async with http.get(url, params=query) as answer:
        body: Tree = await answer.json()
        return body


async def pods(http: aiohttp.ClientSession, replay: Replay, cluster: int = 0, **query: str | int) -> Tree:
    return await get(http, f"{replay[cluster].url}/api/v1/pods", **query)


def lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    return aiter(answer.content)


async def test_no_two_pods_are_alike(replay: Replay, http: aiohttp.ClientSession) -> None:
    found = [pod for n in (0, 1) for pod in (await pods(http, replay, n))["items"]]
    assert len(found) == 520

    def different(values: list[str]) -> bool:
        return len(set(values)) == len(values)

    assert different([pod["metadata"]["name"] for pod in found])
    assert different([pod["metadata"]["uid"] for pod in found])
    assert different([json.dumps(pod["metadata"]["labels"]) for pod in found])
    assert different([json.dumps(pod["spec"]["containers"][0]["env"]) for pod in found])


async def test_pods_are_as_large_and_as_dense_as_real_ones(replay: Replay) -> None:
    items = replay[0].pods.items
    assert 6_000 <= min(map(len, items)) <= max(map(len, items)) <= 10_000
    assert max(len(item) / len(zlib.compress(item, 1)) for item in items) <= 4


async def test_pods_stand_under_their_owners(replay: Replay, http: aiohttp.ClientSession) -> None:
    def owners(listed: Tree) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for item in listed["items"]:
            for owner in item["metadata"].get("ownerReferences", ()):
                found.setdefault(owner["uid"], set()).add(item["metadata"]["uid"])
        return found

    sets = await get(http, f"{replay[0].url}/apis/apps/v1/replicasets")
    deployments = await get(http, f"{replay[0].url}/apis/apps/v1/deployments")
    sizes = {item["metadata"]["uid"]: item["status"]["replicas"] for item in sets["items"]}
    held = owners(await pods(http, replay))
    assert {uid: len(pods) for uid, pods in held.items()} == {uid: n for uid, n in sizes.items() if n}
    assert set(owners(sets)) == {item["metadata"]["uid"] for item in deployments["items"]}


async def test_every_default_type_is_there(replay: Replay, http: aiohttp.ClientSession) -> None:
    for collection in replay[0].collections.values():
        kind = collection.kind
        root = f"apis/{kind.api_version}" if kind.group else "api/v1"
        listed = await get(http, f"{replay[0].url}/{root}/{kind.plural}")
        assert listed["kind"] == f"{kind.kind}List"
        assert (len(listed["items"]) > 0) == (kind.plural != "events"), kind.plural


async def test_pages_add_up_to_the_whole_list(replay: Replay, http: aiohttp.ClientSession) -> None:
    whole = await pods(http, replay)
    paged: list[Tree] = []
    query: dict[str, str | int] = {"limit": 100}
    while True:
        page = await get(http, f"{replay[0].url}/api/v1/pods", **query)
        token = page["metadata"].get("continue", "")
        query["continue"] = token
        assert page["metadata"]["resourceVersion"] == whole["metadata"]["resourceVersion"]
        paged += page["items"]
        assert page["metadata"].get("remainingItemCount", 0) == 260 - len(paged)
        if not token:
            break
    assert paged == whole["items"]
    names = [(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in paged]
    assert names == sorted(names)


async def test_a_selector_is_a_filter_of_the_whole_list(replay: Replay, http: aiohttp.ClientSession) -> None:
    whole = (await pods(http, replay))["items"]
    for service in replay[0].services:
        found = (await pods(http, replay, labelSelector=f"{SELECTOR}={service.name}"))["items"]
        assert found == [pod for pod in whole if pod["metadata"]["labels"][SELECTOR] == service.name]
        assert len(found) == service.pods
    space = replay[0].services[0].namespace
    inside = await get(http, f"{replay[0].url}/api/v1/namespaces/{space}/pods")
    assert inside["items"] == [pod for pod in whole if pod["metadata"]["namespace"] == space]


async def test_one_object_is_found_by_name(replay: Replay, http: aiohttp.ClientSession) -> None:
    pod = (await pods(http, replay, limit=1))["items"][0]
    at = f"{replay[0].url}/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
    assert await get(http, f"{at}/{pod['metadata']['name']}") == {"kind": "Pod", "apiVersion": "v1", **pod}
    async with http.get(f"{at}/nobody") as answer:
        assert (answer.status, (await answer.json())["reason"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/pods?labelSelector=tier%3Dcart", 400),
        ("/api/v1/pods?continue=nonsense", 400),
        ("/api/v1/pods?limit=many", 400),
        ("/apis/metrics.k8s.io/v1beta1/pods", 404),
        ("/nowhere", 404),
    ],
)
async def test_what_it_does_not_know_it_refuses(
    replay: Replay, http: aiohttp.ClientSession, path: str, status: int
) -> None:
    async with http.get(replay[0].url + path) as answer:
        body = await answer.json()
    assert (answer.status, body["kind"], body["code"]) == (status, "Status", status)


async def test_a_list_and_the_changes_since_make_the_list_of_now(
    replay: Replay, http: aiohttp.ClientSession
) -> None:
    before = await pods(http, replay)
    version = before["metadata"]["resourceVersion"]
    replay.change(150)  # these are told from the history, the next ones live
    known = {pod["metadata"]["uid"]: pod for pod in before["items"]}
    types = set()
    async with http.get(
        f"{replay[0].url}/api/v1/pods", params={"watch": "true", "resourceVersion": version}
    ) as answer:
        replay.change(350)
        after = await pods(http, replay)
        async with asyncio.timeout(10):
            async for line in lines(answer):
                event = json.loads(line)
                pod = event["object"]
                types.add(event["type"])
                assert (pod.pop("kind"), pod.pop("apiVersion")) == ("Pod", "v1")
                if event["type"] == "DELETED":
                    del known[pod["metadata"]["uid"]]
                else:
                    known[pod["metadata"]["uid"]] = pod
                if pod["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]:
                    break
    assert types == {"ADDED", "MODIFIED", "DELETED"}
    assert len(known) == 260
    assert known == {pod["metadata"]["uid"]: pod for pod in after["items"]}
    assert known != {pod["metadata"]["uid"]: pod for pod in before["items"]}


async def test_a_watch_of_one_service_hears_of_no_other(replay: Replay, http: aiohttp.ClientSession) -> None:
    service = replay[0].services[0].name
    query = {
        "watch": "1",
        "resourceVersion": str(replay[0].version),
        "labelSelector": f"{SELECTOR}={service}",
    }
    async with http.get(f"{replay[0].url}/api/v1/pods", params=query) as answer:
        replay.change(200)
        mine = [e for e in replay[0].pods.history if e.service == service]
        assert 0 < len(mine) < len(replay[0].pods.history)
        for event in mine:
            assert await answer.content.readline() == event.line


async def test_a_version_that_is_forgotten_is_gone(http: aiohttp.ClientSession) -> None:
    async with Replay.start(pods=20, keep=5) as replay:
        replay.change(30)
        query = {"watch": "true", "resourceVersion": "2000000000"}
        async with http.get(f"{replay[0].url}/api/v1/pods", params=query) as answer:
            told = [json.loads(line) async for line in lines(answer)]
        assert [(event["type"], event["object"]["code"]) for event in told] == [("ERROR", 410)]
        query["resourceVersion"] = str(replay[0].pods.forgotten)
        async with http.get(f"{replay[0].url}/api/v1/pods", params=query) as answer:
            assert json.loads(await answer.content.readline())["type"] in ("ADDED", "MODIFIED", "DELETED")


async def test_a_streaming_list_ends_with_its_bookmark(replay: Replay, http: aiohttp.ClientSession) -> None:
    query = {
        "watch": "true",
        "sendInitialEvents": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "0",
    }
    async with http.get(f"{replay[0].url}/api/v1/pods", params=query) as answer:
        told = [json.loads(line) async for line in lines(answer)]
    assert [event["type"] for event in told] == ["ADDED"] * 260 + ["BOOKMARK"]
    assert told[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_the_changes_made_are_heard_and_reported(replay: Replay, http: aiohttp.ClientSession) -> None:
    before = replay[0].version
    query = {"watch": "true", "resourceVersion": str(before)}
    async with http.get(f"{replay[0].url}/api/v1/pods", params=query) as answer:
        await get(http, f"{replay[1].url}/replay", rate=2000)
        async with asyncio.timeout(10):
            heard = [await answer.content.readline() for _ in range(500)]
        report = await get(http, f"{replay[0].url}/replay", rate=0)
    assert all(line.startswith(b'{"type":') for line in heard)
    made = [cluster.version - before for cluster in replay]
    assert made[0] >= 500
    assert made[1] > 0
    assert report["changes"] == sum(made)
    assert report["events"] >= 500
    assert report["cut_off"] == 0


def test_the_chosen_rate_is_kept_and_what_a_busy_loop_missed_is_not_made_up_for() -> None:
    async def run() -> tuple[int, int, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Leaping)
        async with Replay.start(clusters=2, pods=50, rate=2000) as replay:
            await asyncio.sleep(1)
            second = replay.counters.changes
            loop.now += 5  # away
            await asyncio.sleep(0.015)
            return second, replay.counters.changes - second, replay.counters.behind

    with asyncio.Runner(loop_factory=Leaping) as runner:
        second, burst, behind = runner.run(run())
    assert second == pytest.approx(2000, abs=21)  # one beat of the clock
    assert burst <= 400 + 2 * 20 + 1  # twenty beats in one, and those since
    assert behind == pytest.approx(10_000 - burst, abs=41)


async def test_changes_can_be_kept_to_some_clusters(replay: Replay, http: aiohttp.ClientSession) -> None:
    await get(http, f"{replay[0].url}/replay", changing=1)
    replay.change(20)
    assert replay[1].version == 2_000_000_000 < replay[0].version
    await get(http, f"{replay[0].url}/replay", changing=0)
    replay.change(20)
    assert replay[1].version > 2_000_000_000


async def test_a_service_that_is_touched_changes_by_that_alone(
    replay: Replay, http: aiohttp.ClientSession
) -> None:
    service = replay[0].services[0].name
    reports = [await get(http, f"{replay[0].url}/replay", touch=service) for _ in range(3)]
    assert reports[-1]["touched"] > 0
    replay.change(500)
    heard = [[e for e in cluster.pods.history if e.service == service] for cluster in replay]
    assert [len(events) for events in heard] == [2, 1]  # the clusters by turns, and nothing of the 500
    first, second = (json.loads(e.line)["object"]["status"]["containerStatuses"][0] for e in heard[0])
    assert (first["ready"], second["ready"]) == (False, True)


async def test_a_history_can_be_forgotten_and_connections_cut(
    replay: Replay, http: aiohttp.ClientSession
) -> None:
    query = {"watch": "true", "resourceVersion": str(replay[0].version)}
    watches = [await http.get(f"{cluster.url}/api/v1/pods", params=query) for cluster in replay]
    await get(http, f"{replay[0].url}/replay", expire=1, drop=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await watches[0].content.read()
    async with http.get(f"{replay[0].url}/api/v1/pods", params=query) as answer:
        assert json.loads(await answer.content.readline())["object"]["code"] == 410
    replay.change(20)
    assert await watches[1].content.readline()  # the other cluster's goes on
    for watching in watches:
        watching.close()


async def test_what_a_set_beside_a_service_selects_is_nothing(
    replay: Replay, http: aiohttp.ClientSession
) -> None:
    sets = await get(http, f"{replay[0].url}/apis/apps/v1/statefulsets")
    (key, value), *more = sets["items"][0]["spec"]["selector"]["matchLabels"].items()
    assert not more
    assert not [pod for pod in (await pods(http, replay))["items"] if key in pod["metadata"]["labels"]]
    assert (await pods(http, replay, labelSelector=f"{key}={value}"))["items"] == []


async def test_over_tls_it_is_the_same(replay: Replay, http: aiohttp.ClientSession, tmp_path: Path) -> None:
    entry = yaml.safe_load(replay.kubeconfig(tmp_path / "config").read_text())["clusters"][0]["cluster"]
    assert entry["server"] == replay[0].tls_url
    context = ssl.create_default_context(cadata=replay.ca_pem)
    async with http.get(f"{entry['server']}/api/v1/pods", ssl=context) as answer:
        assert await answer.json() == await pods(http, replay)


async def test_over_tls_a_small_answer_is_one_record(replay: Replay) -> None:
    def first_record(url: str) -> bytes:
        address = urlsplit(url)
        context = ssl.create_default_context(cadata=replay.ca_pem)
        with (
            socket.create_connection((address.hostname, address.port)) as plain,
            context.wrap_socket(plain, server_hostname=address.hostname) as secured,
        ):
            secured.sendall(
                b"GET /api/v1/pods?labelSelector=backstage.io/kubernetes-id%3Dnobody HTTP/1.1\r\nHost: replay\r\n\r\n"
            )
            return secured.recv(65536)  # never more than one

    head, _, body = (await asyncio.to_thread(first_record, replay[0].tls_url)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body)["items"] == []


async def test_it_ends_with_every_connection_closed(http: aiohttp.ClientSession) -> None:
    async with Replay.start(pods=10) as replay:
        query = {"watch": "true", "resourceVersion": str(replay[0].version)}
        answer = await http.get(f"{replay[0].url}/api/v1/pods", params=query)
        assert len(replay.counters.open) == 1
    with pytest.raises(aiohttp.ClientPayloadError):
        await answer.content.read()
    answer.close()
    assert replay.counters.open == {}


def test_a_seed_gives_the_same_fleet_in_a_process_of_its_own() -> None:
    def started(seed: str) -> str:
        command = [sys.executable, "-m", "bench.replay", "--clusters", "1", "--pods", "30"]
        with subprocess.Popen(
            [*command, "--seed", seed, "--stop-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            name, plain, _tls = process.stdout.readline().split()
            assert name == "replay-00"
            assert process.stdout.readline().startswith("ready 1 clusters")
            found = subprocess.run(
                [sys.executable, "-c", _NAMES, plain], capture_output=True, text=True, check=True
            ).stdout
            process.stdin.close()
            assert process.wait(10) == 0
        return found

    first = started("7")
    assert len(first.split()) == 30
    assert started("7") == first
    assert started("8") != first


_NAMES = """
import json, sys, urllib.request
listed = json.load(urllib.request.urlopen(sys.argv[1] + "/api/v1/pods"))
print(*(pod["metadata"]["name"] + pod["metadata"]["uid"] for pod in listed["items"]))
"""
