"""What to ask one cluster for an entity. Pure: an entity, settings and custom resources in, a selection and notices out.

The annotations are Backstage's: `backstage.io/kubernetes-id`, `-label-selector`, `-namespace` (here several namespaces,
separated by commas); `-cluster` belongs to the `singleTenant` locator.
"""

import re
from collections.abc import Sequence

import msgspec

from callboard.base.errors import UsageError
from callboard.base.settings import KubernetesSettings
from callboard.model.entity import ID_ANNOTATION, SELECTOR_ANNOTATION, Entity
from callboard.model.notice import NoticeCode
from callboard.model.resource import ALL_OBJECT_TYPES, DEFAULT_OBJECT_TYPES, ResourceType
from callboard.model.selection import Selection
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import Notice

__all__ = [
    "ID_ANNOTATION",
    "NAMESPACE_ANNOTATION",
    "SELECTOR_ANNOTATION",
    "Chosen",
    "cluster_scoped",
    "namespaces_of",
    "select",
    "selector_of",
    "types_of",
]

NAMESPACE_ANNOTATION = "backstage.io/kubernetes-namespace"
ID_LABEL = "backstage.io/kubernetes-id"

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123 label, as Kubernetes wants the names of namespaces."""


class Chosen(msgspec.Struct, frozen=True):
    """What to ask, and what a person should know about how that came to be."""

    selection: Selection
    notices: tuple[Notice, ...] = ()


def selector_of(entity: Entity) -> LabelSelector:
    """The label selector: the annotation's own, else `backstage.io/kubernetes-id=<id annotation, else metadata.name>`.

    Raises UsageError that names the annotation and what is wrong with it.
    """
    text = entity.annotation(SELECTOR_ANNOTATION)
    if text:
        try:
            selector = LabelSelector.parse(text)
        except UsageError as error:
            raise UsageError(f"annotation {SELECTOR_ANNOTATION}: {error.message}", code=error.code) from None
        if not selector.requirements:
            raise UsageError(f"annotation {SELECTOR_ANNOTATION} selects everything", code="bad-selector")
        return selector
    value = entity.annotation(ID_ANNOTATION)
    try:
        return LabelSelector.equals(ID_LABEL, value or entity.metadata.name)
    except UsageError:
        place = f"annotation {ID_ANNOTATION}" if value else "metadata.name"
        shown = (value or entity.metadata.name)[:100]
        raise UsageError(
            f"{place}: {shown!r} cannot be the value of a label (at most 63 letters, digits, '-', '_' and '.', "
            f"beginning and ending with a letter or digit), so nothing can carry it; "
            f"set {ID_ANNOTATION} or {SELECTOR_ANNOTATION}",
            code="bad-selector",
        ) from None


def namespaces_of(entity: Entity) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """The namespaces to ask in, in the order written, without repeats; none means all of them.

    A name that no namespace can have is left out with a notice. Raises UsageError when none is left: asking everywhere
    instead would show what the annotation was written to leave out.
    """
    text = entity.annotation(NAMESPACE_ANNOTATION)
    if not text:
        return (), ()
    written = list(dict.fromkeys(p for p in (part.strip() for part in text.split(",")) if p))
    valid = tuple(n for n in written if _NAMESPACE.fullmatch(n))
    if not valid:
        raise UsageError(
            f"annotation {NAMESPACE_ANNOTATION}: {text[:100]!r} names no namespace; write one name or several "
            f"separated by commas, each of lower-case letters, digits and '-'",
            code="bad-namespace",
        )
    return valid, tuple(
        Notice(
            NoticeCode.BAD_NAMESPACE,
            f"annotation {NAMESPACE_ANNOTATION}: {n[:100]!r} cannot be the name of a namespace and was not asked for",
        )
        for n in written
        if n not in valid
    )


def types_of(kubernetes: KubernetesSettings) -> tuple[ResourceType, ...]:
    """The built-in types to ask for: `objectTypes` in upstream's order, else the default ones, with `apiVersionOverrides`
    (a version without group; as upstream it has no effect on custom resources)."""
    wanted = kubernetes.object_types
    chosen = (
        DEFAULT_OBJECT_TYPES if wanted is None else tuple(t for t in ALL_OBJECT_TYPES if t.plural in wanted)
    )
    overrides = kubernetes.api_version_overrides
    return tuple(
        msgspec.structs.replace(t, version=overrides[t.plural]) if overrides.get(t.plural) else t
        for t in chosen
    )


def select(
    entity: Entity, cluster: str, kubernetes: KubernetesSettings, custom: Sequence[ResourceType] = ()
) -> Chosen:
    """What to ask the cluster of that name. `custom` are its custom resources, merged already.

    With namespaces, types known to be cluster-scoped are left out, with a notice. Raises UsageError as `selector_of` and
    `namespaces_of` do.
    """
    selector = selector_of(entity)
    namespaces, notices = namespaces_of(entity)
    built_in = types_of(kubernetes)
    taken = {t.key for t in built_in}
    types = (*built_in, *(t for t in custom if t.key not in taken))
    told = list(notices)
    if namespaces:
        left_out = [t for t in types if t.namespaced is False]
        types = tuple(t for t in types if t.namespaced is not False)
        told += [cluster_scoped(t, cluster) for t in left_out]
    return Chosen(Selection(types, selector, namespaces), tuple(told))


def cluster_scoped(resource: ResourceType, cluster: str) -> Notice:
    """Why a type was left out of a selection with namespaces."""
    return Notice(
        NoticeCode.CLUSTER_SCOPED,
        f"{resource.title} belongs to no namespace, so it was not asked for: the entity names namespaces",
        cluster=cluster,
    )
