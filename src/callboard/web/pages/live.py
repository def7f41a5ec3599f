"""The one stream that keeps all open tabs of a browser current."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from callboard.http.door import admission_ended, caller_of, still_admitted
from callboard.web.live.request import live_request
from callboard.web.live.stream import LiveStream, Pace
from callboard.web.live.topics import Topics

__all__ = ["LivePages"]


class LivePages:
    """`/live`."""

    def __init__(self, topics: Topics, pace: Pace, draining: asyncio.Event) -> None:
        self._topics = topics
        self._pace = pace
        self._draining = draining

    async def stream(self, request: Request) -> Response:
        """Server-sent events for the topics in the body, each with what the browser has not got; `once`: what is new now."""
        wanted = await live_request(request)
        return LiveStream(
            wanted,
            self._topics,
            caller_of(request),
            self._pace,
            admitted=still_admitted(request),
            ended=admission_ended(request),
            draining=self._draining,
        )
