"""As whom a cluster is asked: the one road to an auth strategy, whose failure is a value; and the same identity again later."""

import asyncio
from collections.abc import Awaitable, Callable

from callboard.base.errors import CallboardError, Unavailable
from callboard.extend.parts import AuthStrategy
from callboard.fleet.defect import defect
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["credential_of", "same_identity"]


async def credential_of(
    auth: AuthStrategy, cluster: Cluster, caller: Caller, *, within: float | None = None
) -> Credential | Failure:
    """The credential to ask with, or why there is none. `within` is in seconds; None leaves the deadline to the caller."""
    deadline = asyncio.timeout(within)
    try:
        async with deadline:
            return await auth.credential(cluster, caller)
    except CallboardError as error:
        message = error.message
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            message = f"the auth strategy gave no credential for {within:g} seconds"
        else:
            # A strategy may be a plugin's, and what it raises may quote what it read.
            told = (
                "no credential for a cluster: its auth strategy failed; pages say so, and it is tried again"
            )
            doing = f"the auth strategy {cluster.auth_provider!r}"
            message = defect(doing, error, told=told, cluster=cluster.name).message
    return Failure(code=FailureCode.CREDENTIAL, message=message)


def same_identity(
    auth: AuthStrategy, cluster: Cluster, caller: Caller, identity: str
) -> Callable[[], Awaitable[Credential]]:
    """What gives the credential to use now, before each request of a stream that many share. It raises Unavailable where that
    would be somebody else's, or a caller's own."""

    async def renewed() -> Credential:
        now = await auth.credential(cluster, caller)
        if now.own or now.identity != identity:
            raise Unavailable("the credential has become another's", code="credential-changed")
        return now

    return renewed
