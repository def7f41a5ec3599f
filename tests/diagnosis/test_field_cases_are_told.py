"""Reports from the field: objects as people pasted them into bug reports of dashboards, and what they should have been told.

The files stand in `field/`. Sources: argoproj/gitops-engine#136, argoproj/argo-cd#1881, kubernetes/kubernetes#64500 (OnDelete);
kubernetes/kubernetes#66756, #101584, #62816 (Jobs that cannot start); derailed/k9s#3101, kubernetes/kubectl#1739 (sidecars);
kubernetes/kubernetes#120207, #122038 (finished pods that are being deleted); spinnaker/spinnaker#2059, kubernetes#105467
(leftovers); kubernetes#72157, spinnaker#5101 (readiness gates, paused).
"""

import pytest

from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.pod_status import pod_standing
from callboard.diagnosis.verdict import cluster_verdict
from callboard.model.finding import Impact
from callboard.model.objects.pod import Pod
from callboard.model.verdict import Health
from support.conditions.field_cases import FIELD, ILL, NOW, WELL
from support.manifests import made, part_of, read


@pytest.mark.parametrize("name", ILL)
def test_what_is_ill_is_told_with_its_cause(name: str) -> None:
    part = part_of(read(FIELD / f"{name}.yaml"), NOW, selector=name)
    found = diagnose(part)
    alarms = [(f.code, f.impact) for f in found.findings if f.impact.alarms]
    assert alarms == [ILL[name]]
    verdict = cluster_verdict(part)
    assert verdict.health is Health.UNHEALTHY
    assert verdict.impact is ILL[name][1]


@pytest.mark.parametrize("name", WELL)
def test_what_is_left_behind_beside_what_is_well_is_no_trouble(name: str) -> None:
    part = part_of(read(FIELD / f"{name}.yaml"), NOW, selector=name)
    assert cluster_verdict(part).health is Health.HEALTHY
    assert not [f for f in diagnose(part).findings if f.impact.alarms]


def test_what_is_left_behind_is_told_as_a_notice() -> None:
    part = part_of(read(FIELD / "podsonly.yaml"), NOW, selector="podsonly")
    assert [(f.code, f.impact) for f in diagnose(part).findings] == [("CB-EVICTED", Impact.NOTICE)]


def test_that_it_is_paused_is_said() -> None:
    part = part_of(read(FIELD / "paused.yaml"), NOW, selector="paused")
    found = diagnose(part)
    assert "CB-PAUSED" in {f.code for f in found.findings}
    assert "paused" in cluster_verdict(part).sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sidecar-job", ["Completed"]),
        ("sidecar-job-failed", ["Error"]),
        ("term-succeeded", ["Completed"]),
    ],
)
def test_pods_have_kubectls_words(name: str, words: list[str]) -> None:
    pods = [made(d).body for d in read(FIELD / f"{name}.yaml") if d["kind"] == "Pod"]
    assert [pod_standing(p).word for p in pods if isinstance(p, Pod)] == words


def test_a_finished_pod_that_waits_for_a_finalizer_is_on_no_way() -> None:
    part = part_of(read(FIELD / "term-succeeded.yaml"), NOW)
    assert cluster_verdict(part).health is Health.HEALTHY
