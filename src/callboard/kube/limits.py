"""What one cluster may cost: time, connections and memory."""

import msgspec

from callboard.base.settings.callboard import ClusterLimits

__all__ = ["Limits"]

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All times in seconds, all sizes in bytes. Those of the settings are told there; the others stand here with a reason.

    `first_byte` runs from the moment the request is on its way to the first line of the answer; `idle` between two pieces
    of a body; `whole` over one request with all that belongs to it, waiting for a free connection included.
    """

    connections: int = 8
    connect: float = 5.0
    first_byte: float = 10.0
    """An API server that is well begins a list of 500 objects within a second; etcd's own slow path gives up after ten."""
    idle: float = 10.0
    whole: float = 15.0
    max_body: int = 64 * MIB
    max_nesting: int = 64
    gzip: bool = False
    """Ask for compressed answers. Inflating costs as much CPU as decoding: worth it over slow lines only."""
    page_size: int = 500
    """Objects a page of a list: kubectl's and client-go's own."""
    max_objects: int = 20_000
    """Objects read for one question; beyond, the outcome says `truncated`. Three of the largest services we know of."""
    max_list: int = 256 * MIB
    """Bytes of all pages of a list, and of a streaming list as it is kept; beyond, the outcome says `truncated`: as many objects
    as are read, of a pod's size and half as much again."""
    max_line: int = 4 * MIB
    """Bytes in one line of a watch: etcd refuses objects above 1.5 MiB, and JSON may double that."""
    max_log: int = 1 * MIB
    max_log_line: int = 16 * 1024
    """Bytes shown of one log line: the kubelet itself splits lines at 16 KiB."""
    watch_silence: float = 150.0
    """Without one byte for so long, a watch is taken for dead and resumed: API servers send a bookmark every minute."""
    watch_start: float = 15.0
    """A streaming list of which nothing new has come for so long (a proxy holds it back, or the server ignores the request for
    it) is given up in favour of list and watch."""

    @classmethod
    def of(cls, settings: ClusterLimits) -> "Limits":
        """The limits of a cluster as configured."""
        return cls(
            connections=settings.connections,
            connect=settings.connect_deadline,
            first_byte=settings.idle_deadline,
            idle=settings.idle_deadline,
            whole=settings.hard_deadline,
            max_body=settings.max_body_bytes,
            max_nesting=settings.max_nesting,
            max_log=settings.max_log_bytes,
        )
