"""A service that is well, and one thing of it that is not known: whatever that is, no face calls it healthy, nor final what is
still awaited."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from callboard.fleet.hub.composition import state_of
from callboard.model.notice import NoticeCode
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Outcome, Question
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.verdict import Health
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.documents.status_writer import document_of
from support.kube_objects import TYPES, cluster, deployment, pod, service

WELL = cluster("well", deployment(), pod())
BEFORE = datetime(2026, 11, 21, 8, 2, tzinfo=UTC)
DECIDING = ("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")
replace = msgspec.structs.replace


def with_answer(kind: str, answer: Answer) -> ClusterSnapshot:
    """The same, but for one type that gave no objects."""
    type_ = TYPES[kind]
    failure = Failure(code=FailureCode.SERVER_ERROR, message="etcdserver: no leader", status=500)
    bad = Outcome(question=Question(type=type_), answer=answer, failure=failure)
    others = (o for o in WELL.outcomes if o.question.type.key != type_.key)
    outcomes = (*others, bad)
    state, whole = state_of(outcomes)
    return replace(WELL, outcomes=outcomes, state=state, failure=whole)


def of_all(**change: object) -> ClusterSnapshot:
    return replace(WELL, outcomes=tuple(replace(o, **change) for o in WELL.outcomes))


def cases() -> Iterator[tuple[str, ServiceSnapshot]]:
    for kind in DECIDING:
        for answer in Answer:
            if not answer.known and answer is not Answer.NOT_ASKED:
                yield f"{kind} {answer}", service(WELL, with_answer(kind, answer))
    for code in FailureCode:
        failure = Failure(code=code, message="x")
        yield f"cluster {code}", service(WELL, replace(WELL, state=ClusterState.FAILED, failure=failure))
    yield "cluster awaited", service(WELL, replace(WELL, state=ClusterState.AWAITED, outcomes=()))
    yield "seen before", service(WELL, of_all(stale_since=BEFORE))
    yield "seen before alone", service(of_all(stale_since=BEFORE))
    yield "seen before, polled", service(WELL, of_all(stale_since=BEFORE, freshness=Freshness.POLLED))
    for told in (NoticeCode.CLUSTER_SUPPLIER_FAILED, NoticeCode.SERVICE_LOCATOR_FAILED):
        for parts in ((), (WELL,)):
            found = replace(service(*parts), notices=(Notice(told, "it failed"),))
            yield f"{told} beside {len(parts)}", found


CASES = dict(cases())


def test_the_service_itself_is_well() -> None:
    document = document_of(arrange(service(WELL)))
    assert (document.verdict.health, document.verdict.final) == (Health.HEALTHY, True)
    assert len(CASES) > 60


@pytest.mark.parametrize("case", CASES)
def test_it_is_not_called_healthy(case: str) -> None:
    view = arrange(CASES[case])
    document = document_of(view)
    assert view.verdict.health is not Health.HEALTHY
    assert document.verdict.health is not Health.HEALTHY
    assert "Healthy in all" not in view.verdict.sentence
    awaited = any(
        part.state is ClusterState.AWAITED or any(o.answer is Answer.AWAITED for o in part.outcomes)
        for part in CASES[case].clusters
    )
    assert not (awaited and document.verdict.final)
    if not awaited:
        assert view.verdict.could_not_tell
