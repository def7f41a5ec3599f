"""What `callboard clusters check` found, as a document and as lines for a terminal."""

from collections.abc import Iterator

import msgspec

from callboard.cli.exits import Exit
from callboard.cli.text import Terminal, plain, span
from callboard.model.outcome import Failure
from callboard.model.resource import NODES
from callboard.model.verdict import Health
from callboard.portal.operations import ClusterCheck, FleetCheck, Permission

__all__ = ["CheckDocument", "check_document", "check_exit", "check_lines"]


class PermissionDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`allowed` null means that it could not be found out: `failure` says why. `optional`: the page does without it."""

    verb: str
    resource: str
    namespace: str
    allowed: bool | None
    served: bool
    optional: bool
    reason: str
    failure: Failure | None


class ClusterCheckDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One cluster. `known_as` and `groups` are the API server's own; `asked_as` is our name of the credential. `decides` says who
    decides what is seen of it, portal or cluster; where the cluster does, `viewer` is the person at this machine, and
    `viewer_user` their user there, "" where they have none and so see nothing."""

    name: str
    title: str
    source: str
    reachable: bool
    version: str
    asked_as: str
    known_as: str
    groups: tuple[str, ...]
    problem: bool
    failure: Failure | None
    permissions: tuple[PermissionDocument, ...]
    took_seconds: float
    decides: str
    viewer: str
    viewer_user: str
    viewer_groups: tuple[str, ...]


class CheckDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All clusters, what went wrong with their sources, and the exit code that follows."""

    exit_code: int
    clusters: tuple[ClusterCheckDocument, ...]
    notices: tuple[str, ...]


def check_exit(found: FleetCheck, failed_suppliers: bool) -> Exit:
    """TROUBLE where a cluster cannot be shown as configured; else COULD_NOT_TELL where that is not known of one."""
    if any(_problem(c) for c in found.clusters):
        return Exit.TROUBLE
    if failed_suppliers or not found.clusters or any(_unknown(c) for c in found.clusters):
        return Exit.COULD_NOT_TELL
    return Exit.FINE


def check_document(found: FleetCheck, code: Exit) -> CheckDocument:
    """Everything that was found; nothing of a credential but its name."""
    return CheckDocument(
        exit_code=code,
        clusters=tuple(_cluster(c) for c in found.clusters),
        notices=tuple(n.message for n in found.supplied.notices),
    )


def check_lines(found: FleetCheck, terminal: Terminal) -> Iterator[str]:
    """One paragraph a cluster."""
    if not found.clusters:
        yield "No clusters."
    for index, cluster in enumerate(found.clusters):
        if index:
            yield ""
        yield from _lines(cluster, terminal)


def _lines(cluster: ClusterCheck, terminal: Terminal) -> Iterator[str]:
    health = (
        Health.UNHEALTHY if _problem(cluster) else Health.UNKNOWN if _unknown(cluster) else Health.HEALTHY
    )
    head = f"{terminal.mark(health)} {terminal.style(plain(cluster.cluster.name, 100), bold=True)}: "
    yield from terminal.wrapped(head, _summary(cluster), indent=4)
    if cluster.asked_as:
        yield from terminal.wrapped("  asked as ", plain(cluster.asked_as, 300), indent=6)
    if cluster.known_as is not None:
        groups = ", ".join(cluster.known_as.groups)
        known = plain(cluster.known_as.username, 300) + (f" (groups {plain(groups, 600)})" if groups else "")
        yield from terminal.wrapped("  known there as ", known, indent=6)
    yield from _viewing(cluster, terminal)
    if cluster.failure is not None and not any(p.allowed is not None for p in cluster.permissions):
        return
    granted = sum(1 for p in cluster.permissions if p.allowed is True)
    yield f"  {granted} of {len(cluster.permissions)} permissions that a page uses"
    for words, shape, permissions in (
        ("may not", Health.UNHEALTHY, [p for p in cluster.permissions if _denied(p)]),
        (
            "may not, and the page does without",
            Health.NOTHING,
            [p for p in cluster.permissions if _foregone(p) and p.verb != "watch"],
        ),
        (
            "may not, and pages ask at intervals instead of being live",
            Health.PROGRESSING,
            [p for p in cluster.permissions if _foregone(p) and p.verb == "watch"],
        ),
        ("not served here", Health.NOTHING, [p for p in cluster.permissions if not p.served]),
        ("could not find out", Health.UNKNOWN, [p for p in cluster.permissions if p.allowed is None]),
    ):
        if permissions:
            first = f"  {terminal.mark(shape)} {words}: "
            yield from terminal.wrapped(first, ", ".join(plain(p.title, 200) for p in permissions), indent=6)
            told = dict.fromkeys(plain(_why(p), 300) for p in permissions if _why(p))
            for why in list(told)[:3]:
                yield from terminal.wrapped("      ", why, indent=6)
    if any(_denied(p) and not p.namespace for p in cluster.permissions):
        yield "    where roles are given in some namespaces only, name them with --namespaces a,b;"
        yield "    callboard rbac prints what to grant"


def _viewing(cluster: ClusterCheck, terminal: Terminal) -> Iterator[str]:
    """Who decides what is seen of the cluster, and whether the person at this machine sees anything."""
    viewer = plain(cluster.viewer, 300)
    if cluster.decides == "portal":
        yield from terminal.wrapped(
            "  who sees what: ", "Callboard shows everybody what this credential sees", indent=6
        )
    elif cluster.hidden:
        first = f"  {terminal.mark(Health.UNHEALTHY)} who sees what: "
        words = (
            f"the cluster decides for its own users, and {viewer} (the person at this machine) is set up as none of them, so "
            "pages show them nothing of it; name their user below callboard.access.users"
        )
        yield from terminal.wrapped(first, words, indent=6)
    else:
        groups = f" (groups {plain(', '.join(cluster.viewer_groups), 600)})" if cluster.viewer_groups else ""
        words = f"the cluster decides; {viewer} is its user {plain(cluster.viewer_user, 300)}{groups}"
        yield from terminal.wrapped("  who sees what: ", words, indent=6)


def _summary(cluster: ClusterCheck) -> str:
    took = f"in {span(cluster.took)}"
    if not cluster.reachable:
        why = cluster.failure.message if cluster.failure else "no answer"
        return f"not reached {took}: {plain(why, 600)}"
    words = f"reached {took}" + (f", Kubernetes {plain(cluster.version, 64)}" if cluster.version else "")
    return words + (f", but: {plain(cluster.failure.message, 600)}" if cluster.failure else "")


def _why(permission: Permission) -> str:
    return permission.failure.message if permission.failure else permission.reason


def _optional(permission: Permission) -> bool:
    """A page without it is whole: it is told beside a service only, or makes the page live."""
    return permission.type == NODES or permission.verb == "watch"


def _denied(permission: Permission) -> bool:
    return permission.allowed is False and permission.served and not _optional(permission)


def _foregone(permission: Permission) -> bool:
    return permission.allowed is False and permission.served and _optional(permission)


def _problem(cluster: ClusterCheck) -> bool:
    return (
        cluster.failure is not None
        or not cluster.reachable
        or cluster.hidden
        or any(_denied(p) for p in cluster.permissions)
    )


def _unknown(cluster: ClusterCheck) -> bool:
    return any(p.allowed is None and p.served and not _optional(p) for p in cluster.permissions)


def _cluster(cluster: ClusterCheck) -> ClusterCheckDocument:
    return ClusterCheckDocument(
        name=cluster.cluster.name,
        title=cluster.cluster.display,
        source=cluster.source,
        reachable=cluster.reachable,
        version=cluster.version,
        asked_as=cluster.asked_as,
        known_as=cluster.known_as.username if cluster.known_as else "",
        groups=cluster.known_as.groups if cluster.known_as else (),
        problem=_problem(cluster),
        failure=cluster.failure,
        permissions=tuple(
            PermissionDocument(
                verb=p.verb,
                resource=p.type.key + (f"/{p.subresource}" if p.subresource else ""),
                namespace=p.namespace,
                allowed=p.allowed,
                served=p.served,
                optional=_optional(p),
                reason=p.reason,
                failure=p.failure,
            )
            for p in cluster.permissions
        ),
        took_seconds=round(cluster.took, 3),
        decides=cluster.decides,
        viewer=cluster.viewer,
        viewer_user=cluster.viewer_user,
        viewer_groups=cluster.viewer_groups,
    )
