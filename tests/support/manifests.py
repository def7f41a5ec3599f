"""Clusters' parts out of files of manifests, with all that was written in them: what diagnosis is tried on."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from callboard.model.objects import KubeObject
from callboard.model.outcome import Purpose
from callboard.model.resource import EVENTS, NODES, ResourceType
from callboard.model.snapshot import ClusterSnapshot
from support.kube_objects import TYPES, cluster, kube_object, outcomes

__all__ = ["made", "part_of", "read"]

_REFERENCES = (EVENTS.key, NODES.key, "resourcequotas")


def made(document: dict[str, Any]) -> KubeObject:
    """An object of a manifest; of a type that is not built in, too."""
    kind = document["kind"]
    if kind in TYPES:
        return kube_object(kind, document)
    group, _, version = document["apiVersion"].rpartition("/")
    return kube_object(kind, document, type_=ResourceType(group, version, f"{kind.lower()}s", kind, True))


def read(path: Path) -> list[dict[str, Any]]:
    """The documents of a file."""
    documents = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return [msgspec.json.decode(msgspec.json.encode(d)) for d in documents if d]


def part_of(
    documents: Iterable[dict[str, Any]], now: datetime | None, *, name: str = "a", selector: str = ""
) -> ClusterSnapshot:
    """A cluster's part in which everything was selected but events, nodes and quotas, which came by reference, and, where a
    `selector` is given, what does not carry that `backstage.io/kubernetes-id`."""
    objects = [made(d) for d in documents]
    chosen = [
        o
        for o in objects
        if o.type.key not in _REFERENCES
        and (not selector or o.meta.label("backstage.io/kubernetes-id") == selector)
    ]
    rest = [o for o in objects if o.type.key in _REFERENCES]
    references = outcomes(*rest, purpose=Purpose.REFERENCE)
    return msgspec.structs.replace(cluster(name, *chosen, references=references), as_of=now)
