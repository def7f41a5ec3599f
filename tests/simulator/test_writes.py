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
