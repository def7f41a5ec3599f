"""Being told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

__all__ = ["stop_signals"]


@contextlib.contextmanager
def stop_signals(stop: asyncio.Event, again: asyncio.Event | None = None) -> Iterator[None]:
    """Set `stop` on SIGTERM and SIGINT while the context lasts, and `again` on those that follow."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set() and again is not None:
            again.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
