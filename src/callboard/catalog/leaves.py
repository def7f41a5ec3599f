"""The leaves of an entity: every path to a plain value, as Backstage's search index flattens it.

Source of the rule: `buildEntitySearch` of Backstage's catalog backend. Arrays are flattened without an index; a string in
an array gives its value under the array's path and also the path `array.value` with true.
"""

from collections.abc import Iterator, Mapping

__all__ = ["Leaf", "case_clashes", "leaves"]

Leaf = tuple[str, object]
"""A path joined by dots, and its plain value: str, bool, int, float or None."""

SKIPPED = frozenset(
    {
        "attachments",
        "relations",
        "status",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.etag",
    }
)
MAX_DEPTH = 100


def leaves(entity: Mapping[str, object]) -> Iterator[Leaf]:
    """All leaves of the entity's own fields; name, namespace and uid, relations and status are somebody else's to add."""
    yield from _visit("", entity, 0)


def _visit(path: str, value: object, depth: int) -> Iterator[Leaf]:
    if path in SKIPPED or depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _visit(f"{path}.{key}" if path else str(key), inner, depth + 1)
    elif isinstance(value, list | tuple):
        seen: set[str] = set()
        for item in value:
            yield from _visit(path, item, depth + 1)
            if isinstance(item, str) and item.lower() not in seen:
                seen.add(item.lower())
                yield f"{path}.{item}", True
    else:
        yield path, value


def case_clashes(entity: Mapping[str, object]) -> list[tuple[str, str]]:
    """Pairs of leaf paths that differ by case only; Backstage refuses an entity that has any."""
    first: dict[str, str] = {}
    clashes: list[tuple[str, str]] = []
    for path, _ in leaves(entity):
        before = first.setdefault(path.lower(), path)
        if before != path and (before, path) not in clashes:
            clashes.append((before, path))
    return clashes
