"""`serviceAccount`: a service account's bearer token, from the cluster's entry or from the pod we run in."""

import asyncio
import re
from collections.abc import Sequence

from callboard.base.errors import Problem, Unavailable
from callboard.base.secret import Secret
from callboard.fleet.auth.claims import claims_of
from callboard.fleet.pod_identity import PodIdentity
from callboard.fleet.suppliers.config import SERVICE_ACCOUNT_TOKEN
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential, CredentialKind

__all__ = ["ServiceAccountStrategy", "holder_of"]

_SUBJECT = re.compile(r"system:serviceaccount:([a-z0-9.-]{1,253}):([a-z0-9.-]{1,253})")


class ServiceAccountStrategy:
    """Everyone asks as the one service account, whoever the caller is."""

    def __init__(self, pod: PodIdentity) -> None:
        self._pod = pod

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        """The token as it is now. Raises Unavailable when there is none."""
        token = _configured(cluster)
        if not token:
            try:
                token = await asyncio.to_thread(self._pod.token)
            except OSError:
                token = Secret("")
        if not token:
            raise Unavailable(
                f"cluster {cluster.name!r} has no serviceAccountToken, and we do not run in a pod with a service account",
                code="no-token",
            )
        return Credential(
            kind=CredentialKind.BEARER, identity=f"{holder_of(token)} at {cluster.name}", token=token
        )

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        """A token that cannot be sent, or none where no pod could give one."""
        token = _configured(cluster)
        if token and not _may_be_sent(token):
            return (
                Problem(
                    f"the token of cluster {cluster.name!r} cannot be sent",
                    where=cluster.source,
                    path=SERVICE_ACCOUNT_TOKEN,
                    found="a value that is not shown",
                    expected="visible ASCII characters in one line",
                ),
            )
        if token or self._pod.present:
            return ()
        return (
            Problem(
                f"cluster {cluster.name!r} uses serviceAccount, and there is no token for it",
                where=cluster.source,
                path=SERVICE_ACCOUNT_TOKEN,
                expected="a token, or running in a pod with a service account",
            ),
        )


def _configured(cluster: Cluster) -> Secret:
    value = cluster.auth_metadata.get(SERVICE_ACCOUNT_TOKEN, "")
    return value if isinstance(value, Secret) else Secret(value)


def _may_be_sent(token: Secret) -> bool:
    """Whether a header can hold it (RFC 6750 allows less; API servers take what their issuers give)."""
    text = token.reveal().strip()
    return bool(text) and text.isascii() and text.isprintable()


def holder_of(token: Secret) -> str:
    """Who a service account's token belongs to, by the subject it names: the same before and after renewal.

    The signature is not checked: this names a cache key, it grants nothing. A token that names no service account is
    `serviceAccount`.
    """
    found = _SUBJECT.fullmatch(claims_of(token).sub)
    return f"serviceAccount {found.group(1)}/{found.group(2)}" if found else "serviceAccount"
