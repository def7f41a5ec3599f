"""The contract of an auth strategy."""

from collections.abc import Sequence
from typing import Any

from callboard.base.errors import CallboardError, Problem
from callboard.extend.parts import AuthStrategy
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.extend.testing.samples import sample_cluster
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential

__all__ = ["check_auth_strategy"]


async def check_auth_strategy(
    strategy: AuthStrategy,
    cluster: Cluster,
    *,
    hopeless: Cluster | None = None,
    hanging: Cluster | None = None,
    caller: Caller | None = None,
    within: float = 5.0,
) -> Credential | None:
    """Raises ContractBroken. `cluster` is one that it can sign in to; `hopeless` one whose auth metadata is no good,
    `hanging` one for which what it asks does not answer. Gives the credential, for further tests."""
    caller = caller or Caller.loopback()
    laws = Laws(strategy, AuthStrategy, within=within)
    await laws.begin()
    found = await laws.steady(
        "credential()", lambda: strategy.credential(cluster, caller), _sound, lambda c: c.identity
    )
    for words, of in (
        ("a cluster it can sign in to", cluster),
        ("one it cannot", hopeless or sample_cluster("bare")),
    ):
        told = _problems(laws, strategy, of)
        if told and of is cluster:
            laws.broken(f"problems() of {words} tells some: {told[0]}")
    if hopeless is not None:
        await laws.fails("credential() of a hopeless cluster", lambda: strategy.credential(hopeless, caller))
    else:
        await laws.call(
            "credential() of a cluster without metadata",
            lambda: strategy.credential(sample_cluster("bare"), caller),
            _sound,
            raises=(CallboardError,),
        )
    if hanging is not None:
        await laws.hangs("credential() that waits", lambda: strategy.credential(hanging, caller))
    await laws.end()
    return found if isinstance(found, Credential) else None


def _problems(laws: Laws, strategy: AuthStrategy, cluster: Cluster) -> Sequence[Problem]:
    try:
        told = strategy.problems(cluster)
    except Exception as error:
        laws.broken(f"problems() raises {type(error).__name__}")
        return ()
    if found := fits(Sequence[Problem])(told):
        laws.broken(f"problems(): {found}")
        return ()
    return told


def _sound(value: Any) -> str:
    if found := fits(Credential)(value):
        return found
    if not value.identity:
        return "the credential names nobody (identity): what is read with it could be anybody's"
    for secret in (value.token, value.key_pem):
        if len(secret.reveal()) > 2 and secret.reveal() in f"{value!r} {value.identity}":
            return "the credential shows its secret"
    return ""
