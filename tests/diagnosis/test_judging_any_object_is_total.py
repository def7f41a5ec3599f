"""Whatever JSON an object is, judging it ends, raises nothing, and says where it looked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.diagnosis.objects.judge import judge
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import VISITED, walk

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)

WORDS = st.sampled_from(
    ("True", "False", "Unknown", "Ready", "Failed", "Progressing", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     "2026-05-01T11:00:00Z", "2026-05-01T11:00:00", "1/2", "not yet", "\udcff", "nul\0")
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20)
KEYS = st.sampled_from(
    ("conditions", "type", "status", "reason", "message", "lastTransitionTime", "phase", "state", "replicas", "readyReplicas",
     "observedGeneration", "parents", "paused", "suspend", "error", "hard", "used", "loadBalancer", "ingress", "maxReplicas",
     "generation", "creationTimestamp", "deletionTimestamp", "annotations", "health", "expectedNodes", "partition")
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=30,
)
OBJECTS = JSON | st.fixed_dictionaries({"metadata": JSON, "spec": JSON, "status": JSON})
KINDS = st.sampled_from(
    (("", "services"), ("", "resourcequotas"), ("", "nodes"), ("", "persistentvolumeclaims"), ("policy", "poddisruptionbudgets"),
     ("autoscaling", "horizontalpodautoscalers"), ("networking.k8s.io", "ingresses"), ("argoproj.io", "rollouts"),
     ("argoproj.io", "applications"), ("gateway.solo.io", "gateways"), ("karpenter.sh", "nodeclaims"), ("example.com", "widgets"))
)  # fmt: skip


@settings(max_examples=400)
@given(KINDS, OBJECTS, st.sampled_from((NOW, None, datetime.max.replace(tzinfo=UTC))))
def test_any_value_is_judged(kind: tuple[str, str], obj: Any, now: datetime | None) -> None:
    found = judge(*kind, obj, now)
    assert found.state in State
    assert len(found.words) <= 400
    assert len(found.value) <= 200
    if found.state not in (State.WELL, State.NOT_JUDGED):
        assert found.words
        assert found.place


@settings(max_examples=200)
@given(OBJECTS)
def test_what_may_change_by_time_says_when(obj: Any) -> None:
    found = judge("example.com", "widgets", obj, NOW)
    if found.until is not None:
        assert found.until > NOW
        before, then = found.until - timedelta(milliseconds=1), found.until
        assert judge("example.com", "widgets", obj, before).state is found.state
        assert judge("example.com", "widgets", obj, then).state is not found.state


@pytest.mark.parametrize(
    "status",
    [
        {"a": {str(n): {"b": n} for n in range(50_000)}},
        {"conditions": [{"type": f"T{n}", "status": "False", "reason": "x" * 3_000} for n in range(20_000)]},
        {"parents": [{"conditions": [{"type": "Ready", "status": "True"}] * 300}] * 300},
        {"phase": "x" * 5_000_000},
    ],
    ids=["many keys", "many conditions", "nested conditions", "a long word"],
)
def test_a_huge_status_is_looked_at_in_part(status: dict[str, Any]) -> None:
    seen = sum(1 for _ in walk(status, 5))
    assert seen <= VISITED
    assert judge("example.com", "widgets", {"status": status}, NOW).state in State


def test_what_nests_deep_is_judged() -> None:
    deep: Any = {"phase": "Failed"}
    for _ in range(60):
        deep = {"status": deep}
    assert judge("example.com", "widgets", {"status": deep}, NOW).state is State.NOT_JUDGED


def _widget(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "w", "generation": 1}, "spec": {}, "status": status}


def _not_ready(minutes: int, **more: str) -> dict[str, Any]:
    since = (NOW - timedelta(minutes=minutes)).isoformat()
    return _widget(conditions=[{"type": "Ready", "status": "False", "lastTransitionTime": since, **more}])


def test_not_ready_without_a_word_of_why_fails_in_time() -> None:
    young = judge("example.com", "widgets", _not_ready(9), NOW)
    assert (young.state, young.until) == (State.PROGRESSING, NOW + timedelta(minutes=1))
    old = judge("example.com", "widgets", _not_ready(10), NOW)
    assert (old.state, old.until) == (State.FAILED, None)
    assert old.since == NOW - timedelta(minutes=10)
    assert judge("example.com", "widgets", _not_ready(600, reason="Creating"), NOW).state is State.PROGRESSING
    assert judge("example.com", "widgets", _not_ready(1, reason="CreateFailed"), NOW).state is State.FAILED


@pytest.mark.parametrize(("minutes", "state"), [(4, State.PROGRESSING), (6, State.NOT_JUDGED)])
def test_no_status_is_awaited_for_five_minutes(minutes: int, state: State) -> None:
    made = (NOW - timedelta(minutes=minutes)).isoformat()
    found = judge("example.com", "widgets", {"metadata": {"creationTimestamp": made}}, NOW)
    assert found.state is state


def test_the_deciding_field_is_named() -> None:
    found = judge(
        "gateway.networking.k8s.io",
        "httproutes",
        {
            "status": {
                "parents": [
                    {"conditions": [{"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound"}]}
                ]
            }
        },
        NOW,
    )
    assert found.place == "status.parents[0].conditions[ResolvedRefs]"
    assert found.words == "ResolvedRefs is False: BackendNotFound"


def test_a_big_number_is_no_generation() -> None:
    obj = msgspec.json.decode(
        b'{"metadata": {"generation": 3}, "status": {"observedGeneration": 18446744073709551615, "phase": "Ready"}}'
    )
    assert judge("example.com", "widgets", obj, NOW).state is State.WELL
