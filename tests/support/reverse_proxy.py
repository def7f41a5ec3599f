"""A small reverse proxy that shows a site below a path, as nginx would: it passes the path on, or takes it off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host"})


class Proxied:
    """`url` is what people open, with the path; `escaped` are the paths asked for that are not below it."""

    def __init__(self, origin: str, base: str) -> None:
        self.origin = origin
        self.url = origin + base
        self.escaped: list[str] = []


@asynccontextmanager
async def proxied(upstream: str, base: str, *, strips: bool, host: str = "") -> AsyncIterator[Proxied]:
    """Before `upstream`; `host` is what it says for Host, its own address without."""

    async def forward(request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        inner = path.split("?", 1)[0]
        if inner != base and not inner.startswith(f"{base}/"):
            shown.escaped.append(path)
            return web.Response(status=404, text="another program's")
        if strips:
            path = path[len(base) :]
            path = path if path.startswith("/") else f"/{path}"
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in HOP]
        if host:
            headers.append(("Host", host))
        async with client.request(
            request.method,
            URL(upstream + path, encoded=True),
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            for key, value in answer.headers.items():
                if key.lower() not in HOP | {"content-length"}:
                    response.headers.add(key, value)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as client:
        runner = web.ServerRunner(web.Server(forward), shutdown_timeout=0.5)
        await runner.setup()
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        shown = Proxied(f"http://127.0.0.1:{runner.addresses[0][1]}", base)
        try:
            yield shown
        finally:
            await runner.cleanup()
