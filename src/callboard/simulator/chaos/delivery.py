"""Carrying misbehaviour out: before an answer exists, on its bytes, on its way, and on watch streams."""

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from callboard.simulator.chaos import bodies
from callboard.simulator.chaos.rules import STATUS_MODES, ChaosRule
from callboard.simulator.machinery.refusal import ApiRefusal, expired
from callboard.simulator.machinery.tree import Tree, encode
from callboard.simulator.serving.answer import HttpAnswer, refused

__all__ = ["before", "deliver", "followed", "watched"]

FOREVER = 3600.0
"""Seconds a hang lasts; whoever waits has given up long before."""
_WAYS = frozenset(["hang-in-body", "drip", "truncated", "reset-in-body", "enormous"])
"""Modes about how bytes travel, whatever they say."""
_HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>\n"


async def before(request: web.BaseRequest, rules: list[ChaosRule]) -> web.StreamResponse | None:
    """What happens instead of an answer, if anything."""
    for rule in rules:
        if rule.mode == "latency":
            await asyncio.sleep(rule.seconds)
        elif rule.mode == "hang":
            await asyncio.sleep(FOREVER)
        elif rule.mode == "freeze":
            await rule.over.wait()
        elif rule.mode == "half-open":
            if (transport := request.transport) is not None:
                transport.pause_reading()
            try:
                await asyncio.sleep(FOREVER)
            finally:
                if transport is not None:
                    transport.abort()  # nobody reads it any more, so nothing else would end it
        elif rule.mode == "reset":
            if request.transport is not None:
                request.transport.abort()
            await asyncio.sleep(0)
            return web.Response(status=500)
        elif rule.mode in STATUS_MODES:
            code, reason, message = STATUS_MODES[rule.mode]
            told = (rule.message or message).format(method=request.method.lower(), path=request.path)
            details: Tree | None = {} if code in (403, 404, 500) else None
            no = ApiRefusal(code, reason, told, details=details, retry_after=rule.retry_after)
            return refused(no).response(request)
        elif rule.mode == "html":
            return web.Response(body=_HTML, content_type="text/html")
        elif rule.mode == "redirect":
            return web.Response(
                status=302, headers={"Location": rule.message or "https://127.0.0.1:1/elsewhere"}
            )
    return None


async def deliver(
    request: web.BaseRequest,
    answer: HttpAnswer,
    rules: list[ChaosRule],
    dated: Callable[[web.StreamResponse], web.StreamResponse],
) -> web.StreamResponse:
    """Send an answer the way the rules say."""
    body = answer.body
    for rule in rules:
        body = bodies.spoil(rule, body)
    answer = HttpAnswer(body, answer.status, answer.content_type, answer.headers)
    way = next((rule for rule in rules if rule.mode in _WAYS), None)
    if way is None:
        return dated(answer.response(request))
    headers = {
        "Cache-Control": "no-cache, private",
        "Content-Type": answer.content_type or "application/json",
        **answer.headers,
    }
    response = dated(web.StreamResponse(status=answer.status, headers=headers))
    if way.mode != "enormous":
        response.content_length = len(body)
    await response.prepare(request)
    if way.mode == "enormous":
        await _enormous(response, way.size or 1 << 30)
    elif way.mode == "drip":
        piece = way.size or 64
        for start in range(0, len(body), piece):
            await response.write(body[start : start + piece])
            await asyncio.sleep(way.seconds or 0.1)
    else:
        await response.write(body[: len(body) // 2])
        if way.mode == "hang-in-body":
            await asyncio.sleep(FOREVER)
        elif way.mode == "reset-in-body" and request.transport is not None:
            request.transport.abort()
        elif request.transport is not None:
            request.transport.close()
        return response
    await response.write_eof()
    return response


async def _enormous(response: web.StreamResponse, size: int) -> None:
    """A list that never seems to end, `size` bytes long."""
    await response.write(b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[')
    item = (
        b'{"metadata":{"name":"enormous","namespace":"default","annotations":{"filler":"'
        + b"x" * 65_000
        + b'"}}},'
    )
    sent = 0
    while sent < size:
        await response.write(item)
        sent += len(item)
    await response.write(item[:-1] + b"]}\n")


async def watched(
    lines: AsyncIterator[bytes], rules: Callable[[], list[ChaosRule]], request: web.BaseRequest
) -> AsyncIterator[bytes]:
    """The lines of a watch, misbehaved as the rules say at each event."""
    async for line in lines:
        held = rules()
        modes = {rule.mode: rule for rule in held}
        if "freeze" in modes:
            await modes["freeze"].over.wait()
        if "watch-gone" in modes:
            yield (
                encode({"type": "ERROR", "object": expired("too old resource version: 1 (2)").body()}) + b"\n"
            )
            return
        if "watch-ends" in modes:
            if modes["watch-ends"].size:
                yield line[: modes["watch-ends"].size]
                if request.transport is not None:
                    request.transport.close()
            return
        if "watch-silent" in modes:
            continue
        if "watch-no-bookmarks" in modes and line.startswith(b'{"type":"BOOKMARK"'):
            continue
        for rule in held:
            line = bodies.spoil_event(rule, line)
        async for piece in _dealt(line, rules, request):
            yield piece
        if request.transport is None or request.transport.is_closing():
            return
        if "watch-repeats" in modes:
            yield line


async def followed(
    pieces: AsyncIterator[bytes], rules: Callable[[], list[ChaosRule]], request: web.BaseRequest
) -> AsyncIterator[bytes]:
    """The pieces of a followed log, misbehaved as the rules say at each."""
    async for piece in pieces:
        async for part in _dealt(piece, rules, request):
            yield part
        if request.transport is None or request.transport.is_closing():
            return


async def _dealt(
    piece: bytes, rules: Callable[[], list[ChaosRule]], request: web.BaseRequest
) -> AsyncIterator[bytes]:
    """One piece of a stream on its way: whole, or as the first rule about the way says."""
    way = next((rule for rule in rules() if rule.mode in _WAYS), None)
    if way is None:
        yield piece
    elif way.mode == "drip":
        step = way.size or 64
        while piece and way in rules():
            yield piece[:step]
            piece = piece[step:]
            await asyncio.sleep(way.seconds or 0.1)
        yield piece
    elif way.mode == "enormous":
        sent, filler = 0, b"x" * 65_536
        yield piece.rstrip()[:-1]
        while sent < (way.size or 1 << 30):
            yield filler
            sent += len(filler)
        yield piece[-2:]
    else:
        yield piece[: len(piece) // 2]
        if way.mode == "hang-in-body":
            await asyncio.sleep(FOREVER)
        if request.transport is not None:
            request.transport.abort() if way.mode == "reset-in-body" else request.transport.close()
