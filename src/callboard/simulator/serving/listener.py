"""aiohttp's low-level server, as an API server looks from outside: connections counted, no `Server` header."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from callboard.simulator.serving.counters import Counters

__all__ = ["Listener"]


class _Request(web.BaseRequest):
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Called when a response's headers are complete; aiohttp names itself there, an API server does not."""
        response.headers.popall("Server", None)


class Listener(web.Server):
    """Counts every connection whose handshake came about."""

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], counters: Counters
    ) -> None:
        loop = asyncio.get_running_loop()

        def request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
            return _Request(message, payload, protocol, writer, task, loop)

        super().__init__(
            handler,
            request_factory=request,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=75.0,
        )
        self._counters = counters

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        self._counters.connections_opened += 1
        super().connection_made(handler, transport)
