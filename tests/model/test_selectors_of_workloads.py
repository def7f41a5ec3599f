"""What makes pods, with which selector and labels."""

from typing import Any

import pytest

from callboard.model.objects.workload import PodSelector, SelectorRequirement
from callboard.model.workloads import cron_template_of, label_selector, pod_labels, workload_of
from support.kube_objects import kube_object


def selector_of(labels: dict[str, str] | None, *expressions: tuple[str, str, tuple[str, ...]]) -> str | None:
    found = label_selector(
        PodSelector(
            match_labels=labels, match_expressions=tuple(SelectorRequirement(*each) for each in expressions)
        )
    )
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (("tier", "In", ("b", "a", "b")), "app=x,tier in (a,b)"),
        (("tier", "NotIn", ("a",)), "app=x,tier notin (a)"),
        (("tier", "Exists", ()), "app=x,tier"),
        (("tier", "DoesNotExist", ()), "app=x,!tier"),
    ],
)
def test_an_expression(expression: tuple[str, str, tuple[str, ...]], text: str) -> None:
    found = selector_of({"app": "x"}, expression)
    assert found is not None
    assert sorted(found.replace("tier in (a,b)", "tier in (a;b)").split(",")) == sorted(
        text.replace("tier in (a,b)", "tier in (a;b)").split(",")
    )


@pytest.mark.parametrize(
    "expression",
    [("tier", "In", ()), ("tier", "Exists", ("a",)), ("tier", "Gt", ("1",)), ("tier", "", ())],
)
def test_one_that_is_wrong_takes_no_pod(expression: tuple[str, str, tuple[str, ...]]) -> None:
    assert selector_of({"app": "x"}, expression) is None


def test_one_that_is_empty_takes_no_pod() -> None:
    assert selector_of(None) is selector_of({}) is None


def made(kind: str, spec: dict[str, Any], **more: Any) -> Any:
    return kube_object(kind, {"metadata": {"name": "x", "namespace": "shop"}, "spec": spec, **more})


TEMPLATE = {"metadata": {"labels": {"app": "x", "version": "2"}}}
SELECTOR = {"matchLabels": {"app": "x"}}


@pytest.mark.parametrize(
    ("kind", "through"), [("Deployment", True), ("StatefulSet", False), ("ReplicaSet", False)]
)
def test_a_workload_with_its_selector_and_the_labels_its_pods_get(kind: str, through: bool) -> None:
    obj = made(kind, {"replicas": 2, "selector": SELECTOR, "template": TEMPLATE})
    found = workload_of(obj)
    assert found is not None
    assert (str(found.selector), dict(found.labels)) == ("app=x", {"app": "x", "version": "2"})
    assert found.object is obj
    assert dict(pod_labels(obj) or {}) == {"app": "x", "version": "2"}


def test_one_without_labels_has_none() -> None:
    found = workload_of(
        made("Deployment", {"replicas": 1, "selector": SELECTOR, "template": {"metadata": {}}})
    )
    assert found is not None
    assert found.labels == {}


def test_one_that_wants_no_pods_and_has_none_makes_none() -> None:
    spec = {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}
    assert workload_of(made("Deployment", spec)) is None
    assert workload_of(made("Deployment", spec, status={"replicas": 1})) is not None
    assert pod_labels(made("ConfigMap", {})) is None


def test_a_cron_job_tells_the_labels_of_its_jobs() -> None:
    labelled = cron_template_of(made("CronJob", {"jobTemplate": TEMPLATE}))
    bare = cron_template_of(made("CronJob", {}))
    assert labelled is not None
    assert bare is not None
    assert (labelled.labels, bare.labels) == ({"app": "x", "version": "2"}, {})
    assert cron_template_of(made("ConfigMap", {})) is None
