"""Policies, people and a small company for tests of permissions."""

from pathlib import Path
from typing import Final

from callboard.access.policies.engine import PolicyEngine
from callboard.access.policies.policies import Policies, load
from callboard.access.policies.source import PolicySource, sources_of
from callboard.base.settings import PoliciesSettings
from callboard.catalog.directory import CatalogDirectory
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts, EntityFacts

__all__ = ["CLUSTERS", "COMPANY", "engine", "facts", "person", "policies", "ready", "service"]


def policies(*texts: str) -> Policies:
    """Loaded; the first text is called `a.cedar`, the second `b.cedar` …"""
    return load([PolicySource(f"{chr(97 + n)}.cedar", text) for n, text in enumerate(texts)])


def ready(name: str, admins: tuple[str, ...] = ()) -> Policies:
    """One of those that come with Callboard."""
    return load(sources_of(PoliciesSettings(ready=name, admins=admins), Path.cwd()))  # type: ignore[arg-type]


def person(name: str, *groups: str) -> Caller:
    """Signed in, with groups by name."""
    return Caller(
        kind=CallerKind.PERSON,
        subject=f"user:default/{name}",
        groups=tuple(f"group:default/{group}" for group in groups),
    )


def service(*may: str) -> Caller:
    """By a token of ours."""
    return Caller(kind=CallerKind.SERVICE, subject="ci", may=frozenset(may))


def facts(name: str, owner: str = "", kind: str = "component", **more: object) -> EntityFacts:
    """Of an entity in the namespace `default` that a group of that name owns."""
    owners = frozenset({f"group:default/{owner}"} if owner else set())
    return EntityFacts(ref=EntityRef(kind, "default", name), owners=owners, **more)  # type: ignore[arg-type]


CLUSTERS: Final = {
    name: ClusterFacts(name=name, labels=labels)
    for name, labels in {
        "eu": {"environment": "production", "region": "eu"},
        "lab": {"environment": "staging"},
        "old": {},
    }.items()
}

COMPANY: Final = CatalogDirectory(
    {
        each.ref: each
        for each in (
            facts("shop", "web", type="service", tags=frozenset({"public"}), labels={"tier": "1"}),
            facts("pay", "money", type="service", dependents=frozenset({"group:default/web"})),
            facts("books", "accounts", type="website", lifecycle="experimental"),
            facts("nobody"),
            facts("web", kind="group"),
        )
    },
    {
        "user:default/anna": ("group:default/web",),
        "group:default/web": ("group:default/engineering",),
        "group:default/accounts": ("group:default/finance",),
        "group:default/engineering": ("group:default/company",),
        "group:default/company": ("group:default/engineering",),
    },
)
"""`engineering` and `company` contain one another, as files that people write do."""


def engine(found: Policies, directory: CatalogDirectory = COMPANY) -> PolicyEngine:
    """Deciding by these."""
    return PolicyEngine(found, lambda: directory, lambda name: CLUSTERS.get(name, ClusterFacts(name=name)))
