"""Objects in their drawers and on their pages: drawn into frames, and kept current as topics."""

from collections.abc import Mapping

from markupsafe import Markup

from callboard.base.clock import Clock
from callboard.base.errors import UsageError
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.protocol import Portal
from callboard.portal.views import ObjectKey, ObjectView
from callboard.web.live.fragments import Fragment, Frame
from callboard.web.live.topics import Live
from callboard.web.queries import entity_ref, object_key
from callboard.web.rendering import Renderer
from callboard.web.urls import named_object, object_path

__all__ = ["PARTS", "ObjectTopic", "object_frame", "object_pieces"]

PARTS = ("head", "state", "events", "about", "yaml")
"""Elements of which each is replaced by itself, in their order."""


def object_frame(renderer: Renderer, clock: Clock, ref: EntityRef, view: ObjectView) -> Frame:
    """The elements of an object's page."""
    at = clock.monotonic()
    return Frame.of(
        Fragment(f"object-{part}", renderer.page(f"object/{part}.html", ref=ref, view=view).strip(), at=at)
        for part in PARTS
    )


def object_pieces(frame: Frame, clock: Clock) -> Mapping[str, Markup]:
    """The same by their names, as they stand in a page."""
    return {f.id.removeprefix("object-"): f.html(clock) for f in frame.fragments}


class ObjectTopic:
    """`object/<seven parts of its address>`."""

    kind = "object"

    def __init__(self, portal: Portal, renderer: Renderer, clock: Clock) -> None:
        self._portal = portal
        self._renderer = renderer
        self._clock = clock

    @classmethod
    def address(cls, ref: EntityRef, key: ObjectKey) -> str:
        """The topic that keeps an object current."""
        return f"{cls.kind}/{object_path(ref, key)}"

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        """Its views as they come. Raises as the page does."""
        params = named_object(key)
        if not params:
            raise UsageError("An object's topic is object/ and the seven parts of its address.")
        ref, object_ = entity_ref(params), object_key(params)

        async def draw(view: ObjectView) -> Frame:
            return object_frame(self._renderer, self._clock, ref, view)

        return Live(self._portal.object_live(ref, object_, caller), draw)
