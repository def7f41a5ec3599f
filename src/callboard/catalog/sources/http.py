"""The built-in way to read a URL: one GET over the one way out, to what `backend.reading.allow` names."""

from collections.abc import Sequence

from callboard.base.errors import NotFound, Unavailable
from callboard.base.settings import ReadingAllow
from callboard.catalog.sources.allow import allowed_network
from callboard.catalog.sources.fetch import Fetched
from callboard.outbound import Bounds, Network, Outbound, WebAddress, address_of

__all__ = ["HttpFetch"]


class HttpFetch:
    """Reads allowed URLs. `deadline` is in seconds, for one URL from name to last byte."""

    def __init__(
        self, outbound: Outbound, allow: Sequence[ReadingAllow], *, deadline: float, max_bytes: int
    ) -> None:
        self._outbound = outbound
        self._allow = tuple(allow)
        self._bounds = Bounds(connect=min(5.0, deadline), head=deadline, whole=deadline, max_bytes=max_bytes)

    async def __call__(self, url: str, etag: str = "") -> Fetched:
        """See `Fetch`."""
        shown = address_of(url).shown
        headers = {"If-None-Match": etag} if etag and etag.isprintable() and etag.isascii() else {}
        answer = await self._outbound.get(url, self._check, headers=headers, bounds=self._bounds)
        etag = answer.headers.get("etag", "")
        if answer.status == 304:
            return Fetched(unchanged=True, etag=etag)
        if answer.status in (404, 410):
            raise NotFound(f"{shown} answered {answer.status}", code="no-such-location")
        if 300 <= answer.status < 400:
            raise Unavailable(
                f"{shown} answered {answer.status}; redirects are not followed", code="url-redirect"
            )
        if answer.status != 200:
            raise Unavailable(f"{shown} answered {answer.status}", code="url-refused")
        return Fetched(body=answer.body, etag=etag)

    def _check(self, address: WebAddress) -> Network:
        return allowed_network(address, self._allow)
