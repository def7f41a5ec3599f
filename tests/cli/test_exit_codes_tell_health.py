"""0 healthy; 1 unhealthy; 2 could not tell; 3 wrong usage. 1 wins over 2 unless --require-all, and the JSON says both."""

import json
from importlib import import_module
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from callboard.base.errors import CallboardError, NotAllowed, NotFound, Unavailable, UsageError
from callboard.cli.commands import build_cli
from callboard.model.notice import GAPS
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from support import kube_objects as kube
from support.stub_wiring import StubPortal, StubWiring

module = import_module("callboard.cli.status")
UNREACHABLE = Failure(code=FailureCode.CONNECT_TIMEOUT, message="no connection within 5 seconds")

HEALTHY = kube.cluster("eu-1", kube.deployment())
SICK = kube.cluster("eu-2", kube.pod("web-1", **kube.waiting("CrashLoopBackOff", restarts=7, exit_code=1)))
ROLLING = kube.cluster("eu-3", kube.deployment(wanted=3, ready=1, availableReplicas=1))
NOTHING = kube.cluster("us-1", also=(kube.empty("Pod"), kube.empty("Deployment")))
DARK = kube.cluster("us-2", state=ClusterState.FAILED, failure=UNREACHABLE)
BLIND = kube.cluster("us-3", kube.deployment(), also=(kube.failed("Pod"),))
SICK_AND_BLIND = kube.cluster(
    "us-4", kube.pod("web-1", **kube.waiting("CrashLoopBackOff")), also=(kube.failed("Deployment"),)
)
SILENT = kube.cluster("ap-1", state=ClusterState.AWAITED)


def status(*arguments: str, portal: StubPortal) -> tuple[int, str, str]:
    result = CliRunner().invoke(build_cli(StubWiring(portal)), ["status", *arguments])
    return result.exit_code, result.stdout, result.stderr


def document(*arguments: str, portal: StubPortal) -> dict[str, Any]:
    code, out, _ = status(*arguments, "--json", portal=portal)
    read: dict[str, Any] = json.loads(out)
    assert read["conclusion"]["exitCode"] == code
    return read


@pytest.mark.parametrize(
    ("clusters", "code", "required"),
    [
        ((HEALTHY,), 0, 0),
        ((HEALTHY, NOTHING), 0, 0),
        ((HEALTHY, SICK), 1, 1),
        ((HEALTHY, ROLLING), 1, 1),
        ((NOTHING,), 1, 1),
        ((HEALTHY, DARK), 2, 2),
        ((HEALTHY, BLIND), 2, 2),
        ((NOTHING, DARK), 2, 2),
        ((HEALTHY, SILENT), 2, 2),
        ((SICK, DARK), 1, 2),
        ((ROLLING, BLIND), 1, 2),
        ((SICK_AND_BLIND,), 1, 2),
        ((), 2, 2),
    ],
)
def test_the_code_follows_the_clusters(
    clusters: tuple[ClusterSnapshot, ...], code: int, required: int
) -> None:
    portal = StubPortal(kube.service(*clusters))
    assert status("web", portal=portal)[0] == code
    assert status("web", "--require-all", portal=portal)[0] == required


def test_the_json_tells_both_whichever_won() -> None:
    portal = StubPortal(kube.service(HEALTHY, SICK, DARK))
    for arguments, code in (((), 1), (("--require-all",), 2)):
        conclusion = document("web", *arguments, portal=portal)["conclusion"]
        assert conclusion["exitCode"] == code
        assert [t["cluster"] for t in conclusion["unhealthy"]] == ["eu-2"]
        assert conclusion["couldNotTell"] == [{"cluster": "us-2", "why": "no connection within 5 seconds"}]


def test_a_cluster_that_refused_says_so_in_the_servers_words() -> None:
    refused = kube.cluster(
        "eu-1",
        kube.deployment(),
        also=(kube.failed("Pod", message='pods is forbidden: User "cb" cannot list'),),
    )
    conclusion = document("web", portal=StubPortal(kube.service(refused)))["conclusion"]
    assert conclusion["couldNotTell"][0]["cluster"] == "eu-1"
    assert 'User "cb" cannot list' in conclusion["couldNotTell"][0]["why"]


def test_a_refusal_that_decides_nothing_leaves_the_service_healthy() -> None:
    refused = kube.cluster("eu-1", kube.deployment(), also=(kube.failed("ConfigMap"),))
    assert status("web", portal=StubPortal(kube.service(refused)))[0] == 0


@pytest.mark.parametrize("code", sorted(GAPS))
def test_a_cluster_that_could_not_even_be_named_is_a_gap(code: str) -> None:
    snapshot = msgspec.structs.replace(kube.service(HEALTHY), notices=(Notice(code, "eu-9 is not there"),))
    told = document("web", portal=StubPortal(snapshot))
    assert (told["verdict"]["couldNotTell"], told["verdict"]["health"]) == (True, "unknown")
    read = told["conclusion"]
    assert (read["exitCode"], read["couldNotTell"]) == (2, [{"cluster": "", "why": "eu-9 is not there"}])


def test_waiting_ends_with_the_timeout_and_tells_who_was_silent() -> None:
    portal = StubPortal(kube.service(SILENT, SILENT), kube.service(HEALTHY, SILENT), hang=True)
    read = document("web", "--timeout", "0.05", portal=portal)
    assert read["conclusion"]["couldNotTell"] == [{"cluster": "ap-1", "why": "no answer yet"}]
    assert (read["complete"], read["settled"], read["conclusion"]["exitCode"]) == (False, False, 2)
    assert portal.closed == 1


def awaiting(kind: str) -> ClusterSnapshot:
    """A healthy cluster of which a reference is still awaited."""
    open_ = Outcome(question=kube.empty(kind).question, answer=Answer.AWAITED)
    return msgspec.structs.replace(HEALTHY, references=(open_,), references_complete=False)


@pytest.mark.parametrize("arguments", [("--timeout", "0.05"), ("--timeout", "0.05", "--require-all")])
def test_what_is_healthy_before_all_its_pods_are_known_is_not_called_so(arguments: tuple[str, ...]) -> None:
    for part in (awaiting("Pod"), msgspec.structs.replace(HEALTHY, references_complete=False)):
        read = document("web", *arguments, portal=StubPortal(kube.service(part), hang=True))
        assert (read["verdict"]["final"], read["settled"], read["conclusion"]["exitCode"]) == (
            False,
            False,
            2,
        )
        (gap,) = read["conclusion"]["couldNotTell"]
        assert gap == {"cluster": "eu-1", "why": "pods found through their owners are still awaited"}


def test_a_sick_pod_is_told_although_others_are_awaited() -> None:
    part = msgspec.structs.replace(SICK, references_complete=False)
    portal = StubPortal(kube.service(part), hang=True)
    assert document("web", "--timeout", "0.05", portal=portal)["conclusion"]["exitCode"] == 1


def test_what_decides_nothing_may_be_missing_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFERENCES", 0.05)
    portal = StubPortal(kube.service(awaiting("Event")), hang=True)
    read = document("web", "--timeout", "0.05", portal=portal)
    assert (read["verdict"]["final"], read["settled"], read["conclusion"]["exitCode"]) == (True, False, 0)
    code, out, _ = status("web", portal=portal)
    assert (code, "events and other references had not all arrived" in out) == (0, True)


def test_a_script_gets_the_whole_answer_and_a_person_waits_for_what_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REFERENCES", 0.0)
    whole = kube.service(HEALTHY)
    for arguments, views in (
        (("--json",), (awaiting("Pod"), awaiting("Event"))),
        ((), (awaiting("Pod"),)),
    ):
        portal = StubPortal(*(kube.service(v) for v in views), whole, hang=True, pause=0.05)
        code, out, _ = status("web", *arguments, portal=portal)
        assert code == 0
        assert not arguments or json.loads(out)["settled"]
        assert "awaited" not in out or arguments


def test_a_late_cluster_is_not_waited_for_as_a_page_would_not() -> None:
    late = Notice("late", "no whole answer within 3 seconds; it is still being asked", cluster="ap-1")
    silent = msgspec.structs.replace(SILENT, notices=(late,))
    portal = StubPortal(kube.service(HEALTHY, SILENT), kube.service(HEALTHY, silent), hang=True)
    conclusion = document("web", portal=portal)["conclusion"]
    assert conclusion["couldNotTell"] == [{"cluster": "ap-1", "why": late.message}]
    assert portal.closed == 1


def test_no_view_at_all_before_the_timeout_is_no_health() -> None:
    code, out, err = status("web", "--timeout", "0.05", portal=StubPortal(hang=True))
    assert (code, out) == (2, "")
    assert "No answer within 0.05 seconds" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("There is no entity."), 3),
        (UsageError("The annotation cannot be read."), 3),
        (NotAllowed("You may not."), 2),
        (Unavailable("Later."), 2),
    ],
)
def test_an_error_of_the_portal_is_told_in_one_line(error: CallboardError, code: int) -> None:
    assert status("web", portal=StubPortal(error=error)) == (code, "", f"callboard: {error.message}\n")


def test_a_defect_of_ours_is_neither_health_nor_sickness() -> None:
    wiring = StubWiring()
    wiring.raises = ZeroDivisionError("defect")
    result = CliRunner().invoke(build_cli(wiring), ["status", "web"])
    assert result.exit_code == 2
    assert "Callboard itself failed" in result.stderr


def test_nothing_is_asked_in_anothers_name() -> None:
    portal = StubPortal(kube.service(HEALTHY))
    status("web", portal=portal)
    assert [c.kind.value for c in portal.callers] == ["loopback"]


def test_every_answer_but_health_is_not_zero() -> None:
    """Every state of a decisive type, alone."""
    for answer in Answer:
        if answer.failed:
            part = kube.cluster("eu-1", kube.deployment(), also=(kube.failed("Pod", answer=answer),))
            snapshot: ServiceSnapshot = kube.service(part)
            assert status("web", portal=StubPortal(snapshot))[0] == 2, answer


def test_the_timeout_bounds_what_comes_before_the_asking_too() -> None:
    wiring = StubWiring()
    wiring.never_opens = True
    result = CliRunner().invoke(build_cli(wiring), ["status", "web", "--timeout", "0.05"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Nothing was ready to be asked within 0.05 seconds" in result.stderr
