"""The public keys that services beside check our tokens with."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from callboard.http.door import ClassifiedRoute, ErrorForm
from callboard.model.door import RouteClass

__all__ = ["key_set_route"]


def key_set_route(key_set: Callable[[], bytes]) -> ClassifiedRoute:
    """At the place where such keys are looked for."""

    async def keys(request: Request) -> Response:
        """The public keys of tokens that tell services beside who asks (RFC 7517)."""
        return Response(
            key_set(), media_type="application/json", headers={"cache-control": "public, max-age=300"}
        )

    return ClassifiedRoute(
        "/.well-known/jwks.json", keys, RouteClass.PUBLIC, name="key-set", errors=ErrorForm.JSON
    )
