"""What a visibility class sees of a cluster is arranged once, is the same object for all of the class, and is let go."""

import asyncio
import gc

import msgspec
import pytest

from callboard.access.visible import visible
from callboard.base import giving_way
from callboard.base.clock import FakeClock
from callboard.model.grants import Grant, Grants
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Freshness, Outcome, Question
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from callboard.model.verdict import Health
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.asking.class_views import RENEWED, ClassView, ClassViews
from callboard.portal.views import KubernetesView
from support.kube_objects import cluster, deployment, kube_object, service

WHOLE = service(cluster("a", deployment()), cluster("b", deployment()), cluster("c"))
ALL = Grants.everything()
SOME = Grants(frozenset({Grant(cluster="a"), Grant(cluster="b")}))
SHOP = Grants(frozenset({Grant(namespace="shop")}))
CLOCK = FakeClock()


def test_only_what_has_changed_is_arranged() -> None:
    class_views = ClassViews()
    sight = ClassView(class_views, SOME)
    first = sight.view(WHOLE)
    assert class_views.arranged == 2
    changed = msgspec.structs.replace(
        WHOLE, clusters=(WHOLE.clusters[0], cluster("b", deployment("other")), WHOLE.clusters[2])
    )
    second = sight.view(changed)
    assert class_views.arranged == 3
    kept = {p.cluster.name: p for p in first.clusters}
    assert [p.cluster.name for p in second.clusters if p is kept[p.cluster.name]] == ["a"]
    assert msgspec.structs.replace(second, revision=0) == arrange(visible(changed, SOME))


async def test_a_view_is_never_followed_by_an_older_one_however_long_arranging_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(giving_way, "GIVE_WAY", -1.0)
    large = service(*(cluster(name, deployment()) for name in "abcdef"))
    small = service(cluster("a", deployment("other")))
    sight, latest = ClassView(ClassViews(), ALL), large
    seen: list[KubernetesView] = []

    async def look() -> None:
        seen.append(await sight.newest(lambda: latest))

    async with asyncio.TaskGroup() as group:
        group.create_task(look())
        await asyncio.sleep(0)
        assert not seen, "others have their turn while it is arranged"
        latest = small
        for _ in range(3):
            group.create_task(look())
    assert [(view.revision, len(view.clusters)) for view in seen] == [(1, 6), (2, 1), (2, 1), (2, 1)]
    assert msgspec.structs.replace(seen[-1], revision=0) == arrange(small)


def test_a_class_is_arranged_for_once_however_many_look() -> None:
    class_views = ClassViews()
    views = [ClassView(class_views, SOME).view(WHOLE) for _ in range(20)]
    assert class_views.arranged == 2
    assert all(p is q for view in views for p, q in zip(view.clusters, views[0].clusters, strict=True))
    ClassView(class_views, ALL).view(WHOLE)
    assert class_views.arranged == 5


def test_a_part_is_let_go_with_the_snapshot_it_was_made_of() -> None:
    class_views = ClassViews()
    whole = service(cluster("a", deployment()), cluster("b", *mixed("x")))
    for grants in (ALL, SHOP):
        ClassView(class_views, grants).view(whole)
    assert len(class_views) == 4
    del whole
    gc.collect()
    assert len(class_views) == 0


def test_beyond_the_bound_what_was_used_longest_ago_goes() -> None:
    class_views = ClassViews(most=3)
    parts = [cluster(name, deployment()) for name in "abc"]
    for part in parts:
        class_views.part(part, ALL)
    assert len(class_views) == 1
    class_views.part(parts[0], ALL)
    assert class_views.arranged == 4


def test_a_change_of_hidden_objects_alone_leaves_no_trace() -> None:
    class_views = ClassViews()
    sight = ClassView(class_views, SHOP)
    now = CLOCK.now()
    first = sight.view(at(0, *mixed("hidden-1")))
    assert first.clusters[0].objects == 1
    assert sight.view(at(5, *mixed("hidden-2"))) is first
    shown = sight.view(at(10, *mixed("hidden-2"), config_map("shown", "shop")))
    assert (shown.revision, shown.clusters[0].objects) == (first.revision + 1, 2)
    assert shown.clusters[0].as_of is not None
    assert (shown.clusters[0].as_of - now).total_seconds() == 10
    later = sight.view(at(10 + RENEWED.total_seconds(), *mixed("x"), config_map("shown", "shop")))
    assert later.revision == shown.revision + 1


def test_of_what_is_listened_to_hidden_changes_leave_no_trace_however_late() -> None:
    sight = ClassView(ClassViews(), SHOP)
    first = sight.view(at(0, *mixed("hidden-1"), freshness=Freshness.LIVE))
    assert sight.view(at(3600, *mixed("hidden-2"), freshness=Freshness.LIVE)) is first


def test_time_alone_makes_a_pod_that_crashed_another() -> None:
    sight = ClassView(ClassViews(), SHOP)
    running = {"running": {"startedAt": f"{CLOCK.now():%Y-%m-%dT%H:%M:%SZ}"}}
    status = {
        "name": "web",
        "restartCount": 3,
        "state": running,
        "lastState": {"terminated": {"exitCode": 1}},
    }
    crashed = kube_object(
        "Pod",
        {
            "metadata": {"name": "web", "namespace": "shop", "uid": "web"},
            "status": {"phase": "Running", "containerStatuses": [status]},
        },
    )
    hidden = (config_map(name, "pay") for name in "abcd")
    first = sight.view(at(1, crashed, next(hidden), freshness=Freshness.LIVE))
    assert first.verdict.health is Health.UNHEALTHY
    assert sight.view(at(590, crashed, next(hidden), freshness=Freshness.LIVE)) is first
    later = sight.view(at(601, crashed, next(hidden), freshness=Freshness.LIVE))
    assert later.verdict.health is Health.PROGRESSING
    assert sight.view(at(3600, crashed, next(hidden), freshness=Freshness.LIVE)) is later


def test_everything_granted_arranges_the_snapshot_itself() -> None:
    assert visible(WHOLE, ALL).clusters[0] is WHOLE.clusters[0]


def at(seconds: float, *objects: KubeObject, freshness: Freshness = Freshness.ASKED) -> ServiceSnapshot:
    """One cluster's objects in all namespaces, as of so many seconds after the beginning."""
    clock = FakeClock(CLOCK.now())
    clock.advance(seconds)
    outcome = Outcome(
        question=Question(type=objects[0].type),
        answer=Answer.OBJECTS,
        objects=objects,
        as_of=clock.now(),
        freshness=freshness,
    )
    part: ClusterSnapshot = msgspec.structs.replace(cluster("a"), outcomes=(outcome,), as_of=clock.now())
    return msgspec.structs.replace(service(part), as_of=clock.now())


def config_map(name: str, namespace: str) -> KubeObject:
    return kube_object("ConfigMap", {"metadata": {"name": name, "namespace": namespace, "uid": name}})


SEEN = config_map("seen", "shop")


def mixed(hidden: str) -> tuple[KubeObject, ...]:
    """What everybody in SHOP sees, and something they do not."""
    return SEEN, config_map(hidden, "pay")
