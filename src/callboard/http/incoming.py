"""The body of a request, read as it comes and no further than its bound."""

from starlette.requests import Request

from callboard.base.errors import UsageError

__all__ = ["read_body"]


async def read_body(request: Request, most: int) -> bytes:
    """The whole body. Raises UsageError as soon as it has more than `most` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise UsageError(
                f"The body of a request to this address has at most {most} bytes.", code="body-too-large"
            )
    return bytes(body)
