"""What pages can be kept current with. A new kind of live page is one more class that fits `Topic`.

A topic's address is "kind/key": the page carries it in `data-topic`, the browser hands it back, and whoever knows the kind
takes the key apart, as foreign text.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from callboard.base.errors import NotFound
from callboard.model.caller import Caller

__all__ = ["Drawn", "Live", "Topic", "Topics"]


class Drawn(Protocol):
    """A view as it is sent; `fragments.Frame` is one."""

    def beyond(self, held: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        """What a reader lacks who holds these tags, as the members of a JSON object, empty for nothing; and what they hold
        then."""
        ...


class Live(msgspec.Struct, frozen=True):
    """A topic, opened. `views` go on until nothing more will come; only the newest is kept until it is drawn, so they may
    come faster than anyone reads. A view with `settled` False is known to be followed by another soon.

    `draw` makes a view's frame; what has not changed since another frame should be the same fragments (`Fragments.of`).
    It gives way to others while it works on something long. Closing `views` ends whatever feeds them.
    """

    views: AsyncIterator[object]
    draw: Callable[[Any], Awaitable[Drawn]]


class Topic(Protocol):
    """One kind of topic."""

    @property
    def kind(self) -> str:
        """The first part of its addresses: letters and hyphens."""
        ...

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        """Open one for this caller, who holds `have` of it, after the same checks as the page that shows it. Raises NotFound,
        UsageError or NotAllowed as that page would; the other topics of the stream are not affected."""
        ...


class Topics:
    """All kinds there are."""

    def __init__(self, kinds: Iterable[Topic]) -> None:
        self._kinds = {topic.kind: topic for topic in kinds}

    async def open(self, address: str, caller: Caller, have: Mapping[str, str]) -> Live:
        """Open the topic at an address. Raises what its kind raises, NotFound for an unknown kind."""
        kind, _, key = address.partition("/")
        topic = self._kinds.get(kind)
        if topic is None:
            raise NotFound("There is nothing of this kind that is kept current.")
        return await topic.open(key, caller, have)
