"""Types of objects: their paths on an API server, and what they are called."""

import pytest

from callboard.model.notice import NoticeCode
from callboard.model.outcome import FailureCode, none_read
from callboard.model.resource import (
    EVENTS,
    NODES,
    POD_METRICS,
    ResourceType,
    is_custom,
    known_type,
    words_of,
)

ROLLOUTS = ResourceType("argoproj.io", "v1alpha1", "rollouts")
KNATIVE = ResourceType("serving.knative.dev", "v1", "services")


def type_of(plural: str) -> ResourceType:
    found = known_type(plural)
    assert found is not None
    return found


def test_paths() -> None:
    pods, deployments = type_of("pods"), type_of("deployments")
    assert pods.path() == "/api/v1/pods"
    assert pods.path("shop") == "/api/v1/namespaces/shop/pods"
    assert pods.path("shop", "cart-1", "log") == "/api/v1/namespaces/shop/pods/cart-1/log"
    assert deployments.path("a/b", "c d") == "/apis/apps/v1/namespaces/a%2Fb/deployments/c%20d"
    assert NODES.path(name="n1") == "/api/v1/nodes/n1"
    assert ROLLOUTS.path("x") == "/apis/argoproj.io/v1alpha1/namespaces/x/rollouts"


def test_what_is_known_and_what_is_custom() -> None:
    assert not any(map(is_custom, (type_of("pods"), EVENTS, POD_METRICS)))
    assert all(map(is_custom, (ROLLOUTS, KNATIVE)))
    assert known_type("rollouts") is None


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (type_of("pods"), "pods"),
        (type_of("deployments"), "deployments"),
        (POD_METRICS, "pod metrics"),
        (ROLLOUTS, "rollouts"),
        (KNATIVE, "services.serving.knative.dev"),
    ],
)
def test_a_type_in_a_sentence(resource: ResourceType, words: str) -> None:
    assert words_of(resource) == words


def test_an_answer_of_which_nothing_could_be_read_says_so() -> None:
    assert none_read(3).code is FailureCode.WRONG_SHAPE
    assert none_read(3).message == "none of the 3 objects could be read"
    assert str(NoticeCode.LATE) == "late"
