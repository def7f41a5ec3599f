"""What a cluster has been asked: counts for tests to assert."""

from collections import Counter, deque

__all__ = ["Counters"]


class Counters:
    """`paths` counts requests by path without query; `log` holds the last ones as (method, path with query, user);
    `connections_opened` counts connections whose TLS handshake came about."""

    def __init__(self, keep: int = 10_000) -> None:
        self.paths: Counter[str] = Counter()
        self.log: deque[tuple[str, str, str]] = deque(maxlen=keep)
        self.requests = 0
        self.watches_opened = 0
        self.open_watches = 0
        self.open_follows = 0
        self.connections_opened = 0
        self.bytes_sent = 0

    @property
    def questions(self) -> int:
        """Requests but those whether anybody is there, which whoever watches sends when a cluster has been quiet for long."""
        return self.requests - self.paths["/livez"]

    def count(self, path: str) -> int:
        """Requests whose path ends with `path` (so `/pods` counts every pod list)."""
        return sum(count for seen, count in self.paths.items() if seen.endswith(path))

    def reset(self) -> None:
        """Forget what was counted; what is open stays open."""
        self.paths.clear()
        self.log.clear()
        self.requests = self.watches_opened = self.connections_opened = self.bytes_sent = 0
