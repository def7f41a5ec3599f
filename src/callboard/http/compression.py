"""Answers made smaller for the road, as the browser asked for: zstd before gzip, a kilobyte or more, text only.

Event streams are left alone: a message must leave when it is made. What BREACH needs, a secret in a page beside text of an
attacker's choice, is not there: pages carry no token, and a session is an HttpOnly cookie.
"""

import asyncio
import gzip
import re
from functools import partial

import zstandard
from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard.base.response_cache import PACKED

__all__ = ["Compressed", "Variants", "encoding_for"]

LEAST = 1024
"""Bytes. Below it the headers weigh as much, and it all fits one packet anyway."""
ZSTD_LEVEL = 3
GZIP_LEVEL = 2
"""For a page of 2,000 pods, 900 kB: zstd 3 makes 27 kB in 1.4 ms, 5 about as much in 7 ms; gzip 2 makes 41 kB in 2.6 ms, 5
makes 37 kB in 7 ms. Browsers take zstd."""
EXCLUDED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/zstd")
GZIP_LEVEL_KEPT = 6
"""For what is packed once and sent many times (`base.response_cache`), away from the event loop, from the second
time it is asked for: of a service that one person looks at once, it would cost three times what it saves."""
_FIRST = "gzip, the first time"

_PART = re.compile(r"\s*([a-z*-]+)\s*(?:;\s*q\s*=\s*([0-9.]{1,5})\s*)?")


def encoding_for(accept: str) -> str:
    """The encoding for an Accept-Encoding header (RFC 9110, 12.5.3): "zstd", "gzip", or "" for none."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        if found := _PART.fullmatch(part):
            try:
                weights[found[1]] = float(found[2] or 1)
            except ValueError:
                continue
    wanted = [(weights.get(name, 0.0), -place, name) for place, name in enumerate(("zstd", "gzip"))]
    weight, _, name = max(wanted)
    return name if weight > 0 else ""


class _ZstdResponder(IdentityResponder):
    """Compresses a whole answer at once; one that comes in parts goes out as it is. Starlette has the same for gzip."""

    content_encoding = "zstd"

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        super().__init__(app, LEAST, exclude_content_types=EXCLUDED)
        self._scope = scope

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        if more_body or self.content_encoding_set:
            self.content_encoding_set = True
            return body
        kept = _kept(self._scope)
        packed = kept.get("zstd")
        if packed is None:
            packed = kept["zstd"] = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
        return packed


class _GzipResponder(GZipResponder):
    """Packs what is kept once."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        super().__init__(app, LEAST, GZIP_LEVEL, exclude_content_types=EXCLUDED)
        self._scope = scope

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        if PACKED not in self._scope:
            return await super().apply_compression(body, more_body=more_body)
        kept = _kept(self._scope)
        packed = kept.get("gzip")
        if packed is None:
            again = _FIRST in kept
            pack = partial(gzip.compress, body, GZIP_LEVEL_KEPT if again else GZIP_LEVEL, mtime=0)
            packed = kept["gzip" if again else _FIRST] = await asyncio.to_thread(pack)
            if again:
                kept.pop(_FIRST, None)
        return packed


def _kept(scope: Scope) -> dict[str, bytes]:
    """What is packed already of the answer to this request, by encoding."""
    kept: dict[str, bytes] = scope.get(PACKED, {})
    return kept


class Compressed:
    """An ASGI application, its answers compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        responder: IdentityResponder
        match encoding_for(Headers(scope=scope).get("accept-encoding", "")):
            case "zstd":
                responder = _ZstdResponder(self._app, scope)
            case "gzip":
                responder = _GzipResponder(self._app, scope)
            case _:
                responder = IdentityResponder(self._app, LEAST, exclude_content_types=EXCLUDED)
        await responder(scope, receive, send)


class Variants:
    """Bytes that never change, compressed as well as can be, once, when they are first wanted so."""

    def __init__(self, body: bytes) -> None:
        self._made = {"": body}

    def get(self, accept: str) -> tuple[bytes, str]:
        """The bytes for an Accept-Encoding header, and their encoding."""
        encoding = encoding_for(accept) if len(self._made[""]) >= LEAST else ""
        if encoding not in self._made:
            body = self._made[""]
            self._made[encoding] = (
                gzip.compress(body, 9, mtime=0)
                if encoding == "gzip"
                else zstandard.ZstdCompressor(level=19).compress(body)
            )
        return self._made[encoding], encoding
