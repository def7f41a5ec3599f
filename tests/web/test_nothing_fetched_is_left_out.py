"""Whatever the portal gives, the tab names."""

from collections.abc import Iterator

import msgspec

from callboard.portal.views import ObjectKey
from callboard.web.urls import Urls
from support.web_scenes import REF, TROUBLE, StubPortal
from support.web_server import get, serving


def keys(node: object) -> Iterator[ObjectKey]:
    """Every object key anywhere in a view."""
    if isinstance(node, ObjectKey):
        yield node
    elif isinstance(node, msgspec.Struct):
        for field in node.__struct_fields__:
            yield from keys(getattr(node, field))
    elif isinstance(node, tuple):
        for each in node:
            yield from keys(each)


async def test_every_object_of_the_view_has_its_drawer() -> None:
    async with serving(StubPortal()) as base:
        page = (await get(base, "/catalog/default/component/dice-roller/kubernetes")).text
        wanted = set(keys(TROUBLE))
        assert len(wanted) > 15
        assert {str(k) for k in wanted if f'href="{Urls().object_url(REF, k)}"' not in page} == set()
        for key in wanted:
            assert (await get(base, Urls().object_url(REF, key))).status == 200
