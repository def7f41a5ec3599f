"""Everything an API server says no with: a `Status` body, its HTTP code and its headers.

The wording follows k8s.io/apimachinery/pkg/api/errors as recorded from Kubernetes 1.36.
"""

from callboard.simulator.machinery.tree import Tree

__all__ = [
    "ApiRefusal",
    "already_exists",
    "bad_request",
    "cause",
    "conflict",
    "expired",
    "forbidden",
    "internal",
    "invalid",
    "method_not_allowed",
    "not_acceptable",
    "not_found",
    "resource_not_served",
    "too_old_to_watch",
    "unauthorized",
    "unsupported_media_type",
    "version_too_large",
]


class ApiRefusal(Exception):
    """An answer that is a `Status` of failure. `metadata` is the list metadata some carry (a new continue token)."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Tree | None = None,
        retry_after: int | None = None,
        metadata: Tree | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.metadata = metadata

    def body(self) -> Tree:
        status: Tree = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata or {},
            "status": "Failure",
        }
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        details = dict(self.details) if self.details is not None else None
        if self.retry_after is not None:
            details = {**(details or {}), "retryAfterSeconds": self.retry_after}
        if details is not None:
            status["details"] = details
        status["code"] = self.code
        return status


def _details(group: str, resource: str, name: str = "") -> Tree:
    details: Tree = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = resource
    return details


def _qualified(group: str, resource: str) -> str:
    return f"{resource}.{group}" if group else resource


def not_found(group: str, resource: str, name: str) -> ApiRefusal:
    return ApiRefusal(
        404,
        "NotFound",
        f'{_qualified(group, resource)} "{name}" not found',
        details=_details(group, resource, name),
    )


def resource_not_served() -> ApiRefusal:
    return ApiRefusal(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(group: str, resource: str, name: str) -> ApiRefusal:
    message = f'{_qualified(group, resource)} "{name}" already exists'
    return ApiRefusal(409, "AlreadyExists", message, details=_details(group, resource, name))


def conflict(group: str, resource: str, name: str) -> ApiRefusal:
    message = (
        f'Operation cannot be fulfilled on {_qualified(group, resource)} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiRefusal(409, "Conflict", message, details=_details(group, resource, name))


def forbidden(group: str, resource: str, name: str, explanation: str) -> ApiRefusal:
    subject = _qualified(group, resource) + (f' "{name}"' if name else "")
    return ApiRefusal(
        403, "Forbidden", f"{subject} is forbidden: {explanation}", details=_details(group, resource, name)
    )


def unauthorized() -> ApiRefusal:
    return ApiRefusal(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiRefusal:
    return ApiRefusal(400, "BadRequest", message)


def method_not_allowed() -> ApiRefusal:
    return ApiRefusal(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details={}
    )


def not_acceptable() -> ApiRefusal:
    message = (
        "406: Not Acceptable\n\nAvailable representations: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf, "
        "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
    )
    return ApiRefusal(406, "NotAcceptable", message, details={})


def unsupported_media_type(accepted: str) -> ApiRefusal:
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiRefusal(415, "UnsupportedMediaType", message, details={})


def internal(message: str) -> ApiRefusal:
    return ApiRefusal(500, "InternalError", message)


def cause(reason: str, field: str, message: str) -> Tree:
    """One entry of `details.causes`, e.g. FieldValueRequired at spec.containers."""
    return {"reason": reason, "message": message, "field": field}


def invalid(group: str, kind: str, name: str, causes: list[Tree]) -> ApiRefusal:
    parts = [f"{item['field']}: {item['message']}" for item in causes]
    told = parts[0] if len(parts) == 1 else "[" + ", ".join(parts) + "]"
    subject = f"{kind}.{group}" if group else kind
    details: Tree = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = causes
    return ApiRefusal(422, "Invalid", f'{subject} "{name}" is invalid: {told}', details=details)


def expired(message: str, *, metadata: Tree | None = None) -> ApiRefusal:
    return ApiRefusal(410, "Expired", message, metadata=metadata)


def too_old_to_watch(asked: int, oldest: int) -> ApiRefusal:
    return ApiRefusal(410, "Expired", f"too old resource version: {asked} ({oldest})")


def version_too_large(asked: int, current: int) -> ApiRefusal:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiRefusal(504, "Timeout", message, details={"causes": causes}, retry_after=1)
