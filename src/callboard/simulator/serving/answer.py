"""An answer before it is sent: status, body, headers. Chaos works on it; `send` puts it on the wire."""

import zlib

import msgspec
from aiohttp import web

from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.tree import Tree, encode

__all__ = ["HttpAnswer", "refused", "text", "tree"]

GZIP_FROM = 128 * 1024
"""An API server compresses bodies of at least this many bytes, when asked."""


class HttpAnswer(msgspec.Struct):
    """One whole answer. Streams (watches, followed logs) are sent by their own code."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = {}

    def response(self, request: web.BaseRequest) -> web.Response:
        headers = {"Cache-Control": "no-cache, private", **self.headers}
        body = self.body
        if self.content_type:
            headers["Content-Type"] = self.content_type
        if len(body) >= GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = packer.compress(body) + packer.flush()
            headers["Content-Encoding"] = "gzip"
            headers["Vary"] = "Accept-Encoding"
        return web.Response(status=self.status, body=body or None, headers=headers)


def tree(value: Tree, status: int = 200, **headers: str) -> HttpAnswer:
    return HttpAnswer(encode(value) + b"\n", status, headers=headers)


def text(value: str, status: int = 200) -> HttpAnswer:
    return HttpAnswer(value.encode(), status, "text/plain; charset=utf-8")


def refused(refusal: ApiRefusal) -> HttpAnswer:
    answer = HttpAnswer(encode(refusal.body()) + b"\n", refusal.code)
    if refusal.retry_after is not None:
        answer.headers = {"Retry-After": str(refusal.retry_after)}
    return answer
