from hypothesis import given
from hypothesis import strategies as st

from callboard.diagnosis.ownership import group
from callboard.model.objects import KubeObject
from callboard.model.outcome import Purpose
from callboard.model.resource import ResourceType
from support.kube_objects import cluster, deployment, kube_object, meta, outcomes, pod, replica_set


def names(objects: tuple[KubeObject, ...]) -> list[str]:
    return [o.name for o in objects]


def test_pods_follow_their_replica_set_to_the_deployment() -> None:
    web = deployment()
    rs = replica_set("web-abc", web)
    part = cluster(
        "c", web, rs, pod("web-abc-1", owner=("ReplicaSet", "web-abc", rs.meta.uid)), pod("lonely")
    )
    found = group(part)
    assert [(w.object.name, names(w.children), names(w.pods)) for w in found.workloads] == [
        ("web", ["web-abc"], ["web-abc-1"])
    ]
    assert names(found.pods) == ["lonely"]


def test_pods_found_by_reference_count_only_below_something_selected() -> None:
    web = deployment()
    rs = replica_set("web-abc", web)
    mine = pod("web-abc-1", owner=("ReplicaSet", "web-abc", rs.meta.uid))
    others = pod("other-1", owner=("ReplicaSet", "other", "uid-other"))
    part = cluster("c", web, references=outcomes(rs, mine, others, purpose=Purpose.REFERENCE))
    found = group(part)
    assert names(found.workloads[0].pods) == ["web-abc-1"]
    assert found.referenced == {rs.meta.uid, mine.meta.uid}
    assert not found.pods


def test_a_custom_controller_with_replica_sets_is_a_workload() -> None:
    rollout_type = ResourceType("argoproj.io", "v1alpha1", "rollouts", "Rollout", True)
    rollout = kube_object("Rollout", {"metadata": meta("web")}, type_=rollout_type)
    rs = kube_object("ReplicaSet", {"metadata": meta("web-1", owner=("Rollout", "web", rollout.meta.uid))})
    found = group(cluster("c", rollout, rs))
    assert [(w.object.type.kind, names(w.children)) for w in found.workloads] == [("Rollout", ["web-1"])]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 5)), max_size=12))
def test_nothing_selected_is_ever_lost(edges: list[tuple[int, int]]) -> None:
    """Any shape of ownership, cycles included."""
    objects = {}
    for child, owner in edges:
        ref = ("ReplicaSet", f"o{owner}", f"uid-o{owner}") if owner >= 0 else None
        body = {"metadata": meta(f"o{child}", owner=ref)}
        objects[child] = kube_object("ReplicaSet" if child % 2 else "ConfigMap", body)
    found = group(cluster("c", *objects.values()))
    shown = [*found.pods, *found.others]
    for workload in found.workloads:
        shown += [workload.object, *workload.children, *workload.pods]
    assert sorted(o.name for o in shown) == sorted(o.name for o in objects.values())
