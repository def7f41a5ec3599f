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


STATUS = "/apis/apps/v1/namespaces/games/deployments/dice-roller"


@pytest.mark.parametrize(
    "status",
    [
        {"conditions": [{"type": "Available", "status": "True"}]},
        {"conditions": [{"type": "Progressing", "status": "True", "lastUpdateTime": "tomorrow"}]},
        {"conditions": ["Available"]},
        {"conditions": {"Available": "True"}},
        {"replicas": "many", "conditions": None},
    ],
    ids=str,
)
async def test_an_odd_status_costs_the_simulator_nothing_else(client: Any, status: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    answer, _ = await client.ask(f"{STATUS}/status", "PATCH", body={"status": status}, headers=headers)
    assert answer in (200, 400)
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    code, shown = await client.ask("/apis/apps/v1/namespaces/games/deployments", headers=accept)
    assert code == 200
    assert any(row["cells"][0] == "dice-roller" for row in shown["rows"])
    assert (await client.ask(PODS))[0] == 200


@pytest.mark.parametrize(
    "spec",
    [
        {"schedule": "* * * * *", "jobTemplate": {"spec": "x"}},
        {"schedule": "* * * * *", "jobTemplate": "x"},
        {"schedule": 5, "jobTemplate": [1]},
    ],
    ids=str,
)
async def test_a_spec_of_another_type_is_refused_with_a_status(client: Any, spec: dict[str, Any]) -> None:
    body = {"metadata": {"name": "odd"}, "spec": spec}
    status, answer = await client.ask("/apis/batch/v1/namespaces/games/cronjobs", "POST", body=body)
    assert (status, answer["reason"]) == (400, "BadRequest")
    assert "CronJob" in answer["message"]


async def test_what_a_controller_cannot_act_on_does_not_keep_it_from_the_others(client: Any) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    odd = {
        "status": {"conditions": [{"type": "Failed", "status": "True"}], "succeeded": {"a": 1}, "failed": {}}
    }
    made = {
        "metadata": {"name": "odd"},
        "spec": {
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "r/a:1"}]}}
        },
    }
    jobs = "/apis/batch/v1/namespaces/games/jobs"
    assert (await client.ask(jobs, "POST", body=made))[0] == 201
    await client.ask(f"{jobs}/odd/status", "PATCH", body=odd, headers=headers)
    made["metadata"] = {"name": "plain"}
    assert (await client.ask(jobs, "POST", body=made))[0] == 201
    _, plain = await client.ask(f"{jobs}/plain")
    assert plain["status"]["active"] == 1


async def test_a_cron_job_that_ran_an_age_ago_is_started_for_the_last_time_it_was_due(client: Any) -> None:
    """Nobody walks through two thousand years of minutes."""
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "r/a:1"}]}}
    made = {
        "metadata": {"name": "minutely"},
        "spec": {"schedule": "* * * * *", "suspend": True, "jobTemplate": {"spec": {"template": template}}},
    }
    crons = "/apis/batch/v1/namespaces/games/cronjobs"
    headers = {"Content-Type": "application/merge-patch+json"}
    assert (await client.ask(crons, "POST", body=made))[0] == 201
    last = {"status": {"lastScheduleTime": "0001-01-01T00:00:00Z"}}
    await client.ask(f"{crons}/minutely/status", "PATCH", body=last, headers=headers)
    await client.ask(f"{crons}/minutely", "PATCH", body={"spec": {"suspend": False}}, headers=headers)
    _, jobs = await client.ask("/apis/batch/v1/namespaces/games/jobs")
    assert [j["metadata"]["name"].split("-")[0] for j in jobs["items"]].count("minutely") == 1
