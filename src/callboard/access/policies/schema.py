"""What policies may speak of, as a Cedar schema. Made of the vocabulary of `model.permission`, so that the two cannot differ."""

from typing import Final

from callboard.model.permission import DONE_TO, Action, ResourceKind

__all__ = ["SCHEMA", "TYPE_OF"]

_ENTITIES: Final = """\
// A person or service, and the groups they are in. An owner is a Group by its ref, a person's own among them.
entity Group;
entity User in [Group] { name: String };
entity Service in [Group] { name: String };

// An entity of the catalog; its labels are tags. Texts that are not there are "".
entity Entity {
  kind: String, namespace: String, name: String, type: String, lifecycle: String, system: String,
  owners: Set<Group>, dependents: Set<Group>, tags: Set<String>
} tags String;

// A cluster; its labels are tags, and environment is the label of that name.
entity Cluster { name: String, environment: String } tags String;

// Callboard itself.
entity Portal;

"""
_PLACE: Final = "{ cluster: Cluster, namespace: String, type: String }"
_APPLIES: Final = {
    ResourceKind.ENTITY: "resource: [Entity], context: {}",
    ResourceKind.OBJECTS: f"resource: [Entity], context: {_PLACE}",
    ResourceKind.CLUSTER: "resource: [Cluster], context: {}",
    ResourceKind.PLACE: "resource: [Cluster], context: { namespace: String, type: String }",
    ResourceKind.PORTAL: "resource: [Portal], context: {}",
}


_TYPES: Final = {
    ResourceKind.ENTITY: "Entity",
    ResourceKind.OBJECTS: "Entity",
    ResourceKind.CLUSTER: "Cluster",
    ResourceKind.PLACE: "Cluster",
    ResourceKind.PORTAL: "Portal",
}
TYPE_OF: Final = {action: next(_TYPES[k] for k in _TYPES if k in DONE_TO[action]) for action in Action}
"""The type of what each action is done to, in Cedar."""


def _action(action: Action) -> str:
    kind = next(k for k in _APPLIES if k in DONE_TO[action])
    return f'action "{action}" appliesTo {{ principal: [User, Service], {_APPLIES[kind]} }};\n'


SCHEMA: Final = _ENTITIES + "".join(map(_action, Action))
"""The whole of it, in Cedar's own syntax. What is done to the objects of a service is done to its Entity, what
is done to objects whatever service they are of to their Cluster; `context` says where:
`type` is the plural in lower case (`pods`, `rollouts.argoproj.io`), `namespace` "" for what lies in none."""
