"""What a browser asks of the stream: which topics, and what it holds of each. Foreign text in, bounded structs out."""

from typing import Annotated

import msgspec
from starlette.requests import Request

from callboard.base.errors import UsageError

__all__ = ["MOST_TOPICS", "LiveRequest", "WantedTopic", "live_request"]

MOST_TOPICS = 32
"""Topics of one stream. Nobody reads more pages at once; `worker.js` leaves the tabs looked at longest ago out."""
MOST_BYTES = 512 * 1024
"""Of a request: 32 services in a hundred clusters each, with every tag."""

Short = Annotated[str, msgspec.Meta(max_length=200)]


class WantedTopic(msgspec.Struct, frozen=True, rename={"as_": "as"}):
    """One topic, under a name that the browser chose. `have` is what it holds: ids of elements and lists, and their tags."""

    as_: Annotated[str, msgspec.Meta(max_length=40)]
    topic: Annotated[str, msgspec.Meta(max_length=2000)]
    have: Annotated[dict[Short, Short], msgspec.Meta(max_length=2000)] = {}


class LiveRequest(msgspec.Struct, frozen=True):
    """`once` asks for what is new now and no more: where something between us and the browser holds streams back."""

    watch: Annotated[tuple[WantedTopic, ...], msgspec.Meta(min_length=1, max_length=MOST_TOPICS)]
    once: bool = False


async def live_request(request: Request) -> LiveRequest:
    """Read the body. Raises UsageError for one that is too large or not understood."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise UsageError(f"A request for live updates has at most {MOST_BYTES} bytes.")
    try:
        return msgspec.json.decode(body, type=LiveRequest)
    except msgspec.MsgspecError as error:
        raise UsageError(f"This request for live updates is not understood: {error}.") from None
