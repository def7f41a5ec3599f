"""What a row says of a node, now that nodes are shown where pods are not ready."""

from typing import Any

import pytest

from callboard.diagnosis.kstatus import object_health
from callboard.model.verdict import Health
from callboard.portal.arranging.arrangement import object_row
from support.kube_objects import kube_object


def node(*conditions: tuple[str, str, str], **spec: Any) -> dict[str, Any]:
    told = [{"type": t, "status": s, "reason": r} for t, s, r in conditions]
    return {"metadata": {"name": "node-1", "uid": "u"}, "spec": spec, "status": {"conditions": told}}


@pytest.mark.parametrize(
    ("document", "said", "health"),
    [
        (node(("DiskPressure", "False", ""), ("Ready", "True", "KubeletReady")), "Ready", Health.HEALTHY),
        (
            node(("Ready", "Unknown", "NodeStatusUnknown")),
            "not Ready: NodeStatusUnknown",
            Health.UNHEALTHY,
        ),
        (
            node(("MemoryPressure", "True", "x"), ("Ready", "True", "KubeletReady"), unschedulable=True),
            "Ready, MemoryPressure, takes no new pods",
            Health.UNHEALTHY,
        ),
        (node(), "", Health.UNKNOWN),
    ],
)
def test_a_node_is_said_with_what_ails_it(document: dict[str, Any], said: str, health: Health) -> None:
    obj = kube_object("Node", document)
    row = object_row("eu-1", obj, object_health(obj))
    assert (row.summary, row.health) == (said, health)
