"""Random policies and people, over real sockets: every face tells a caller what a fleet and a catalog without the forbidden
things would tell. The same on snapshots alone, with many more policies, is `test_random_policies_leave_no_trace`."""

import asyncio
import random
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import pytest

from callboard.access.policies.engine import ObjectPlace, PolicyEngine
from callboard.base.clock import FakeClock
from callboard.catalog.directory import CatalogDirectory
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts
from callboard.model.permission import Action
from callboard.simulator import Fleet
from callboard.simulator.cluster import SimulatedCluster
from support.company import OWNERS, as_, company
from support.faces import hurry
from support.live import ask, topic
from support.policies import engine, facts, person, policies
from support.shared_cluster import furnish
from support.web_server import Answer

SEEDS: Final = (2, 7, 36)
"""Such as hide something: pods and services, clusters, or all that runs."""
NOW = 1_767_225_600.0
SERVICE = "backstage.io/kubernetes-id"
SPAN = re.compile(r"\b\d+(\.\d+)? ?(ms|s|min|h|d)\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
TOOK = re.compile(r'"tookSeconds":[\d.e-]+')
HASHES = re.compile(r'data-have="[^"]*"|"tag":"[^"]*"')
"""Of fragments in which such times stand."""
PORT = re.compile(r"127\.0\.0\.1:\d+")
API = "/api/callboard/v1/services"
REQUEST = re.compile(r"[0-9a-f]{16,}")
PATIENT = {"limits": {"softDeadline": 40, "hardDeadline": 60, "idleDeadline": 60, "connectDeadline": 60}}
"""A busy machine is no late cluster."""
ENVIRONMENTS = ("production", "staging")
DRAWN: Final = {
    Action.ENTITY_READ: ("true", "true", "principal in resource.owners", 'resource.name != "scoreboard"'),
    Action.CLUSTERS_READ: ("true", "true", 'resource.environment == "staging"'),
    Action.RESOURCES_READ: (
        "true",
        "principal in resource.owners",
        'context.cluster.environment == "staging"',
        'context.namespace == "games" || context.namespace == ""',
        'context.namespace != "vault"',
        'context.type != "pods"',
        '["pods", "events", "configmaps"].contains(context.type)',
    ),
    Action.LOGS_READ: ("true", "principal in resource.owners"),
    Action.YAML_READ: ("true", "principal in resource.owners"),
}
STILL: Final = 15
"""So many looks at the list, a tenth of a second apart, bring the same: several times what it takes to follow a service."""
PEOPLE = (("anna", "team"), ("ben", "money"), ("cleo", "team", "money"), ("dora",))


def drawn(chance: random.Random) -> str:
    """Policies about each action: what permits before what forbids."""
    texts = []
    for action, conditions in DRAWN.items():
        for number in range(chance.randint(1, 3)):
            effect = "permit" if number == 0 or chance.random() < 0.5 else "forbid"
            condition = chance.choice(conditions)
            if effect == "forbid" and condition == "true":
                continue
            who = chance.choice(("principal", "principal", 'principal in Group::"group:default/team"'))
            texts.append(f'{effect} ({who}, action == Action::"{action}", resource) when {{ {condition} }};')
    return "\n".join(texts)


class World:
    """Which services, clusters and objects there are for somebody, as the policies say: all of them, or those they may see."""

    def __init__(self, text: str, who: tuple[str, ...]) -> None:
        self.known = {name: facts(name, owner, type="service") for name, owner in OWNERS.items()}
        directory = CatalogDirectory({each.ref: each for each in self.known.values()}, {})
        self.engine: PolicyEngine = engine(policies(text), directory)
        self.caller = person(*who)

    def services(self) -> dict[str, str]:
        """Those that may be seen, with their owners."""
        read = Action.ENTITY_READ
        return {
            name: OWNERS[name]
            for name, each in self.known.items()
            if self.engine.on_entity(self.caller, read, each).allowed
        }

    def cluster(self, cluster: ClusterFacts) -> bool:
        return self.engine.on_cluster(self.caller, Action.CLUSTERS_READ, cluster).allowed

    def thing(self, service: str, cluster: ClusterFacts, namespace: str, kind: str) -> bool:
        place = ObjectPlace(cluster, namespace, kind)
        return self.engine.on_objects(self.caller, Action.RESOURCES_READ, self.known[service], place).allowed


def things(cluster: SimulatedCluster) -> Iterator[tuple[str, tuple[str, str], str, str]]:
    """Every object that is of one service: the service, group and plural of the type, namespace, name. An event is of the
    service that its object is of."""
    of: dict[tuple[str, str, str], str] = {}
    events = []
    for collection in cluster.store.collections.values():
        for record in collection.records():
            namespace, name = record.key
            about = record.tree.get("involvedObject")
            service = record.tree["metadata"].get("labels", {}).get(SERVICE)
            if about is not None:
                about_key = (about["kind"], about.get("namespace", ""), about["name"])
                events.append((about_key, collection.kind.key, namespace, name))
            elif service:
                of[collection.kind.kind, namespace, name] = service
                yield service, collection.kind.key, namespace, name
    for about_key, kind, namespace, name in events:
        if about_key in of:
            yield of[about_key], kind, namespace, name


def thin_out(fleet: Fleet, world: World, known: set[str]) -> int:
    """Take out of the clusters what somebody may not see; how much that was."""
    taken = 0
    for cluster, environment in zip(fleet, ENVIRONMENTS, strict=True):
        if cluster.name in known:
            told = ClusterFacts(name=cluster.name, labels={"environment": environment})
            for service, (group, plural), namespace, name in list(things(cluster)):
                if not world.thing(service, told, namespace, f"{plural}.{group}" if group else plural):
                    cluster.store.collections[group, plural].remove(namespace, name)
                    taken += 1
    return taken


async def told(
    directory: Path, text: str, who: tuple[str, ...], *, whole: bool
) -> tuple[dict[str, str], int]:
    """What somebody is told by each face: of everything, or of what the policies leave; and how much is not there then."""
    shutil.rmtree(directory / "data", ignore_errors=True)
    (directory / "drawn.cedar").write_text(text)
    world, taken = World(text, who), 0
    async with Fleet.start(clusters=2, seed=7, now=NOW, speed=0) as fleet:
        furnish(fleet)
        fleet.run()
        for cluster in fleet:
            cluster.engine.halted = (
                True  # what is taken out of the control is not made anew, and nobody tells of its lack
            )
        named = dict(zip((cluster.name for cluster in fleet), ENVIRONMENTS, strict=True))
        paths = list(addresses(fleet))
        known = {
            name
            for name, environment in named.items()
            if world.cluster(ClusterFacts(name=name, labels={"environment": environment}))
        }
        services = OWNERS
        if not whole:
            services = world.services()
            taken = thin_out(fleet, world, known) + len(OWNERS) - len(services) + len(named) - len(known)
        there = [name for name in named if whole or name in known]
        by_name = {name: {"labels": {"environment": named[name]}} for name in there}
        clusters = {**PATIENT, "byName": by_name}
        clock = FakeClock(datetime.fromtimestamp(NOW, UTC))
        async with company(
            directory,
            fleet,
            {"files": ["drawn.cedar"]},
            owners=services,
            contexts=there,
            clock=clock,
            clusters=clusters,
        ) as (_, base):
            await settled(base, " ".join(who))
            found = {path: shown(await as_(base, " ".join(who), path)) for path in paths}
            headers = {"Authorization": " ".join(who)}
            for name in OWNERS:
                ref = EntityRef("component", "default", name)
                asked = {"1": topic(ref=ref)}
                found[f"stream of {name}"] = plain((await ask(base, asked, once=True, headers=headers)).text)
            return found, taken


async def settled(base: str, who: str) -> None:
    """Wait until every service that somebody may look at is whole, the list tells of it what its page does, and stays so."""
    async with asyncio.timeout(60):
        for name in OWNERS:
            at = f"{API}/default/component/{name}/kubernetes?wait=20"
            while (answer := await as_(base, who, at)).status == 200:
                document = msgspec.json.decode(answer.text)
                if document["complete"] and document["verdict"]["sentence"] == await listed(base, who, name):
                    break
                await asyncio.sleep(0.1)
        same, before = 0, ""
        while same < STILL:
            await asyncio.sleep(0.1)
            now = plain((await as_(base, who, API)).text)
            same, before = (same + 1 if now == before else 0), now


async def listed(base: str, who: str, name: str) -> str:
    """What the list says of a service."""
    rows = msgspec.json.decode((await as_(base, who, API)).text)["services"]
    return next(str(row["sentence"]) for row in rows if row["name"] == name)


def addresses(fleet: Fleet) -> Iterator[str]:
    """Every face of every service and of every object, whether somebody may see them or not."""
    yield from ("/", "/catalog", "/catalog?sort=name", API, f"{API}?q=dice", f"{API}?q=vault", "/me")
    yield from (
        "/catalog/default/group/team",
        "/catalog/default/group/money",
        "/admin",
        "/api/callboard/v1/access",
    )
    for name in OWNERS:
        page = f"/catalog/default/component/{name}"
        yield from (page, f"{page}/overview", f"{page}/kubernetes?wait=20", f"{page}/logs", f"{page}/help")
        yield from (f"{API}/default/component/{name}", f"{API}/default/component/{name}/kubernetes?wait=20")
        yield from (
            f"{page}/kubernetes?group={by}&wait=20" for by in ("namespace", "cluster", "node", "workload")
        )
        for cluster in fleet:
            for service, (group, plural), namespace, thing in things(cluster):
                if service == name and plural in ("pods", "configmaps", "deployments", "services"):
                    kind = f"{plural}.{group}" if group else plural
                    at = f"{page}/kubernetes/object/{cluster.name}/{kind}/{namespace}/{thing}"
                    yield at
                    if plural == "pods":
                        yield f"{at}/log"


def shown(answer: Answer) -> str:
    etag = answer.headers.get("etag", "")
    return f"{answer.status} {etag} {plain(answer.text)}"


def plain(text: str) -> str:
    """Without what differs from look to look: how long something took, a request's number, the address of the fleet."""
    for pattern in (TOOK, HASHES, SPAN, PORT, REQUEST):
        text = pattern.sub("~", text)
    return text


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_face_tells_what_a_world_without_the_forbidden_would(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    chance = random.Random(seed)
    text, who = drawn(chance), chance.choice(PEOPLE)
    seen, _ = await told(tmp_path, text, who, whole=True)
    control, taken = await told(tmp_path, text, who, whole=False)
    assert taken, "these policies hide something"
    assert seen.keys() == control.keys()
    for face, expected in control.items():
        assert seen[face] == expected, (face, who, text)
