"""The entity kinds of Backstage's catalog model, as one table: what `spec` holds and which relations it makes.

Source: Backstage's `packages/catalog-model/src/kinds` (schemas) and `BuiltinKindsEntityProcessor` (relations). Validation
and relations both read this table, so that they cannot disagree.
"""

from enum import Enum
from typing import Final

import msgspec

__all__ = ["KINDS", "FieldRelation", "Form", "Kind", "SpecField", "kind_of"]


class Form(Enum):
    """What a field of `spec` must be."""

    TEXT = "a non-empty string"
    TEXTS = "a list of non-empty strings"
    TEXT_OR_TEXTS = "a non-empty string or a list of them"
    OBJECT = "an object"
    OBJECTS = "a list of objects"
    OBJECT_OR_OBJECTS = "an object or a list of objects"


class FieldRelation(msgspec.Struct, frozen=True):
    """The relation a field makes: `forward` on the entity itself, `backward` on the one it names.

    `default_kind` completes a reference without kind; empty means that the kind must be written.
    """

    forward: str
    backward: str
    default_kind: str = ""


class SpecField(msgspec.Struct, frozen=True):
    """One field of `spec`. `choices` are the only values allowed, where there are any."""

    name: str
    form: Form = Form.TEXT
    required: bool = False
    link: FieldRelation | None = None
    choices: tuple[str, ...] = ()
    fields: "tuple[SpecField, ...]" = ()
    """The known fields of an object, or of each object of a list."""
    least: int = 0
    """How many items a list must have."""


class Kind(msgspec.Struct, frozen=True):
    """One kind, under the API versions it is accepted in. Fields that are not named are let through."""

    kind: str
    fields: tuple[SpecField, ...]
    api_versions: tuple[str, ...] = ("backstage.io/v1alpha1", "backstage.io/v1beta1")


OWNED: Final = FieldRelation("ownedBy", "ownerOf", "Group")
DEPENDS: Final = FieldRelation("dependsOn", "dependencyOf")
DEPENDED: Final = FieldRelation("dependencyOf", "dependsOn")

TYPE: Final = SpecField("type", required=True)
OPTIONAL_TYPE: Final = SpecField("type")
LIFECYCLE: Final = SpecField("lifecycle", required=True)
OWNER: Final = SpecField("owner", required=True, link=OWNED)
SYSTEM: Final = SpecField("system", link=FieldRelation("partOf", "hasPart", "System"))
DEPENDS_ON: Final = SpecField("dependsOn", Form.TEXTS, link=DEPENDS)
DEPENDENCY_OF: Final = SpecField("dependencyOf", Form.TEXT_OR_TEXTS, link=DEPENDED)
"""Upstream's schemas do not know it; its relations take one string as well."""
PROFILE: Final = SpecField(
    "profile", Form.OBJECT, fields=(SpecField("displayName"), SpecField("email"), SpecField("picture"))
)

COMPONENT: Final = Kind(
    "Component",
    (
        TYPE,
        LIFECYCLE,
        OWNER,
        SYSTEM,
        SpecField("subcomponentOf", link=FieldRelation("partOf", "hasPart", "Component")),
        SpecField("providesApis", Form.TEXTS, link=FieldRelation("providesApi", "apiProvidedBy", "API")),
        SpecField("consumesApis", Form.TEXTS, link=FieldRelation("consumesApi", "apiConsumedBy", "API")),
        DEPENDS_ON,
        DEPENDENCY_OF,
    ),
)
API: Final = Kind("API", (TYPE, LIFECYCLE, OWNER, SYSTEM, SpecField("definition", required=True)))
REMOTES: Final = SpecField(
    "remotes", Form.OBJECTS, required=True, fields=(TYPE, SpecField("url", required=True)), least=1
)
MCP_SERVER: Final = Kind("API", (TYPE, LIFECYCLE, OWNER, SYSTEM, REMOTES))
"""An API whose `spec.type` is `mcp-server` names its remotes instead of carrying a definition."""

RESOURCE: Final = Kind("Resource", (TYPE, OWNER, SYSTEM, DEPENDS_ON, DEPENDENCY_OF))
SYSTEM_KIND: Final = Kind(
    "System", (OWNER, SpecField("domain", link=FieldRelation("partOf", "hasPart", "Domain")), OPTIONAL_TYPE)
)
DOMAIN: Final = Kind(
    "Domain",
    (OWNER, SpecField("subdomainOf", link=FieldRelation("partOf", "hasPart", "Domain")), OPTIONAL_TYPE),
)
GROUP: Final = Kind(
    "Group",
    (
        TYPE,
        SpecField("children", Form.TEXTS, required=True, link=FieldRelation("parentOf", "childOf", "Group")),
        SpecField("parent", link=FieldRelation("childOf", "parentOf", "Group")),
        SpecField("members", Form.TEXTS, link=FieldRelation("hasMember", "memberOf", "User")),
        PROFILE,
    ),
)
USER: Final = Kind(
    "User",
    (
        SpecField(
            "memberOf", Form.TEXTS, required=True, link=FieldRelation("memberOf", "hasMember", "Group")
        ),
        PROFILE,
    ),
)
LOCATION: Final = Kind(
    "Location",
    (
        OPTIONAL_TYPE,
        SpecField("target"),
        SpecField("targets", Form.TEXTS),
        SpecField("presence", choices=("required", "optional")),
    ),
)
TEMPLATE: Final = Kind(
    "Template",
    (
        TYPE,
        SpecField("steps", Form.OBJECTS, required=True, fields=(SpecField("action", required=True),)),
        SpecField("owner", link=OWNED),
        SpecField("parameters", Form.OBJECT_OR_OBJECTS),
    ),
    api_versions=("scaffolder.backstage.io/v1beta3",),
)

KINDS: Final = (COMPONENT, API, RESOURCE, SYSTEM_KIND, DOMAIN, GROUP, USER, LOCATION, TEMPLATE)


def kind_of(api_version: str, kind: str, spec_type: object = None) -> Kind | None:
    """The kind that claims an entity, or None. Case matters, as upstream: `component` is nobody's."""
    for known in KINDS:
        if known.kind == kind and api_version in known.api_versions:
            return MCP_SERVER if known is API and spec_type == "mcp-server" else known
    return None
