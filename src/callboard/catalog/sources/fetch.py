"""The port through which `url` locations are read."""

from typing import Protocol

import msgspec

__all__ = ["Fetch", "Fetched"]


class Fetched(msgspec.Struct, frozen=True):
    """What a URL held. `unchanged` means that it still is what `etag` was asked with; `body` is empty then."""

    body: bytes = b""
    etag: str = ""
    unchanged: bool = False


class Fetch(Protocol):
    """Reads one URL. It decides alone what may be read, follows no redirect and waits for nothing without a deadline."""

    async def __call__(self, url: str, etag: str = "") -> Fetched:
        """The document at `url`, asked for with `etag` when there is one.

        Raises NotAllowed for an address that may not be read, NotFound where the server has none, Unavailable for
        everything else that came instead of a document.
        """
        ...
