"""The entity kinds of Backstage's catalog model, as one table: what `spec` holds and which relations it makes.

Source: Backstage's `packages/catalog-model/src/kinds` (schemas) and `BuiltinKindsEntityProcessor` (relations). Validation
and relations both read this table, so that they cannot disagree.
"""

from enum import Enum
from typing import Final

import msgspec

__all__ = ["KINDS", "Field", "Form", "Kind", "Link", "kind_of"]


class Form(Enum):
    """What a field of `spec` must be."""

    TEXT = "a non-empty string"
    TEXTS = "a list of non-empty strings"
    TEXT_OR_TEXTS = "a non-empty string or a list of them"
    OBJECT = "an object"
    OBJECTS = "a list of objects"
    OBJECT_OR_OBJECTS = "an object or a list of objects"


class Link(msgspec.Struct, frozen=True):
    """The relation a field makes: `forward` on the entity itself, `backward` on the one it names.

    `default_kind` completes a reference without kind; empty means that the kind must be written.
    """

    forward: str
    backward: str
    default_kind: str = ""


class Field(msgspec.Struct, frozen=True):
    """One field of `spec`. `choices` are the only values allowed, where there are any."""

    name: str
    form: Form = Form.TEXT
    required: bool = False
    link: Link | None = None
    choices: tuple[str, ...] = ()
    fields: "tuple[Field, ...]" = ()
    """The known fields of an object, or of each object of a list."""
    least: int = 0
    """How many items a list must have."""


class Kind(msgspec.Struct, frozen=True):
    """One kind, under the API versions it is accepted in. Fields that are not named are let through."""

    kind: str
    fields: tuple[Field, ...]
    api_versions: tuple[str, ...] = ("backstage.io/v1alpha1", "backstage.io/v1beta1")


OWNED: Final = Link("ownedBy", "ownerOf", "Group")
DEPENDS: Final = Link("dependsOn", "dependencyOf")
DEPENDED: Final = Link("dependencyOf", "dependsOn")

TYPE: Final = Field("type", required=True)
OPTIONAL_TYPE: Final = Field("type")
LIFECYCLE: Final = Field("lifecycle", required=True)
OWNER: Final = Field("owner", required=True, link=OWNED)
SYSTEM: Final = Field("system", link=Link("partOf", "hasPart", "System"))
DEPENDS_ON: Final = Field("dependsOn", Form.TEXTS, link=DEPENDS)
DEPENDENCY_OF: Final = Field("dependencyOf", Form.TEXT_OR_TEXTS, link=DEPENDED)
"""Upstream's schemas do not know it; its relations take one string as well."""
PROFILE: Final = Field(
    "profile", Form.OBJECT, fields=(Field("displayName"), Field("email"), Field("picture"))
)

COMPONENT: Final = Kind(
    "Component",
    (
        TYPE,
        LIFECYCLE,
        OWNER,
        SYSTEM,
        Field("subcomponentOf", link=Link("partOf", "hasPart", "Component")),
        Field("providesApis", Form.TEXTS, link=Link("providesApi", "apiProvidedBy", "API")),
        Field("consumesApis", Form.TEXTS, link=Link("consumesApi", "apiConsumedBy", "API")),
        DEPENDS_ON,
        DEPENDENCY_OF,
    ),
)
API: Final = Kind("API", (TYPE, LIFECYCLE, OWNER, SYSTEM, Field("definition", required=True)))
REMOTES: Final = Field(
    "remotes", Form.OBJECTS, required=True, fields=(TYPE, Field("url", required=True)), least=1
)
MCP_SERVER: Final = Kind("API", (TYPE, LIFECYCLE, OWNER, SYSTEM, REMOTES))
"""An API whose `spec.type` is `mcp-server` names its remotes instead of carrying a definition."""

RESOURCE: Final = Kind("Resource", (TYPE, OWNER, SYSTEM, DEPENDS_ON, DEPENDENCY_OF))
SYSTEM_KIND: Final = Kind(
    "System", (OWNER, Field("domain", link=Link("partOf", "hasPart", "Domain")), OPTIONAL_TYPE)
)
DOMAIN: Final = Kind(
    "Domain", (OWNER, Field("subdomainOf", link=Link("partOf", "hasPart", "Domain")), OPTIONAL_TYPE)
)
GROUP: Final = Kind(
    "Group",
    (
        TYPE,
        Field("children", Form.TEXTS, required=True, link=Link("parentOf", "childOf", "Group")),
        Field("parent", link=Link("childOf", "parentOf", "Group")),
        Field("members", Form.TEXTS, link=Link("hasMember", "memberOf", "User")),
        PROFILE,
    ),
)
USER: Final = Kind(
    "User",
    (Field("memberOf", Form.TEXTS, required=True, link=Link("memberOf", "hasMember", "Group")), PROFILE),
)
LOCATION: Final = Kind(
    "Location",
    (
        OPTIONAL_TYPE,
        Field("target"),
        Field("targets", Form.TEXTS),
        Field("presence", choices=("required", "optional")),
    ),
)
TEMPLATE: Final = Kind(
    "Template",
    (
        TYPE,
        Field("steps", Form.OBJECTS, required=True, fields=(Field("action", required=True),)),
        Field("owner", link=OWNED),
        Field("parameters", Form.OBJECT_OR_OBJECTS),
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
