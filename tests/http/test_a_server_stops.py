"""Whoever comes at the very moment a server stops is let go, and nothing is told of it in the log."""

import asyncio
import logging
import socket

import pytest

from callboard.http.server import Server, bind
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass


class Everybody:
    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        return Admitted(Caller.anonymous())


async def test_who_comes_as_it_stops_is_let_go_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    site = Site((), Everybody(), lambda trouble, request_id, address: "")
    for before in (0, 1):  # nobody was there, or somebody whose turn to be taken has not come
        listener = bind("127.0.0.1", 0)
        address = listener.getsockname()
        stop, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(Server(site, listener, drain=1).run(stop, ready.set))
        await ready.wait()
        await asyncio.sleep(0)  # it waits for somebody by now
        comers = [socket.create_connection(address)]
        for _ in range(before):
            await asyncio.sleep(0)
            comers.append(socket.create_connection(address))
        stop.set()
        await running
        for each in comers:
            each.settimeout(30)
            try:
                assert await asyncio.to_thread(each.recv, 1) == b""
            except ConnectionError:
                pass
            each.close()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
