"""A change in one cluster costs the arranging of that one; what is shown is the same as arranging everything."""

import msgspec
import pytest

from callboard.access.visible import visible
from callboard.model.grants import Grant, Grants
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal import arrangement
from callboard.portal.arrangement import Arranged, arrange
from callboard.portal.views import ClusterPart
from support.kube_objects import cluster, deployment, service

WHOLE = service(cluster("a", deployment()), cluster("b", deployment()), cluster("c"))
SOME = Grants(frozenset({Grant(cluster="a"), Grant(cluster="b")}))


def test_only_what_has_changed_is_arranged(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    real = arrangement.arrange_cluster

    def counting(part: ClusterSnapshot) -> ClusterPart:
        counted.append(part.cluster.name)
        return real(part)

    monkeypatch.setattr(arrangement, "arrange_cluster", counting)
    arranged = Arranged()
    arranged.parts(WHOLE, visible(WHOLE, SOME))
    assert counted == ["a", "b"]
    changed = msgspec.structs.replace(
        WHOLE, clusters=(WHOLE.clusters[0], cluster("b", deployment("other")), WHOLE.clusters[2])
    )
    seen = visible(changed, SOME)
    parts = arranged.parts(changed, seen)
    assert counted == ["a", "b", "b"]
    assert arrange(seen, parts=parts) == arrange(seen)
