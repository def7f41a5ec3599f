"""Which addresses may be read: `backend.reading.allow`, with Backstage's own meaning of hosts, ports and paths."""

from collections.abc import Sequence

from callboard.base.errors import NotAllowed
from callboard.base.settings import ReadingAllow
from callboard.outbound import Network, WebAddress
from callboard.outbound.address import normal_path

__all__ = ["allowed_network"]


def allowed_network(address: WebAddress, allow: Sequence[ReadingAllow]) -> Network:
    """How far a request to `address` may reach. Raises NotAllowed where it may not be read.

    A host counts with its port unless that is its scheme's own; `*.example.org` is every host below it: whoever owns a name
    there must not reach our network, while a host that the operator wrote down may lie in it. A path counts by prefix, in
    the one form in which it is sent.
    """
    for entry in sorted(allow, key=lambda e: e.host.startswith("*.")):
        if entry.paths and not any(_begins(address.path, prefix) for prefix in entry.paths):
            continue
        wanted = entry.host.lower()
        if wanted.startswith("*."):
            if address.name.endswith(wanted[1:]):
                return Network.PUBLIC
        elif address.name == wanted:
            return Network.OURS
    raise NotAllowed(
        f"reading from {address.name}{address.path[:100]} is not allowed; add the host to backend.reading.allow",
        code="url-not-allowed",
    )


def _begins(path: str, prefix: str) -> bool:
    """A prefix is brought to the form of the path; one that has none is never met."""
    normal = normal_path(prefix)
    return normal is not None and path.startswith(normal)
