"""A service's pods on all its clusters, as whoever asks may see them."""

import msgspec

from callboard.extend import NotFound, RequestContext


class Settings(msgspec.Struct, frozen=True, rename="camel"):
    """What the configuration may say."""

    most_pods: int = 50
    """How many are shown."""


class Pods(msgspec.Struct, frozen=True):
    """What the tab shows, and the route gives."""

    names: tuple[str, ...]
    """Each as cluster/namespace/name."""
    complete: bool
    """Whether every cluster has answered, and all are shown."""


async def pods_tab(context: RequestContext) -> Pods:
    """The view of the tab."""
    return await pods_of(context)


async def pods_of(context: RequestContext) -> Pods:
    """The handler of the route."""
    if context.entity is None:
        raise NotFound("This is about no service.")
    most: int = context.settings.most_pods
    seen = await context.ask.observed(context.entity.ref, within=5)
    names = [
        f"{part.cluster.name}/{each.namespace}/{each.name}"
        for part in seen.snapshot.clusters
        for each in part.members()
        if each.type.plural == "pods"
    ]
    complete = seen.settled and not seen.verdict.could_not_tell and len(names) <= most
    return Pods(tuple(sorted(names)[:most]), complete)
