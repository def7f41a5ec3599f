"""Tokens of ServiceAccounts: asked for (TokenRequest), or kept in a Secret of that type; each as good as its account is there."""

import base64
from collections.abc import Callable
from typing import Final

from callboard.simulator.machinery.collection import Change, Collection
from callboard.simulator.machinery.naming import Naming
from callboard.simulator.machinery.refusal import cause, invalid
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig, encode
from callboard.simulator.serving.identity import ApiUser

__all__ = ["AccountTokens"]

AUDIENCE: Final = "https://kubernetes.default.svc"
SHORTEST: Final = 600
USUAL: Final = 3600
LONGEST: Final = 2**32
_DEFAULT: Final = "default"
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_SECRET_TYPE: Final = "kubernetes.io/service-account-token"


class AccountTokens:
    """Issues them and knows them again. A namespace gets its `default` account at once, a Secret of a token its token."""

    def __init__(self, store: ObjectStore, naming: Naming, now: Callable[[], float], ca_pem: str) -> None:
        self._store = store
        self._naming = naming
        self._now = now
        self._ca_pem = ca_pem
        self._issued: dict[str, tuple[str, str, str, float]] = {}
        """By token: namespace and name of the account, its uid, when it ends."""
        store.observe(self._seen)

    def request(self, namespace: str, name: str, body: Tree) -> Tree:
        """Answer a TokenRequest. Raises a 404 for an account that is not there, a 422 for a time that is too short."""
        account = self._store.get("serviceaccounts", name, namespace)
        asked = dig(body, "spec", "expirationSeconds", default=USUAL)
        seconds = asked if isinstance(asked, int) else 0
        if not SHORTEST <= seconds <= LONGEST:
            told = f"Invalid value: {seconds}: may not specify a duration " + (
                "less than 10 minutes" if seconds < SHORTEST else "larger than 2^32 seconds"
            )
            where = "spec.expirationSeconds"
            raise invalid(
                "authentication.k8s.io", "TokenRequest", "", [cause("FieldValueInvalid", where, told)]
            )
        audiences = dig(body, "spec", "audiences", default=None) or [AUDIENCE]
        until = self._now() + seconds
        token = self._issue(account, until, audiences)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "creationTimestamp": stamp(self._now()),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
            "status": {"token": token, "expirationTimestamp": stamp(until)},
        }

    def user(self, token: str) -> ApiUser | None:
        """Whose token it is, as long as it has not ended and its account is there."""
        if token not in self._issued:
            return None
        namespace, name, uid, until = self._issued[token]
        record = self._store.collection("", "serviceaccounts").get(namespace, name)
        if self._now() >= until or record is None or record.tree["metadata"]["uid"] != uid:
            return None
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return ApiUser(f"system:serviceaccount:{namespace}:{name}", uid, groups)

    def _issue(self, account: Tree, until: float, audiences: list[str]) -> str:
        """A JSON Web Token as an API server's, but for its signature, which nobody outside can check either."""
        metadata = account["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        claims: Tree = {
            "aud": audiences,
            "iss": AUDIENCE,
            "iat": int(self._now()),
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        if until != float("inf"):
            claims["exp"] = int(until)
        signature = base64.urlsafe_b64encode(bytes.fromhex(self._naming.hex(64))).decode().rstrip("=")
        token = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}.{signature}"
        self._issued[token] = (namespace, name, metadata["uid"], until)
        return token

    def _seen(self, collection: Collection, change: Change) -> None:
        key, tree = collection.kind.key, change.record.tree
        if key == ("", "namespaces") and change.type == "ADDED":
            self._give_default(tree["metadata"]["name"])
        elif key == ("", "serviceaccounts") and change.type == "DELETED":
            if tree["metadata"]["name"] == _DEFAULT:
                self._give_default(tree["metadata"]["namespace"])
        elif key == ("", "secrets") and change.type == "ADDED" and tree.get("type") == _SECRET_TYPE:
            self._fill(tree)
        elif key == ("", "secrets") and change.type == "DELETED":
            self._issued.pop(_token_in(tree), None)

    def _give_default(self, namespace: str) -> None:
        """The account that a namespace is never without, until it goes itself."""
        record = self._store.collection("", "namespaces").get("", namespace)
        if record is not None and "deletionTimestamp" not in record.tree["metadata"]:
            self._store.create(
                {"metadata": {"name": _DEFAULT}},
                "serviceaccounts",
                namespace=namespace,
                manager="kube-controller-manager",
                uid=self._naming.uid(),
            )

    def _fill(self, secret: Tree) -> None:
        metadata = secret["metadata"]
        named = dig(metadata, "annotations", _ACCOUNT, default="")
        record = self._store.collection("", "serviceaccounts").get(metadata["namespace"], named)
        if record is None:
            return
        token = self._issue(record.tree, float("inf"), [AUDIENCE])
        values = {"ca.crt": self._ca_pem, "namespace": metadata["namespace"], "token": token}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self._store.patch(
            "secrets",
            metadata["name"],
            {"data": data},
            metadata["namespace"],
            manager="kube-controller-manager",
        )


def _token_in(secret: Tree) -> str:
    try:
        return base64.b64decode(dig(secret, "data", "token", default="")).decode()
    except (ValueError, TypeError):
        return ""


def _part(value: Tree) -> str:
    return base64.urlsafe_b64encode(encode(value)).decode().rstrip("=")
