"""The services of a list in groups, each service in every group that it belongs to. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from callboard.model.entity import Entity, EntityRef
from callboard.portal.protocol import ListGrouping
from callboard.portal.views import GroupCount

__all__ = ["OF_CATALOG", "Entry", "group_counts", "in_groups", "said_in_catalog"]

Entry = tuple[str, EntityRef]
"""A group's value, "" for those that have none, and a service in it."""
OF_CATALOG = frozenset({ListGrouping.OWNER, ListGrouping.SYSTEM})
"""Groupings that need nothing but what the catalog says."""


Unhealthy = Callable[[str, EntityRef], bool]
"""Whether a service is unhealthy in a group: where groups are places, there."""


def in_groups(
    refs: Sequence[EntityRef],
    values_of: Callable[[EntityRef], Collection[str]],
    *,
    by_name: bool,
    unhealthy: Unhealthy | None,
) -> tuple[Entry, ...]:
    """The services by group: by name; or what is unhealthy in a group first, groups that have any before the others, else as
    their first services stand. Those without a group are last. What is alike keeps its order."""
    found: dict[str, list[EntityRef]] = {}
    for ref in refs:
        for value in values_of(ref) or ("",):
            found.setdefault(value, []).append(ref)
    names = sorted(found) if by_name else list(found)
    if unhealthy is not None and not by_name:
        found = {name: sorted(each, key=lambda ref: not unhealthy(name, ref)) for name, each in found.items()}
        names.sort(key=lambda name: not unhealthy(name, found[name][0]))
    names.sort(key=lambda name: name == "")
    return tuple((name, ref) for name in names for ref in found[name])


def group_counts(entries: Iterable[Entry], unhealthy: Unhealthy | None) -> tuple[GroupCount, ...]:
    """How many services each group has, in their order, and how many of those are unhealthy where that may be told."""
    counts: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for value, ref in entries:
        counts[value] += 1
        bad[value] += unhealthy is not None and unhealthy(value, ref)
    return tuple(
        GroupCount(value, number, None if unhealthy is None else bad[value])
        for value, number in counts.items()
    )


def said_in_catalog(entity: Entity | None, group: ListGrouping) -> tuple[str, ...]:
    """The groups of one of `OF_CATALOG`, as refs."""
    if entity is None:
        return ()
    if group is ListGrouping.OWNER:
        return tuple(map(str, entity.related("ownedBy")))
    return tuple(str(ref) for ref in entity.related("partOf") if ref.kind == "system")
