"""The contract of a source of clusters."""

from collections.abc import Sequence
from typing import Any

from callboard.base.secret import Secret
from callboard.extend.parts import ClusterSupplier, Supplied, TellingSupplier
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster

__all__ = ["check_cluster_supplier"]


async def check_cluster_supplier(
    supplier: ClusterSupplier,
    *,
    broken: ClusterSupplier | None = None,
    hanging: ClusterSupplier | None = None,
    caller: Caller | None = None,
    within: float = 5.0,
) -> tuple[Cluster, ...]:
    """Raises ContractBroken. `broken` is one of the kind whose source cannot be read, `hanging` one whose source does not answer.
    Gives the clusters, for further tests."""
    caller = caller or Caller.loopback()
    laws = Laws(supplier, ClusterSupplier, within=within)
    await laws.begin()
    found = await laws.steady("clusters()", lambda: supplier.clusters(caller), _sound, _names)
    await laws.call("clusters() for Callboard itself", lambda: supplier.clusters(Caller.callboard()), _sound)
    if isinstance(supplier, TellingSupplier):
        check = fits(Supplied)
        supplied = await laws.call(
            "supplied()", lambda: supplier.supplied(caller), lambda v: check(v) or _sound(v.clusters)
        )
        if supplied is not None and found is not None and _names(supplied.clusters) != _names(found):
            laws.broken("supplied() gives other clusters than clusters()")
    if broken is not None:
        await laws.fails("clusters() of a source that cannot be read", lambda: broken.clusters(caller))
    if hanging is not None:
        await laws.hangs("clusters() of a source that does not answer", lambda: hanging.clusters(caller))
    await laws.end()
    return tuple(found or ())


def _names(clusters: Sequence[Cluster]) -> list[str]:
    return [each.name for each in clusters]


def _sound(value: Any) -> str:
    if found := fits(Sequence[Cluster])(value):
        return found
    names = _names(value)
    if len(set(names)) != len(names):
        return "two clusters have one name"
    for each in value:
        if not each.name or not each.url:
            return f"the cluster {each.name!r} has no name, or no URL"
        if not each.source:
            return f"the cluster {each.name!r} does not say where it comes from (source)"
        if not each.auth_provider:
            return f"the cluster {each.name!r} names no auth strategy ({AUTH_PROVIDER} of auth_metadata)"
        shown = repr(each)
        secrets = [v for v in each.auth_metadata.values() if isinstance(v, Secret)]
        if any(len(secret.reveal()) > 2 and secret.reveal() in shown for secret in secrets):
            return f"the text form of the cluster {each.name!r} shows a secret"
    return ""
