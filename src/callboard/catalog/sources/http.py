"""The built-in way to read a URL: one GET over the one way out, to what is allowed and to files on Git hosts."""

import re
from collections.abc import Sequence
from typing import Final

from callboard.base.errors import BadInput, NotAllowed, NotFound, Problem, Unavailable
from callboard.base.settings import ReadingAllow
from callboard.catalog.sources.allow import allowed_network
from callboard.catalog.sources.fetch import Fetched
from callboard.catalog.sources.hosting import GitHost, host_of, raw_address
from callboard.outbound import Bounds, Network, Outbound, WebAddress, address_of

__all__ = ["HttpFetch"]

_HINT = "; addresses of pages on GitHub and GitLab servers are read as files where `integrations` names the server"
_WEB_PAGE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head)\b", re.IGNORECASE)


class HttpFetch:
    """Reads allowed URLs. `deadline` is in seconds, for one URL from name to last byte."""

    def __init__(
        self,
        outbound: Outbound,
        allow: Sequence[ReadingAllow],
        *,
        deadline: float,
        max_bytes: int,
        hosts: Sequence[GitHost] = (),
    ) -> None:
        self._hosts = tuple(hosts)
        self._outbound = outbound
        self._allow = tuple(allow)
        self._bounds = Bounds(connect=min(5.0, deadline), head=deadline, whole=deadline, max_bytes=max_bytes)

    async def __call__(self, url: str, etag: str = "") -> Fetched:
        """See `Fetch`."""
        address = address_of(url)
        shown, host = address.shown, host_of(address, self._hosts)
        if host is not None:
            address = raw_address(address, host) or self._allowed_as_it_is(address)
        headers = {"If-None-Match": etag} if etag and etag.isprintable() and etag.isascii() else {}
        answer = await self._outbound.get(address.text, self._check, headers=headers, bounds=self._bounds)
        etag = answer.headers.get("etag", "")
        if answer.status == 304:
            return Fetched(unchanged=True, etag=etag)
        if answer.status in (404, 410):
            private = "; a private repository answers like that, too" if host else ""
            raise NotFound(f"{shown} answered {answer.status}{private}", code="no-such-location")
        if 300 <= answer.status < 400:
            raise Unavailable(
                f"{shown} answered {answer.status}; redirects are not followed", code="url-redirect"
            )
        if answer.status != 200:
            raise Unavailable(f"{shown} answered {answer.status}", code="url-refused")
        if _WEB_PAGE.match(answer.body[:1000]):
            hint = "name the raw file" + ("" if host else _HINT)
            raise BadInput(Problem("is a web page (HTML)", where=shown, expected="a file", hint=hint))
        return Fetched(body=answer.body, etag=etag)

    def _check(self, address: WebAddress) -> Network:
        try:
            return allowed_network(address, self._allow)
        except NotAllowed:
            host = host_of(address, self._hosts)
            if host is None or raw_address(address, host) != address:
                raise
            return host.network

    def _allowed_as_it_is(self, address: WebAddress) -> WebAddress:
        """The address of a Git host that is none of a file, where the operator allows it. Raises BadInput."""
        try:
            allowed_network(address, self._allow)
        except NotAllowed:
            raise BadInput(
                Problem(
                    "is not the address of a file",
                    where=address.shown,
                    expected=f"{address.origin}/OWNER/REPOSITORY/blob/BRANCH/catalog-info.yaml",
                )
            ) from None
        return address
