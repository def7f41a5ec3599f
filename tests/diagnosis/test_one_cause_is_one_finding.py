"""The same trouble of many pods, in many clusters, is told once; what follows from it stands under it."""

import copy
from typing import Any

import pytest

from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.rules.registry import ALL, DiagnosisRules
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope
from callboard.diagnosis.verdict import verdict
from callboard.model.finding import Impact
from support.conditions import containers
from support.conditions.controllers import failing
from support.conditions.scene import NOW, container, pod, web
from support.kube_objects import service
from support.manifests import part_of

Documents = list[dict[str, Any]]


def crashing(pods: int) -> Documents:
    case = next(c for c in containers.CASES if c.code == "CB-CRASH-ERROR")
    one = next(d for d in case.documents if d["kind"] == "Pod")
    many = []
    for number in range(pods):
        made = copy.deepcopy(one)
        made["metadata"] |= {"name": f"web-abc-{number}", "uid": f"uid-{number}"}
        many.append(made)
    return web(*many)


def test_two_hundred_and_twelve_pods_in_three_clusters_are_one_finding_with_its_places() -> None:
    parts = [part_of(crashing(n), NOW, name=name) for name, n in (("a", 100), ("b", 100), ("c", 12))]
    found = verdict(service(*parts))
    (finding,) = found.findings
    assert finding.code == "CB-CRASH-ERROR"
    assert finding.count == 212
    assert [(p.cluster, p.count) for p in finding.places] == [("a", 100), ("b", 100), ("c", 12)]
    assert found.impact is Impact.DOWN
    assert "100 pods keep crashing" in found.sentence
    assert "also down in b and c" in found.sentence


def test_two_spellings_of_one_trouble_are_one_finding_and_one_sentence() -> None:
    words = 'failed to pull image "registry.example.com/web:2": not found'
    told = {
        "ErrImagePull": words,
        "ImagePullBackOff": f'Back-off pulling image "registry.example.com/web:2": ErrImagePull: {words}',
    }

    def waiting(*reasons: str) -> Documents:
        return web(
            *(
                pod(
                    f"web-abc-{n}",
                    container(
                        image="registry.example.com/web:2",
                        state={"waiting": {"reason": r, "message": told[r]}},
                    ),
                    phase="Pending",
                )
                for n, r in enumerate(reasons)
            )
        )

    mixed = diagnose(part_of(waiting("ErrImagePull", "ImagePullBackOff"), NOW))
    assert [(f.code, f.count) for f in mixed.findings] == [("CB-IMAGE-NOT-FOUND", 2)]
    one, other = (verdict(service(part_of(waiting(r), NOW))) for r in told)
    assert (one.sentence, one.impact, one.since) == (other.sentence, other.impact, other.since)


def test_what_follows_from_a_cause_stands_under_it() -> None:
    late = crashing(2)
    late[0]["status"]["conditions"][1] |= {"status": "False", "reason": "ProgressDeadlineExceeded"}
    (finding,) = diagnose(part_of(late, NOW)).findings
    assert finding.code == "CB-CRASH-ERROR"
    assert [c.code for c in finding.consequences] == ["CB-ROLLOUT-DEADLINE"]


def test_a_quota_is_the_cause_of_a_release_that_is_stuck() -> None:
    made = failing(
        'pods "x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=10, limited: pods=10'
    )
    made[0]["status"]["conditions"][1] |= {"status": "False", "reason": "ProgressDeadlineExceeded"}
    (finding,) = diagnose(part_of(made, NOW)).findings
    assert finding.code == "CB-QUOTA"
    assert [c.code for c in finding.consequences] == ["CB-ROLLOUT-DEADLINE"]


def test_a_rule_that_fails_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    rules = DiagnosisRules(
        rules=(*(DiagnosisRule(code=f"X-{s}", scope=s, judge=broken) for s in RuleScope), *ALL)
    )
    part = part_of(crashing(3), NOW)
    assert diagnose(part, rules=rules).findings == diagnose(part).findings
    assert sum("the rule X-" in r.message for r in caplog.records) == len(
        {RuleScope.CONTAINER, RuleScope.POD, RuleScope.WORKLOAD}
    )
