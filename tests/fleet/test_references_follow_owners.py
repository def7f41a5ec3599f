"""What is asked second, and what of the answers truly belongs."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.settings import KubernetesSettings
from callboard.fleet.selection.references import (
    MOST_CLAIMS_BY_NAME,
    MOST_NODES,
    MOST_QUESTIONS,
    children,
    leads_on,
    questions,
    withheld,
)
from callboard.fleet.selection.selection import select
from callboard.model.belonging import belonging
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Purpose, Question
from callboard.model.resource import NODES, POD_METRICS, ResourceType
from callboard.model.selection import Selection
from support.fake_fleet import entity, holding
from support.kube_objects import TYPES, kube_object

LABEL = {"backstage.io/kubernetes-id": "dice"}
SELECTION = select(entity("dice"), "eu-1", KubernetesSettings()).selection
ROLLOUTS = ResourceType("argoproj.io", "v1alpha1", "rollouts", "Rollout", True)


def thing(
    kind: str, name: str, *, namespace: str = "shop", owner: KubeObject | None = None, **more: Any
) -> KubeObject:
    labels = more.pop("labels", {})
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{namespace}-{kind}-{name}",
        "labels": labels,
    }
    if kind == "Node":
        del metadata["namespace"]
    if owner is not None:
        metadata["ownerReferences"] = [
            {"kind": owner.type.kind, "name": owner.name, "uid": owner.meta.uid, "controller": True}
        ]
    type_ = more.pop("type_", None)
    return kube_object(kind, {"metadata": metadata, **more}, type_=type_)


def made_by(kind: str, name: str, *, template: dict[str, str] | None = None, **more: Any) -> KubeObject:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name, **(template or {})}}, "spec": {"containers": []}},
    }
    return thing(kind, name, labels=more.pop("labels", LABEL), spec=spec, **more)


def replica_set(name: str, owner: KubeObject, **labels: str) -> KubeObject:
    return thing(
        "ReplicaSet",
        name,
        owner=owner,
        labels={"app": owner.name, **labels},
        spec={
            "replicas": 1,
            "selector": {"matchLabels": {"app": owner.name}},
            "template": {"spec": {"containers": []}},
        },
        status={"replicas": 1},
    )


def pod(
    name: str,
    owner: KubeObject | None = None,
    *,
    node: str = "",
    claim: str = "",
    app: str = "web",
    **more: Any,
) -> KubeObject:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    return thing(
        "Pod",
        name,
        owner=owner,
        labels={"app": app, **more.pop("labels", {})},
        spec={"containers": [{"name": "app"}], "nodeName": node, "volumes": volumes},
        **more,
    )


def first(*objects: KubeObject, selection: Selection = SELECTION) -> tuple[Outcome, ...]:
    answer = holding(*objects)
    return tuple(answer(q) for q in selection.questions())


def rounds(
    *world: KubeObject, selection: Selection = SELECTION
) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...], int]:
    """All rounds against a cluster that holds `world`: the selection's answers, what belongs, and how many were asked."""
    answer = holding(*world)
    outcomes = tuple(answer(q) for q in selection.questions())
    references: tuple[Outcome, ...] = ()
    last: list[Outcome] = []
    for _ in range(6):
        wanted = questions(selection, outcomes, references).questions
        assert not {r.question for r in references} & set(wanted)
        assert not wanted or not references or any(leads_on(r.question) for r in last), (
            "who ends there lacks these"
        )
        last = [answer(q) for q in wanted]
        references += tuple(last)
    return outcomes, belonging(outcomes, references), len(references)


def names(outcomes: tuple[Outcome, ...], kind: str) -> list[str]:
    return [o.name for out in outcomes if out.question.type.kind == kind for o in out.objects]


def asked(outcomes: tuple[Outcome, ...], kind: str) -> list[Question]:
    return [o.question for o in outcomes if o.question.type.kind == kind]


def test_pods_of_a_labelled_deployment_without_the_label_are_found_through_their_replica_set() -> None:
    web = made_by("Deployment", "web")
    rs = replica_set("web-1", web)
    other = replica_set("other-1", made_by("Deployment", "other", labels={}), app="web")
    _, found, _ = rounds(web, rs, pod("web-1-a", rs), pod("stray"), other, pod("other-1-a", other))
    assert names(found, "ReplicaSet") == ["web-1"]
    assert names(found, "Pod") == ["web-1-a"]
    assert {q.purpose for o in found for q in [o.question]} == {Purpose.REFERENCE}
    assert [q.label_selector for q in asked(found, "Pod")] == ["app=web"]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job"])
def test_pods_of_other_workloads_are_found_through_themselves(kind: str) -> None:
    owner = made_by(kind, "web")
    _, found, _ = rounds(owner, pod("web-0", owner), pod("stray"))
    assert names(found, "Pod") == ["web-0"]


def test_pods_that_carry_the_label_are_not_asked_for_twice() -> None:
    web = made_by("Deployment", "web", template=LABEL)
    rs = replica_set("web-1", web, **LABEL)
    outcomes, found, _ = rounds(web, rs, pod("web-1-a", rs, labels=LABEL))
    assert names(outcomes, "Pod") == ["web-1-a"]
    assert asked(found, "Pod") == []
    assert asked(found, "ReplicaSet") == []


def test_a_rollout_of_argo_is_a_workload_too() -> None:
    selection = select(entity("dice"), "eu-1", KubernetesSettings(), [ROLLOUTS]).selection
    rollout = made_by("Rollout", "web", type_=ROLLOUTS)
    rs = replica_set("web-1", rollout)
    _, found, _ = rounds(rollout, rs, pod("web-1-a", rs), selection=selection)
    assert names(found, "Pod") == ["web-1-a"]


def test_jobs_and_pods_of_a_cron_job_without_the_label_are_found() -> None:
    cron = thing(
        "CronJob", "nightly", labels=LABEL, spec={"jobTemplate": {"metadata": {"labels": {"job": "nightly"}}}}
    )
    job = thing(
        "Job",
        "nightly-1",
        owner=cron,
        labels={"job": "nightly"},
        spec={
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
        },
    )
    _, found, _ = rounds(cron, job, pod("nightly-1-a", job), thing("Job", "other", labels={"job": "nightly"}))
    assert names(found, "Job") == ["nightly-1"]
    assert names(found, "Pod") == ["nightly-1-a"]


def test_a_workload_scaled_to_nothing_is_not_asked_about() -> None:
    web = thing(
        "Deployment",
        "web",
        labels=LABEL,
        spec={
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
        },
    )
    assert [q.type.kind for q in questions(SELECTION, first(web)).questions] == ["Event", "ResourceQuota"]


def test_a_selector_that_takes_every_pod_is_never_asked() -> None:
    web = thing(
        "Deployment", "web", labels=LABEL, spec={"selector": {}, "template": {"spec": {"containers": []}}}
    )
    assert "Pod" not in {q.type.kind for q in questions(SELECTION, first(web)).questions}


def test_nothing_selected_asks_nothing() -> None:
    assert questions(SELECTION, first()).questions == ()


def event(name: str, about: KubeObject, **more: Any) -> KubeObject:
    involved = {
        "kind": about.type.kind,
        "namespace": about.namespace,
        "name": about.name,
        "uid": about.meta.uid,
        **more,
    }
    return thing("Event", name, involvedObject=involved, type="Warning", reason="BackOff", message="m")


def test_only_events_about_the_services_objects_are_kept() -> None:
    web = made_by("Deployment", "web")
    rs = replica_set("web-1", web)
    mine, stray = pod("web-1-a", rs), pod("stray")
    _, found, _ = rounds(
        web, rs, mine, stray, event("e1", mine), event("e2", stray), event("e3", web, uid="")
    )
    assert names(found, "Event") == ["e1", "e3"]
    assert [q.field_selector for q in asked(found, "Event")] == ["type!=Normal"]


def test_nodes_are_asked_one_first_and_the_rest_once_it_was_answered() -> None:
    pods = [pod(f"p{i}", node=f"n{i % 3}", labels=LABEL) for i in range(6)]
    one = questions(SELECTION, first(*pods))
    assert [q.name for q in one.questions if q.type.plural == "nodes"] == ["n0"]
    _, found, _ = rounds(*pods, *(thing("Node", f"n{i}") for i in range(4)))
    assert sorted(names(found, "Node")) == ["n0", "n1", "n2"]


def ready(name: str, *, node: str, owner: KubeObject | None = None) -> KubeObject:
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return pod(name, owner, node=node, labels=LABEL, status=status)


def test_the_nodes_of_pods_that_are_well_are_not_asked_for_and_their_quota_is() -> None:
    done = pod("done", node="n3", labels=LABEL, status={"phase": "Succeeded"})
    quota = thing("ResourceQuota", "compute")
    _, found, count = rounds(ready("a", node="n1"), ready("b", node="n2"), done, quota)
    assert asked(found, "Node") == []
    assert names(found, "ResourceQuota") == ["compute"]
    assert count == 2  # events and quotas of the one namespace


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
        {"phase": "Running", "conditions": [{"type": "Ready", "status": "Unknown"}]},
        {"phase": "Failed", "reason": "Evicted"},
        {"phase": "Pending"},
    ],
)
def test_the_node_of_a_pod_in_trouble_is_asked_for_and_no_other(status: dict[str, Any]) -> None:
    nodes = [thing("Node", f"n{i}") for i in range(1, 4)]
    ill = pod("ill", node="n2", labels=LABEL, status=status)
    _, found, _ = rounds(ready("a", node="n1"), ill, ready("b", node="n3"), *nodes)
    assert [q.name for q in asked(found, "Node")] == ["n2"]
    assert names(found, "Node") == ["n2"]


def test_the_node_of_a_pod_without_the_label_is_asked_for_when_it_is_in_trouble() -> None:
    web = made_by("StatefulSet", "web")
    _, found, _ = rounds(web, pod("web-0", web, node="n1"), thing("Node", "n1"), thing("Node", "n2"))
    assert names(found, "Node") == ["n1"]


def test_a_daemon_set_that_no_node_wants_is_not_asked_about_once_it_was_counted() -> None:
    def agent(**status: int) -> KubeObject:
        return made_by("DaemonSet", "agent", status=status)

    def pods_asked(world: KubeObject) -> int:
        return sum(q.type.kind == "Pod" for q in questions(SELECTION, first(world)).questions)

    assert pods_asked(agent(observedGeneration=1)) == 0
    assert pods_asked(agent()) == 1
    assert pods_asked(agent(observedGeneration=1, desiredNumberScheduled=2)) == 1
    assert pods_asked(agent(observedGeneration=1, numberMisscheduled=1)) == 1


def test_a_forbidden_type_is_refused_once_and_stays_forbidden() -> None:
    pods = [pod(f"p{i}", node=f"n{i}", labels=LABEL) for i in range(3)]
    outcomes = first(*pods)
    no = Failure(code=FailureCode.FORBIDDEN, message="nodes is forbidden", status=403)
    references: tuple[Outcome, ...] = ()
    for _ in range(4):
        wanted = questions(SELECTION, outcomes, references).questions
        references += tuple(
            Outcome(question=q, answer=Answer.FORBIDDEN, failure=no)
            if q.type.plural == "nodes"
            else Outcome(question=q, answer=Answer.EMPTY)
            for q in wanted
        )
    nodes = [r for r in belonging(outcomes, references) if r.question.type.plural == "nodes"]
    assert [(r.answer, r.failure) for r in nodes] == [(Answer.FORBIDDEN, no)]


def test_a_node_that_is_gone_is_absent_and_the_others_are_still_asked() -> None:
    outcomes = first(*(pod(f"p{i}", node=f"n{i}", labels=LABEL) for i in range(3)))
    gone = tuple(
        Outcome(question=q, answer=Answer.ABSENT if q.type.plural == "nodes" else Answer.EMPTY)
        for q in questions(SELECTION, outcomes).questions
    )
    again = questions(SELECTION, outcomes, gone).questions
    assert [q.name for q in again] == ["n1", "n2"]


def test_a_namespaced_selection_does_without_nodes_and_says_that_they_were_not_asked() -> None:
    selection = select(entity("dice", namespace="shop"), "eu-1", KubernetesSettings()).selection
    wanted = questions(selection, first(pod("p", node="n1", labels=LABEL), selection=selection)).questions
    assert "nodes" not in {q.type.plural for q in wanted}
    assert {q.namespace for q in wanted} == {"shop"}
    assert [(o.question.type.plural, o.answer) for o in withheld(selection)] == [("nodes", Answer.NOT_ASKED)]
    assert withheld(SELECTION) == ()


def test_claims_are_asked_by_name_or_as_one_list_and_neighbours_are_dropped() -> None:
    few = [pod(f"p{i}", claim=f"c{i}", labels=LABEL) for i in range(3)]
    wanted = questions(SELECTION, first(*few)).questions
    assert [q.name for q in wanted if q.type.kind == "PersistentVolumeClaim"] == ["c0", "c1", "c2"]
    many = [pod(f"p{i}", claim=f"c{i}", labels=LABEL) for i in range(MOST_CLAIMS_BY_NAME + 1)]
    claims = [thing("PersistentVolumeClaim", f"c{i}") for i in range(MOST_CLAIMS_BY_NAME + 5)]
    _, found, _ = rounds(*many, *claims)
    assert len(asked(found, "PersistentVolumeClaim")) == 1
    assert len(names(found, "PersistentVolumeClaim")) == len(many)


def test_when_replica_sets_are_forbidden_pods_are_known_by_the_name_of_theirs() -> None:
    web = made_by("Deployment", "web")
    mine = pod("web-5d9-a", replica_set("web-5d9", web), labels={"pod-template-hash": "5d9"})
    neighbour = pod("x", replica_set("web-api-77f", web), labels={"pod-template-hash": "77f"})
    stray = pod("y", replica_set("web-5d9", web))
    outcomes = first(web)
    answer = holding(mine, neighbour, stray)
    references = tuple(
        Outcome(question=q, answer=Answer.FORBIDDEN) if q.type.kind == "ReplicaSet" else answer(q)
        for q in questions(SELECTION, outcomes).questions
    )
    assert names(belonging(outcomes, references), "Pod") == ["web-5d9-a"]


def test_the_number_of_questions_is_bounded_and_what_was_left_out_is_counted() -> None:
    selection = SELECTION
    pods = [pod(f"p{i}", node=f"n{i}", claim="", labels=LABEL) for i in range(MOST_NODES + 30)]
    outcomes, found, count = rounds(*pods, selection=selection)
    assert len(asked(found, "Node")) == MOST_NODES
    assert questions(selection, outcomes, found).left_out == 30
    wide = [made_by("StatefulSet", f"s{i}") for i in range(MOST_QUESTIONS + 50)]
    outcomes, found, count = rounds(*wide)
    assert count == MOST_QUESTIONS
    assert questions(selection, outcomes, found).left_out > 0


@given(st.data())
def test_belonging_invents_nothing_and_keeps_every_answer(data: st.DataObject) -> None:
    """Over random forests of owners: what is kept is a subset, each object once, exactly the family; failures stay."""
    count = data.draw(st.integers(1, 8))
    objects: list[KubeObject] = [made_by("StatefulSet", "root")]
    owners: list[int | None] = [None]
    for i in range(count):
        owner = data.draw(st.one_of(st.none(), st.integers(0, len(objects) - 1)))
        objects.append(pod(f"p{i}", None if owner is None else objects[owner]))
        owners.append(owner)
    outcomes = first(objects[0])
    shuffled = data.draw(st.permutations(objects[1:]))
    asked_for = Question(type=TYPES["Pod"], namespace="shop", purpose=Purpose.REFERENCE)
    failing = Outcome(question=msgspec.structs.replace(asked_for, name="x"), answer=Answer.LATE)
    twice = Outcome(question=asked_for, answer=Answer.OBJECTS, objects=tuple(shuffled))
    kept = belonging(outcomes, (twice, failing, twice))

    def of_root(i: int) -> bool:
        owner = owners[i]
        return owner == 0 or (owner is not None and of_root(owner))

    family = {objects[i].name for i in range(1, len(objects)) if of_root(i)}
    assert sorted(o.name for out in kept for o in out.objects) == sorted(family)
    assert kept[1] == failing
    assert kept[2].objects == ()
    assert kept[2].answer is Answer.EMPTY


def short(nodes: int, of: str = "cpu") -> KubeObject:
    """A pod for which none of so many nodes has room."""
    words = f"0/{nodes} nodes are available: {nodes} Insufficient {of}. preemption: 0/{nodes} nodes are available."
    told = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    return pod("short", labels=LABEL, status={"phase": "Pending", "conditions": [told]})


def test_all_nodes_are_read_where_a_pod_finds_no_room_on_few_and_the_largest_is_kept() -> None:
    nodes = [
        thing("Node", name, status={"allocatable": {"cpu": cpu}})
        for name, cpu in (("small", "4"), ("large", "16"), ("odd", "x"))
    ]
    _, found, _ = rounds(short(4), pod("ill", node="small", labels=LABEL), *nodes)
    assert [q.name for q in asked(found, "Node")] == [""]
    assert set(names(found, "Node")) == {"large", "small"}
    for other in (short(400), short(4, "example.com/gpu")):
        _, found, _ = rounds(other, *nodes)
        assert names(found, "Node") == []


def test_what_the_pods_use_is_asked_as_the_pods_were_and_beside_all_else() -> None:
    using = msgspec.structs.replace(SELECTION, usage=True)
    web = made_by("Deployment", "web")
    rs = replica_set("web-1", web)
    _, found, _ = rounds(web, rs, pod("web-1-a", rs, node="n1"), thing("Node", "n1"), selection=using)
    metrics = {o.question for o in found if o.question.type.key == POD_METRICS.key}
    assert {(q.namespace, q.label_selector, q.name) for q in metrics} == {("shop", "app=web", "")}
    assert {q.purpose for q in metrics} == {Purpose.REFERENCE}
    assert not any(map(leads_on, metrics))
    asked_beside = {o.question.type.kind for o in found}
    assert {"Pod", "ReplicaSet", "Event"} <= asked_beside
    assert not [o for o in rounds(web, rs, pod("web-1-a", rs))[1] if o.question.type.key == POD_METRICS.key]
    _, found_nothing, _ = rounds(web, selection=using)
    assert not [o for o in found_nothing if o.question.type.key == POD_METRICS.key]


def test_children_are_asked_for_alone_where_only_a_verdict_is_wanted() -> None:
    web, job = made_by("Deployment", "web"), made_by("Job", "once")
    outcomes = first(web, job)
    alone = children(SELECTION, outcomes)
    assert {(q.type.kind, q.namespace, q.label_selector) for q in alone} == {
        ("ReplicaSet", "shop", "app=web"),
        ("Pod", "shop", "app=web"),
        ("Pod", "shop", "app=once"),
    }
    assert alone == questions(SELECTION, outcomes).questions[: len(alone)]
    answer = holding(web, job)
    assert children(SELECTION, outcomes, tuple(map(answer, alone))) == ()


def test_nodes_are_told_as_not_asked_where_namespaces_are_named() -> None:
    named = msgspec.structs.replace(SELECTION, namespaces=("shop",))
    (told,) = withheld(named)
    assert (told.question.type, told.question.namespace, told.answer) == (NODES, "", Answer.NOT_ASKED)
    assert withheld(SELECTION) == ()
