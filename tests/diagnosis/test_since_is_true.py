"""When a trouble began: never before the version it is about, through a rollback too, and a bound where only a bound is known."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.verdict import cluster_verdict
from callboard.model.finding import Since
from callboard.model.verdict import Health
from support.conditions.controllers import FAILED, cron, job
from support.conditions.scene import NOW, ago, condition, container, event, pod, web, with_owner
from support.manifests import part_of

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
Documents = list[dict[str, Any]]


def before(**span: float) -> datetime:
    return NOW - timedelta(**span)


def since_of(documents: Documents) -> Since | None:
    (finding, *_) = diagnose(part_of(documents, NOW)).findings
    return finding.since


def released(*, pods: Documents, history: str = "", born: str) -> Documents:
    """A Deployment of nine days that has a new version, whose ReplicaSet was born then."""
    made = web(*pods, wanted=2, ready=1, updatedReplicas=1)
    made[0]["metadata"] |= {"creationTimestamp": ago(days=9), "annotations": {REVISION: "7"}}
    made[0]["status"]["conditions"][1]["lastTransitionTime"] = ago(days=9)
    made[1]["metadata"] |= {"creationTimestamp": born, "annotations": {REVISION: "7"}}
    if history:
        made[1]["metadata"]["annotations"][HISTORY] = history
    return made


def test_a_release_of_a_minute_ago_is_in_progress_for_a_minute() -> None:
    found = cluster_verdict(part_of(released(pods=[], born=ago(minutes=1)), NOW))
    assert (found.health, found.since) == (Health.PROGRESSING, before(minutes=1))


def test_a_rollback_begins_with_its_first_pod_and_not_with_the_birth_of_the_old_version() -> None:
    new = pod(
        "web-abc-2",
        container(state={"running": {"startedAt": ago(minutes=2)}}),
        startTime=ago(minutes=2),
        metadata={"creationTimestamp": ago(minutes=2)},
        conditions=[condition("Ready", at=ago(minutes=2))],
    )
    found = cluster_verdict(part_of(released(pods=[new], history="3", born=ago(days=5)), NOW))
    assert (found.health, found.since) == (Health.PROGRESSING, before(minutes=2))


def test_a_release_that_does_not_come_through_is_stuck_since_it_was_made_not_since_its_deadline() -> None:
    made = released(pods=[], born=ago(minutes=25))
    made[0]["status"]["conditions"][1] |= {
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "lastTransitionTime": ago(minutes=15),
    }
    assert since_of(made) == Since(before(minutes=25))


def crashed(*, ready_at: str, restarts: int, started: str, finished: str) -> Documents:
    one = container(
        restartCount=restarts,
        state={"waiting": {"reason": "CrashLoopBackOff"}},
        lastState={"terminated": {"exitCode": 1, "startedAt": started, "finishedAt": finished}},
    )
    told = [condition("PodScheduled", "True", ago(hours=2)), condition("Ready", at=ready_at)]
    return web(pod("web-abc-1", one, conditions=told))


def test_what_never_was_ready_fails_since_its_pod_could_run_however_often_it_crashed() -> None:
    made = crashed(ready_at=ago(hours=2), restarts=25, started=ago(minutes=6), finished=ago(minutes=5))
    assert since_of(made) == Since(before(hours=2))


def test_a_crash_does_not_begin_it_anew_and_what_is_known_is_a_bound() -> None:
    made = crashed(ready_at=ago(minutes=5), restarts=25, started=ago(minutes=6), finished=ago(minutes=5))
    assert since_of(made) == Since(before(minutes=6), exact=False)


def test_one_crash_is_one_moment() -> None:
    made = crashed(ready_at=ago(minutes=5), restarts=1, started=ago(hours=1), finished=ago(minutes=5))
    found = since_of(made)
    assert found is not None
    assert found.at == before(minutes=5)


@pytest.mark.parametrize("skew", [-25, 25])
def test_the_nodes_clock_and_the_api_servers_are_not_put_in_order_within_half_a_minute(skew: int) -> None:
    ready = (before(hours=2) + timedelta(seconds=skew)).isoformat()
    made = crashed(ready_at=ready, restarts=25, started=ago(minutes=6), finished=ago(minutes=5))
    assert since_of(made) == Since(before(hours=2))


def test_the_change_it_followed_is_named() -> None:
    bad = pod(
        "web-abc-1",
        container(image="registry.example.com/web:2", state={"waiting": {"reason": "ImagePullBackOff"}}),
        phase="Pending",
        metadata={"creationTimestamp": ago(minutes=20)},
        conditions=[condition("PodScheduled", "True", ago(minutes=20))],
    )
    made = released(pods=[bad], born=ago(minutes=20))
    made[1]["spec"]["template"] = {
        "spec": {"containers": [{"name": "app", "image": "registry.example.com/web:2"}]}
    }
    old = {
        **made[1],
        "metadata": with_owner(
            {**made[1]["metadata"], "name": "web-old", "uid": "old", "annotations": {REVISION: "6"}}, made[0]
        ),
        "spec": {
            "replicas": 0,
            "template": {"spec": {"containers": [{"name": "app", "image": "registry.example.com/web:1"}]}},
        },
    }
    (finding, *_) = diagnose(part_of([*made, old], NOW)).findings
    assert finding.after is not None
    assert (finding.after.what, finding.after.before, finding.after.after) == ("image", "1", "2")


def test_a_cron_job_fails_since_the_first_run_after_the_last_that_did_not() -> None:
    """Of failed runs one is kept: those before it were as long, as far as is known."""
    hourly = cron(lastSuccessfulTime=ago(hours=5))
    ran = job("nightly-1", hourly, failed=7, conditions=[{**FAILED, "lastTransitionTime": ago(minutes=115)}])
    assert since_of([hourly, ran]) == Since(before(hours=3, minutes=55), exact=False)
    only = cron(lastSuccessfulTime=ago(hours=3))
    assert since_of([only, ran]) == Since(before(minutes=115))


def looping(*, flipped: str, restarts: int, first: str = "") -> Documents:
    """A pod of two hours that was ready before; the kubelet tells of its back-off since `first`."""
    made = crashed(ready_at=flipped, restarts=restarts, started=ago(minutes=3), finished=ago(minutes=2))
    if first:
        told = event(made[2], "BackOff", "Back-off restarting failed container app in pod", field="app")
        made.append({**told, "firstTimestamp": first})
    return made


def test_what_has_not_been_ready_since_crashes_since_then_where_all_ends_fit_into_that_time() -> None:
    assert since_of(looping(flipped=ago(minutes=15), restarts=7)) == Since(before(minutes=15))
    assert since_of(looping(flipped=ago(minutes=15), restarts=9)) == Since(before(minutes=15), exact=False)


def test_what_is_ready_between_its_crashes_crashes_at_least_since_the_kubelet_spoke_of_it() -> None:
    told = looping(flipped=ago(minutes=2), restarts=6, first=ago(minutes=25))
    assert since_of(told) == Since(before(minutes=25), exact=False)
    rare = looping(flipped=ago(minutes=2), restarts=2, first=ago(minutes=55))
    assert since_of(rare) == Since(before(minutes=3), exact=False), "it was well in between"


@pytest.mark.parametrize("restarts", [-(10**30), -1, 2**31, 2**62, 10**30])
def test_any_number_of_restarts_gives_a_finding(restarts: int) -> None:
    for first in (ago(minutes=20), ""):
        found = since_of(looping(flipped=ago(minutes=15), restarts=restarts, first=first))
        assert found is not None
        assert found.at <= before(minutes=2)
