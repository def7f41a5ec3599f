"""What is not to be had says why, and who can change that; no link leads to what cannot be."""

import msgspec
import pytest

from callboard.base.errors import CallboardError
from callboard.diagnosis.engine import diagnose
from callboard.model.entity import Entity, EntityMeta
from callboard.model.finding import NextKind
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer, Failure, FailureCode
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.arranging.pods import container_rows
from callboard.portal.asking.refused import not_found
from callboard.portal.logs.sources import why_none
from callboard.portal.views import ObjectKey
from support.conditions import containers, controllers, images, pods
from support.conditions.scene import NOW as SCENE_NOW
from support.conditions.scene import Case, changed
from support.kube_objects import cluster, failed, pod, waiting
from support.manifests import part_of

KEY = ObjectKey("a", "pods", "shop", "web-1")
ENTITY = Entity(api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name="web"))


def refusing(code: FailureCode, answer: Answer = Answer.FORBIDDEN) -> ClusterSnapshot:
    failure = Failure(code=code, message="no", status=403)
    return cluster("a", also=(msgspec.structs.replace(failed("Pod"), answer=answer, failure=failure),))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FailureCode.NOT_GRANTED, "You may not see pods in cluster a. Ask whoever runs that cluster"),
        (FailureCode.NO_USER, "You may not see pods"),
        (FailureCode.FORBIDDEN, "Callboard may not see pods in cluster a. Ask whoever runs this Callboard"),
        (FailureCode.UNDECIDED, "try again in a moment"),
    ],
)
def test_an_object_of_a_type_one_may_not_see_is_refused_with_whom_to_ask(
    code: FailureCode, words: str
) -> None:
    error = not_found(ENTITY, KEY, refusing(code))
    assert (type(error).__name__, error.code) == ("NotAllowed", "type-not-visible")
    assert words in error.message


def test_an_object_in_a_cluster_that_is_away_is_not_called_refused() -> None:
    error: CallboardError = not_found(ENTITY, KEY, refusing(FailureCode.CONNECTION, Answer.BROKEN))
    assert (type(error).__name__, error.code) == ("Unavailable", "cluster-unavailable")


def reason(obj: KubeObject, *, previous: bool = False) -> tuple[str, bool]:
    """(why there is no log, whether a link to it is shown)."""
    assert isinstance(obj.body, Pod)
    (row,) = container_rows(obj.body)
    return why_none(obj, row, previous=previous), row.has_log


def unscheduled() -> KubeObject:
    obj = pod(phase="Pending", containerStatuses=[])
    assert isinstance(obj.body, Pod)
    spec = msgspec.structs.replace(obj.body.spec, node_name="")
    return msgspec.structs.replace(obj, body=msgspec.structs.replace(obj.body, spec=spec))


def test_no_link_leads_to_a_log_that_cannot_be() -> None:
    assert reason(pod()) == ("", True)
    assert reason(pod(), previous=True)[0] == "Container app has had no run before this one."
    assert reason(unscheduled())[0].startswith("Pod web-1 is not scheduled")
    assert not reason(unscheduled())[1]
    words, linked = reason(pod(**waiting("ImagePullBackOff")))
    assert "has not started yet" in words
    assert not linked
    assert reason(pod(**waiting("CrashLoopBackOff", exit_code=1))) == ("", True)
    assert reason(pod(**waiting("CrashLoopBackOff", exit_code=1)), previous=True) == ("", True)


def test_a_container_that_its_node_no_longer_finds_has_no_log() -> None:
    lost = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}
    for state, last, linked, previous in (
        (lost, {}, False, False),
        (lost, lost, False, False),
        ({"waiting": {"reason": "ContainerCreating"}}, lost, False, False),
        ({"running": {}}, lost, True, False),
        (lost, {"terminated": {"exitCode": 1, "reason": "Error"}}, True, True),
    ):
        status = {
            "name": "app",
            "image": "x",
            "ready": False,
            "restartCount": 1,
            "state": state,
            "lastState": last,
        }
        obj = pod(containerStatuses=[status])
        assert isinstance(obj.body, Pod)
        (row,) = container_rows(obj.body)
        assert (row.has_log, row.has_previous) == (linked, previous)
    gone = {"name": "app", "image": "x", "ready": False, "restartCount": 1, "state": lost, "lastState": {}}
    assert reason(pod(containerStatuses=[gone])) == (
        "The log of container app is gone with its container: ended with exit code 137 (ContainerStatusUnknown).",
        False,
    )


CASES = (*containers.CASES, *controllers.CASES, *images.CASES, *pods.CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.source[:40]}")
def test_every_step_that_says_to_read_a_log_leads_to_one(case: Case) -> None:
    for documents in (case.documents, *(changed(case.documents, change) for change in case.near)):
        part = part_of(documents, SCENE_NOW)
        there = {
            o.name: o.body for outcome in part.outcomes for o in outcome.objects if isinstance(o.body, Pod)
        }
        for finding in diagnose(part).findings:
            for step in finding.steps:
                if step.kind is not NextKind.LOGS or not step.container:
                    continue
                body = there[finding.places[0].names[0]]
                (row,) = [c for c in container_rows(body) if c.name == step.container]
                assert body.spec.node_name or body.status.phase == "Failed"
                assert row.has_log, (finding.code, row)
                assert row.has_previous or not step.previous, (finding.code, row)
