"""Asking an API server who we are and what we may: SelfSubjectReview, SelfSubjectAccessReview; and
what somebody else may: SubjectAccessReview.

Every authenticated user may create the first two (the ClusterRole system:basic-user); the last takes `create` on
`subjectaccessreviews` of `authorization.k8s.io`. Nothing is stored by any of them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from callboard.kube.connection.connection import Connection
from callboard.kube.failure import AnswerRefused, failure_of_exception, json_failure
from callboard.kube.text import clean
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import ResourceType

__all__ = ["Access", "Attributes", "WhoAmI", "may", "they_may", "who_am_i"]

_AUTHORIZATION = "/apis/authorization.k8s.io/v1"
_AUTHENTICATION = "/apis/authentication.k8s.io/v1"
_MOST = 8 * 1024 * 1024
_DECIDES = (b'"allowed"', b'"denied"')
_ESCAPED = re.compile(rb"\\u00[4-7]", re.IGNORECASE)
"""A letter written as an escape, which no API server does."""


class WhoAmI(msgspec.Struct, frozen=True):
    """As whom the API server knows us. Foreign text."""

    username: str
    groups: tuple[str, ...] = ()


class Access(msgspec.Struct, frozen=True):
    """Whether something is allowed; `reason` in the authorizer's words, often ""."""

    allowed: bool
    reason: str = ""


class Attributes(msgspec.Struct, frozen=True, order=True):
    """What somebody wants to do with objects of any name. No `namespace` means in all of them, or at the cluster's scope."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""

    @classmethod
    def listing(cls, resource: ResourceType, namespace: str = "") -> "Attributes":
        """Listing objects of a type."""
        return cls("list", resource.group, resource.plural, namespace=namespace)


class _UserInfo(msgspec.Struct):
    username: str = ""
    groups: tuple[str, ...] | None = None


class _SelfSubjectStatus(msgspec.Struct, rename="camel"):
    user_info: _UserInfo


class _SelfSubject(msgspec.Struct):
    kind: str
    status: _SelfSubjectStatus


class _AccessStatus(msgspec.Struct):
    allowed: bool
    denied: bool = False
    reason: str = ""


class _AccessReview(msgspec.Struct):
    kind: str
    status: _AccessStatus


_Review = TypeVar("_Review", _SelfSubject, _AccessReview)


async def who_am_i(connection: Connection) -> WhoAmI | Failure:
    """The user we are to the API server. NOT_SERVED before Kubernetes 1.28, which has no SelfSubjectReview."""
    found = await _create(connection, _AUTHENTICATION, "SelfSubjectReview", None, _SelfSubject)
    if isinstance(found, Failure):
        return found
    user = found.status.user_info
    return WhoAmI(clean(user.username, 256), tuple(clean(g, 256) for g in (user.groups or ())[:64]))


async def may(
    connection: Connection,
    verb: str,
    resource: ResourceType,
    namespace: str = "",
    *,
    subresource: str = "",
    name: str = "",
) -> Access | Failure:
    """Whether we may `verb` objects of `resource`; no namespace means in all of them (or cluster scope)."""
    attributes = {
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "resource": resource.plural,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    spec = {"resourceAttributes": {k: v for k, v in attributes.items() if v}}
    found = await _create(connection, _AUTHORIZATION, "SelfSubjectAccessReview", spec, _AccessReview)
    if isinstance(found, Failure):
        return found
    return Access(found.status.allowed, clean(found.status.reason, 256))


async def they_may(
    connection: Connection,
    user: str,
    groups: Sequence[str],
    wanted: Attributes,
    *,
    until: float | None = None,
) -> Access | Failure:
    """Whether a user with these groups may do what is wanted, asked as whoever the connection is. `until` is the loop's time
    by which the answer must be there. Only an answer that says so in so many words allows anything."""
    attributes = {
        "verb": wanted.verb,
        "group": wanted.group,
        "resource": wanted.resource,
        "subresource": wanted.subresource,
        "namespace": wanted.namespace,
    }
    spec = {
        "user": user,
        "groups": list(groups),
        "resourceAttributes": {k: v for k, v in attributes.items() if v},
    }
    found = await _create(connection, _AUTHORIZATION, "SubjectAccessReview", spec, _AccessReview, until=until)
    if isinstance(found, Failure):
        return found
    return Access(found.status.allowed and not found.status.denied, clean(found.status.reason, 256))


async def _create(
    connection: Connection,
    api: str,
    kind: str,
    spec: Mapping[str, object] | None,
    as_: type[_Review],
    *,
    until: float | None = None,
) -> _Review | Failure:
    group_version = api.removeprefix("/apis/")
    review: dict[str, object] = {"apiVersion": group_version, "kind": kind}
    if spec is not None:
        review["spec"] = spec
    try:
        answer = await connection.read(
            "POST", f"{api}/{kind.lower()}s", body=msgspec.json.encode(review), most=_MOST, until=until
        )
    except AnswerRefused as refused:
        return refused.failure
    except Exception as error:
        return failure_of_exception(error)
    try:
        found = msgspec.json.decode(answer.body, type=as_)
        if answer.status == 201 and found.kind == kind and _said_once(answer.body):
            return found
        return Failure(code=FailureCode.WRONG_SHAPE, message=f"the answer is no {kind}", status=answer.status)
    except msgspec.ValidationError:
        return Failure(code=FailureCode.WRONG_SHAPE, message=f"the answer is no {kind}")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return json_failure(answer.body, answer.headers, error)


def _said_once(body: bytes) -> bool:
    """Whether no field that decides is there twice, or in a spelling that only some readers understand: of two, which counts is
    anybody's guess."""
    return all(body.count(field) <= 1 for field in _DECIDES) and _ESCAPED.search(body) is None
