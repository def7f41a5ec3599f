"""Entities and entity refs, as Backstage's catalog model defines them."""

from typing import Any

import msgspec

from callboard.base.errors import UsageError

__all__ = [
    "ID_ANNOTATION",
    "SELECTOR_ANNOTATION",
    "Entity",
    "EntityLink",
    "EntityMeta",
    "EntityRef",
    "EntityStatusItem",
    "Relation",
]


ID_ANNOTATION = "backstage.io/kubernetes-id"
SELECTOR_ANNOTATION = "backstage.io/kubernetes-label-selector"


class EntityRef(msgspec.Struct, frozen=True, order=True):
    """A canonical reference: all three parts lower-case, as Backstage compares them. `str()` gives `kind:namespace/name`."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, kind: str, namespace: str, name: str) -> "EntityRef":
        """Make a canonical reference out of parts in any case."""
        return cls(kind.lower(), namespace.lower(), name.lower())

    @classmethod
    def parse(cls, text: str, *, default_kind: str = "", default_namespace: str = "default") -> "EntityRef":
        """Read `[kind:][namespace/]name`.

        The first `:` ends the kind unless a `/` comes before it (Backstage's parseEntityRef).
        Raises UsageError when a part is empty, or the kind is missing and there is no default.
        """
        kind, namespace, name = default_kind, default_namespace, text.strip()
        colon, slash = name.find(":"), name.find("/")
        if colon != -1 and (slash == -1 or colon < slash):
            kind, name = name[:colon], name[colon + 1 :]
            slash = name.find("/")
        if slash != -1:
            namespace, name = name[:slash], name[slash + 1 :]
        if not kind or not namespace or not name:
            raise UsageError(
                f"{text!r} is not an entity reference; write kind:namespace/name, for example component:default/dice-roller",
                code="bad-entity-ref",
            )
        return cls.of(kind, namespace, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"


class EntityLink(msgspec.Struct, frozen=True):
    """One of `metadata.links`. The URL is foreign text: faces allow http and https only."""

    url: str
    title: str = ""
    icon: str = ""
    type: str = ""


class Relation(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """One direction of a relation. `target_ref` is a canonical entity ref; its entity need not exist."""

    type: str
    target_ref: str


class EntityStatusItem(msgspec.Struct, frozen=True):
    """Something the catalog has to say about an entity, e.g. that its file broke and the last good state is shown."""

    type: str
    level: str
    message: str


class EntityMeta(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`metadata` of an entity. `namespace` is always set; `uid` and `etag` come from the catalog."""

    name: str
    namespace: str = "default"
    uid: str = ""
    etag: str = ""
    title: str = ""
    description: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    links: tuple[EntityLink, ...] = ()


class Entity(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A catalog item in the Backstage model, after processing. Kinds keep the case their file has."""

    api_version: str
    kind: str
    metadata: EntityMeta
    spec: dict[str, Any] = {}
    relations: tuple[Relation, ...] = ()
    status: tuple[EntityStatusItem, ...] = ()

    @property
    def ref(self) -> EntityRef:
        return EntityRef.of(self.kind, self.metadata.namespace, self.metadata.name)

    @property
    def title(self) -> str:
        """What to call it on screen."""
        return self.metadata.title or self.metadata.name

    @property
    def runs_on_kubernetes(self) -> bool:
        """Whether a health is to be expected: of every Component, and of whatever else carries one of the two annotations.

        A Group or System of the same name as a service is not that service.
        """
        marked = self.annotation(ID_ANNOTATION) or self.annotation(SELECTOR_ANNOTATION)
        return self.kind.lower() == "component" or bool(marked)

    def annotation(self, key: str) -> str:
        """The annotation's value without blanks around it, or "" when absent."""
        return self.metadata.annotations.get(key, "").strip()

    def spec_text(self, key: str) -> str:
        """A string of `spec`, or "" when it is absent or not a string."""
        value = self.spec.get(key)
        return value if isinstance(value, str) else ""

    def related(self, relation_type: str) -> tuple[EntityRef, ...]:
        """The refs this entity points to by one type of relation."""
        return tuple(EntityRef.parse(r.target_ref) for r in self.relations if r.type == relation_type)
