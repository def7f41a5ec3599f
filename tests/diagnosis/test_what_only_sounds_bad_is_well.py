"""Words that sound like trouble and are none, each beside what differs from it in one field and is."""

from typing import Any

import pytest

from callboard.diagnosis.objects.judge import judge
from callboard.diagnosis.objects.judgement import State

Status = dict[str, Any]


def ready(reason: str = "", *more: dict[str, Any], status: str = "True") -> Status:
    return {"conditions": [{"type": "Ready", "status": status, "reason": reason}, *more]}


def condition(type_: str, status: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "status": status, **more}


PAIRS: dict[str, tuple[Status, Status]] = {
    "a failover that is over": (ready("FailoverCompleted"), ready("FailoverFailed", status="False")),
    "failure domains that are ready": (
        ready("", condition("FailureDomainsReady", "True")),
        ready("", condition("FailureDomainsReady", "False", reason="NotFound")),
    ),
    "degraded, which is False": (
        ready("", condition("Degraded", "False")),
        ready("", condition("Degraded", "True")),
    ),
    "no errors": (ready("", condition("NoErrors", "True")), ready("", condition("HasErrors", "True"))),
    "a warning beside Ready": (
        ready("", condition("Warning", "True", reason="DeprecatedFields")),
        ready("", condition("Failed", "True", reason="DeprecatedFields")),
    ),
    "said for information": (
        ready("", condition("LatestDeploymentReady", "False", reason="Failed", severity="Info")),
        ready("", condition("LatestDeploymentReady", "False", reason="Failed", severity="Error")),
    ),
    "not upgradeable": (
        ready("", condition("Upgradeable", "False", reason="AdminAckRequired")),
        ready("", condition("Available", "False", reason="Failed")),
    ),
    "a run of before": (
        {"phase": "Ready", "history": [{"phase": "Failed"}]},
        {"phase": "Ready", "members": [{"phase": "Failed"}]},
    ),
    "the last backup": (
        {"phase": "Ready", "lastBackup": {"phase": "Failed"}},
        {"phase": "Ready", "volume": {"phase": "Failed"}},
    ),
    "an error that is empty": ({"phase": "Ready", "error": ""}, {"phase": "Ready", "error": "disk is full"}),
    "no errors in a list": ({"phase": "Ready", "errors": []}, {"phase": "Ready", "errors": ["disk is full"]}),
    "none failed": (
        ready("", condition("Complete", "True", message="0 pods failed")),
        ready("", condition("Complete", "True", reason="JobFailed")),
    ),
    "what a provider says of itself": (
        {"conditions": [condition("Ready", "True")], "atProvider": {"state": "failed"}},
        {"conditions": [condition("Ready", "True")], "cluster": {"state": "failed"}},
    ),
    "progress that is made": (
        {"conditions": [condition("Available", "True"), condition("Progressing", "True", reason="NewReplicaSetAvailable")]},
        {"conditions": [condition("Available", "True"), condition("Progressing", "False", reason="ProgressDeadlineExceeded")]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("well", "bad"), PAIRS.values(), ids=PAIRS)
def test_it_is_well_and_its_near_miss_is_not(well: Status, bad: Status) -> None:
    assert judge("example.com", "widgets", {"status": well}).state is State.WELL
    assert judge("example.com", "widgets", {"status": bad}).state is State.FAILED
