"""What is not to be had says why, and who can change that; no link leads to what cannot be."""

import msgspec
import pytest

from callboard.base.errors import CallboardError
from callboard.model.entity import Entity, EntityMeta
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer, Failure, FailureCode
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.arranging.pods import container_rows
from callboard.portal.asking.kubernetes import _not_found, _without_log
from callboard.portal.protocol import LogQuery
from callboard.portal.views import ObjectKey
from support.kube_objects import cluster, failed, pod, waiting

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
    error = _not_found(ENTITY, KEY, refusing(code))
    assert (type(error).__name__, error.code) == ("NotAllowed", "type-not-visible")
    assert words in error.message


def test_an_object_in_a_cluster_that_is_away_is_not_called_refused() -> None:
    error: CallboardError = _not_found(ENTITY, KEY, refusing(FailureCode.CONNECTION, Answer.BROKEN))
    assert (type(error).__name__, error.code) == ("Unavailable", "cluster-unavailable")


def reason(obj: KubeObject, *, previous: bool = False) -> tuple[str, bool]:
    """(why there is no log, whether a link to it is shown)."""
    assert isinstance(obj.body, Pod)
    (row,) = container_rows(obj.body)
    return _without_log(obj, obj.body, row, LogQuery(previous=previous)), row.has_log


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
