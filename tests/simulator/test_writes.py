"""Writes that an API server would not take are refused, with a Status that says why."""

from typing import Any

import pytest

PODS = "/api/v1/namespaces/games/pods"


@pytest.mark.parametrize("amount", ["banana", "1 Gi", "", "nan"])
async def test_what_is_no_quantity_is_refused_with_a_status(client: Any, amount: str) -> None:
    container = {"name": "a", "image": "b", "resources": {"requests": {"cpu": amount}}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {"containers": [container]},
    }
    status, told = await client.ask(PODS, "POST", body=pod)
    assert (status, told["reason"], "quantities must match" in told["message"]) == (400, "BadRequest", True)


@pytest.mark.parametrize(
    ("plural", "body", "told"),
    [
        (
            "configmaps",
            {"metadata": {"name": 5}},
            "number into Go struct field ConfigMap.metadata.name of type string",
        ),
        (
            "configmaps",
            {"metadata": {"name": "x", "labels": ["a"]}},
            "array into Go struct field ConfigMap.metadata.labels",
        ),
        ("configmaps", {"metadata": {"name": "x", "labels": {"a": 1}}}, "number into Go struct field"),
        ("pods", {"metadata": {"name": "x"}, "spec": 5}, "number into Go struct field Pod.spec"),
        (
            "pods",
            {"metadata": {"name": "x"}, "spec": {"containers": {}}},
            "object into Go struct field Pod.spec.containers",
        ),
        (
            "pods",
            {"metadata": {"name": "x"}, "spec": {"containers": ["a"]}},
            "string into Go struct field Pod.spec.containers",
        ),
        ("services", {"metadata": "x"}, "metadata"),
    ],
)
async def test_fields_of_another_type_are_refused_with_a_status(
    client: Any, plural: str, body: dict[str, Any], told: str
) -> None:
    status, answer = await client.ask(f"/api/v1/namespaces/games/{plural}", "POST", body=body)
    assert (status, answer["reason"], told in answer["message"]) == (400, "BadRequest", True), answer
    assert (await client.ask(PODS))[0] == 200


async def test_a_patch_to_another_type_is_refused_and_changes_nothing(client: Any) -> None:
    path = "/apis/apps/v1/namespaces/games/deployments/dice-roller"
    headers = {"Content-Type": "application/merge-patch+json"}
    status, answer = await client.ask(path, "PATCH", body={"spec": {"replicas": "x"}}, headers=headers)
    assert (status, answer["reason"]) == (400, "BadRequest")
    _, after = await client.ask(path)
    assert after["spec"]["replicas"] == 3
