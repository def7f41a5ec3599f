"""An entity and a cluster to call a part with."""

from collections.abc import Mapping

from callboard.model.cluster import Cluster
from callboard.model.entity import ID_ANNOTATION, Entity, EntityMeta

__all__ = ["sample_cluster", "sample_entity"]


def sample_entity(
    name: str = "dice-roller",
    *,
    kind: str = "Component",
    namespace: str = "default",
    annotations: Mapping[str, str] | None = None,
    spec: Mapping[str, object] | None = None,
) -> Entity:
    """A service as the catalog gives it; without `annotations` it runs on Kubernetes under its own name."""
    metadata = EntityMeta(
        name=name,
        namespace=namespace,
        annotations=dict(annotations) if annotations is not None else {ID_ANNOTATION: name},
    )
    given = {"type": "service", "lifecycle": "production", "owner": "group:default/team", **(spec or {})}
    return Entity(api_version="backstage.io/v1alpha1", kind=kind, metadata=metadata, spec=given)


def sample_cluster(name: str = "eu", *, url: str = "", **auth_metadata: str) -> Cluster:
    """A cluster that nobody runs; `auth_metadata` is what its auth strategy reads."""
    return Cluster(
        name=name,
        url=url or f"https://{name}.example.invalid",
        auth_metadata=dict(auth_metadata),
        source="a test",
    )
