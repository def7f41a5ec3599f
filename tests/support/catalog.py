"""Catalog files to test with."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from callboard.base.clock import Clock
from callboard.base.settings import (
    CatalogLocation,
    CatalogReadingSettings,
    CatalogRule,
    CatalogSettings,
    RuleAllow,
)
from callboard.catalog import Catalog, Fetch, Store
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from support.databases import open_tables

ME = Caller.loopback()
EVERY_KIND = CatalogRule(
    allow=tuple(
        RuleAllow(kind=kind)
        for kind in (
            "Component",
            "API",
            "Resource",
            "System",
            "Domain",
            "Group",
            "User",
            "Location",
            "Template",
        )
    )
)

SPECS: dict[str, dict[str, object]] = {
    "Component": {"type": "service", "lifecycle": "production", "owner": "team-a"},
    "API": {"type": "openapi", "lifecycle": "production", "owner": "team-a", "definition": "openapi: 3.1.0"},
    "Resource": {"type": "database", "owner": "team-a"},
    "System": {"owner": "team-a"},
    "Domain": {"owner": "team-a"},
    "Group": {"type": "team", "children": []},
    "User": {"memberOf": []},
    "Location": {},
    "Template": {"type": "service", "steps": []},
}


def entity(kind: str, name: str, *, metadata: Any = None, **spec: Any) -> dict[str, Any]:
    """A valid entity, with fields of `spec` set or (None) left out."""
    whole = {k: v for k, v in {**SPECS[kind], **spec}.items() if v is not None}
    version = "scaffolder.backstage.io/v1beta3" if kind == "Template" else "backstage.io/v1alpha1"
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **(metadata or {})},
        "spec": whole,
    }


def dump(*entities: dict[str, object]) -> str:
    """One YAML stream (JSON is YAML) of several documents, each beginning on a line of its own."""
    return "".join(f"---\n{json.dumps(each)}\n" for each in entities)


def write(path: Path, *entities: dict[str, object] | str) -> Path:
    """A catalog file of entities or text as it stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(each if isinstance(each, str) else dump(each) for each in entities))
    return path


def settings(
    *targets: str | CatalogLocation, rules: Sequence[CatalogRule] = (EVERY_KIND,), interval: float = 150.0
) -> CatalogSettings:
    """Settings that name `file` targets (or URLs)."""
    return CatalogSettings(
        locations=tuple(
            t
            if isinstance(t, CatalogLocation)
            else CatalogLocation(type="url" if "://" in t else "file", target=t)
            for t in targets
        ),
        rules=tuple(rules),
        processing_interval=interval,
    )


@asynccontextmanager
async def opened(
    directory: Path,
    configured: CatalogSettings,
    *,
    file: str = ":memory:",
    fetch: Fetch | None = None,
    reading: CatalogReadingSettings | None = None,
    clock: Clock | None = None,
    assumed: bool = False,
) -> AsyncIterator[Catalog]:
    """A catalog on a store of its own; refreshing is the test's."""
    database = open_tables(file)
    try:
        store = Store(database)
        await store.start()
        yield Catalog(
            configured, store, directory=directory, fetch=fetch, reading=reading, clock=clock, assumed=assumed
        )
    finally:
        await database.close()


async def get(catalog: Catalog, ref: str) -> Entity:
    """An entity that must be there."""
    found = await catalog.entity(EntityRef.parse(ref), ME)
    assert found is not None, f"{ref} is not in the catalog"
    return found


async def has(catalog: Catalog, ref: str) -> bool:
    """Whether there is such an entity."""
    return await catalog.entity(EntityRef.parse(ref), ME) is not None
