"""The page of a log: what was read before it broke off is shown with why, and who leaves ends the reading."""

import asyncio
from urllib.parse import urlsplit

import msgspec

from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.protocol import LogQuery
from callboard.portal.views import LogView, ObjectKey
from support.web_scenes import StubPortal
from support.web_server import get, serving

LOG = "/catalog/default/component/dice-roller/kubernetes/object/eu-west-1/pods/dice/p/log"


class Endless(StubPortal):
    """Its log is never read to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.given_up = asyncio.Event(), asyncio.Event()

    async def log(self, ref: EntityRef, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up.set()
        raise AssertionError("nobody ends it")


class Broken(StubPortal):
    """Its log breaks off in the middle; `more` is what else is told of it."""

    def __init__(self, **more: object) -> None:
        super().__init__()
        self.more = more

    async def log(self, ref: EntityRef, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        return msgspec.structs.replace(await super().log(ref, key, query, caller), **self.more)


async def test_who_leaves_ends_the_reading_of_a_log() -> None:
    portal = Endless()
    async with serving(portal) as base:
        address = urlsplit(base)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"GET {LOG} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        await asyncio.wait_for(portal.begun.wait(), 10)
        assert not portal.given_up.is_set()
        writer.close()
        await asyncio.wait_for(portal.given_up.wait(), 10)


async def test_what_was_read_of_a_log_stands_beside_why_it_ends() -> None:
    portal = Broken(failure="The log breaks off.", failure_words="nothing came for 10 s")
    async with serving(portal) as base:
        page = await get(base, LOG)
    assert page.status == 200
    assert "The log breaks off." in page.text
    assert "nothing came for 10 s" in page.text
    assert "INFO current roll 7" in page.text
    assert "holds no lines" not in page.text


async def test_a_log_that_is_longer_than_is_read_says_so() -> None:
    async with serving(Broken(bounded=64 * 1024)) as base:
        page = await get(base, LOG)
    assert "No more than 64 KiB of a log are read at once" in page.text
