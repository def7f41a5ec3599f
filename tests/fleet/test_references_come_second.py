"""The selection's answer is out before its references are asked, and stands whatever becomes of them."""

from contextlib import aclosing

from callboard.extend import (
    Answer,
    ClusterState,
    FailureCode,
    KubeObject,
    Outcome,
    Purpose,
    Question,
    ServiceSnapshot,
)
from callboard.fleet.asking.fan_out import FanOut
from support.fake_fleet import CALLER, FakeFetcher, FixedSupplier, cluster, entity, fan_out, holding
from support.kube_objects import kube_object

APP = {"app": "dice"}
LABELS = {"backstage.io/kubernetes-id": "dice-roller"}


def world() -> list[KubeObject]:
    """A labelled Deployment whose pods lack the label, a neighbour's pod, a Warning event on each."""

    def meta(
        name: str, uid: str, owner: tuple[str, str] | None = None, *, labels: dict[str, str] | None = None
    ) -> dict[str, object]:
        owners = [{"kind": owner[0], "name": owner[1], "uid": owner[1], "controller": True}] if owner else []
        return {
            "name": name,
            "namespace": "shop",
            "uid": uid,
            "labels": labels or {},
            "ownerReferences": owners,
        }

    spec = {
        "selector": {"matchLabels": {"app": "dice"}},
        "template": {"metadata": {"labels": {"app": "dice"}}, "spec": {"containers": []}},
    }
    on_node = {"containers": [], "nodeName": "n1"}
    return [
        kube_object("Deployment", {"metadata": meta("dice", "dice", labels=LABELS), "spec": spec}),
        kube_object(
            "ReplicaSet",
            {"metadata": meta("dice-1", "dice-1", ("Deployment", "dice"), labels=APP), "spec": spec},
        ),
        kube_object(
            "Pod", {"metadata": meta("dice-1-a", "a", ("ReplicaSet", "dice-1"), labels=APP), "spec": on_node}
        ),
        kube_object("Pod", {"metadata": meta("stranger", "s", labels=APP), "spec": on_node}),
        kube_object(
            "Event", {"metadata": meta("e1", "e1"), "involvedObject": {"uid": "a"}, "type": "Warning"}
        ),
        kube_object(
            "Event", {"metadata": meta("e2", "e2"), "involvedObject": {"uid": "s"}, "type": "Warning"}
        ),
        kube_object("Node", {"metadata": {"name": "n1", "uid": "n1"}}),
    ]


async def look(provider: FanOut) -> list[ServiceSnapshot]:
    async with aclosing(provider.objects(entity(), CALLER)) as snapshots:
        return [s async for s in snapshots]


async def test_children_events_and_nodes_arrive_and_the_neighbours_do_not() -> None:
    fetcher = FakeFetcher({"a": holding(*world())})
    last = (await look(fan_out(fetcher, FixedSupplier(cluster("a")))))[-1].clusters[0]
    assert last.references_complete
    assert sorted(o.name for out in last.references for o in out.objects) == [
        "dice-1",
        "dice-1-a",
        "e1",
        "n1",
    ]
    assert [o.name for o in last.members()] == ["dice", "dice-1", "dice-1-a"]
    purposes = [q.purpose for _, q in fetcher.asked]
    assert purposes == sorted(purposes, key=lambda p: p is Purpose.REFERENCE)
    assert len(set(fetcher.questions("a"))) == len(fetcher.questions("a"))


async def test_the_selection_is_shown_while_references_hang_and_they_end_late() -> None:
    fetcher = FakeFetcher({"a": holding(*world())})
    fetcher.hang_on.add(("a", "events"))
    seen = await look(fan_out(fetcher, FixedSupplier(cluster("a"))))
    waiting = [s for s in seen if s.complete and not s.settled]
    assert waiting
    assert {o.answer for s in waiting for o in s.clusters[0].references} >= {Answer.AWAITED}
    last = seen[-1].clusters[0]
    assert last.state is ClusterState.ANSWERED
    assert last.failure is None
    late = [o for o in last.references if o.answer is Answer.LATE]
    assert "events" in {o.question.type.plural for o in late}
    assert {o.failure.code for o in late if o.failure} == {FailureCode.DEADLINE}
    assert fetcher.open == 0


async def test_references_that_raise_leave_the_selection_standing() -> None:
    answer = holding(*world())

    def raising(question: Question) -> Outcome:
        if question.purpose is Purpose.REFERENCE:
            raise RuntimeError("token s3cret")
        return answer(question)

    last = (await look(fan_out(FakeFetcher({"a": raising}), FixedSupplier(cluster("a")))))[-1].clusters[0]
    assert last.state is ClusterState.ANSWERED
    assert [o.name for o in last.objects()] == ["dice"]
    assert {o.answer for o in last.references} == {Answer.BROKEN}
    assert last.references_complete
    assert "s3cret" not in repr(last)


async def test_what_is_forbidden_among_references_stays_forbidden() -> None:
    answer = holding(*world())

    def refusing(question: Question) -> Outcome:
        if question.type.plural == "nodes":
            return Outcome(question=question, answer=Answer.FORBIDDEN)
        return answer(question)

    last = (await look(fan_out(FakeFetcher({"a": refusing}), FixedSupplier(cluster("a")))))[-1].clusters[0]
    assert [o.answer for o in last.references if o.question.type.plural == "nodes"] == [Answer.FORBIDDEN]
