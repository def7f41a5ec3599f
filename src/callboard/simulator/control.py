"""The control port: switching misbehaviour, time and troubles of a running fleet, on loopback, behind a token."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from aiohttp import web

from callboard.base.errors import CallboardError
from callboard.simulator.fleet import Fleet
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.scenarios.schema import TroubleSpec

__all__ = ["control_port"]


class ControlCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`do` is chaos-on, chaos-off, step, speed, compact, trouble or heal; the rest says with what, on which clusters."""

    do: str
    clusters: str = "*"
    mode: str = ""
    path: str = "*"
    seconds: float = 0.0
    retry_after: int | None = None
    size: int = 0
    times: int | None = None
    message: str = ""
    method: str = ""
    service: str = ""
    trouble: str = ""
    version: str = ""
    speed: float = 1.0


def _carry_out(fleet: Fleet, command: ControlCommand) -> dict[str, Any]:
    touched = [cluster for cluster in fleet if fnmatchcase(cluster.name, command.clusters)]
    if command.do == "step":
        fleet.step(command.seconds)
    elif command.do == "speed":
        fleet.timeline.speed = command.speed
    else:
        for cluster in touched:
            stage = fleet.stages[cluster.name]
            if command.do == "chaos-on":
                cluster.chaos.on(
                    command.mode,
                    command.path,
                    seconds=command.seconds,
                    retry_after=command.retry_after,
                    size=command.size,
                    times=command.times,
                    message=command.message,
                    method=command.method,
                )
            elif command.do == "chaos-off":
                cluster.chaos.off(command.mode or None)
            elif command.do == "compact":
                cluster.store.compact()
            elif command.do in ("trouble", "heal"):
                trouble = TroubleSpec(command.trouble, command.service, version=command.version)
                (stage.start if command.do == "trouble" else stage.heal)(trouble)
            else:
                return {"error": f"no such command: {command.do}"}
    return {"clusters": [cluster.name for cluster in touched]}


@asynccontextmanager
async def control_port(fleet: Fleet, port: int | None) -> AsyncIterator[str]:
    """Serve `POST /` with a JSON command on 127.0.0.1; yields `URL token`, or "" when no port is wanted."""
    if port is None:
        yield ""
        return
    token = secrets.token_urlsafe(24)

    async def handle(request: web.BaseRequest) -> web.Response:
        if not secrets.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}"):
            return web.json_response({"error": "the token printed at start is needed"}, status=401)
        if request.method == "GET":
            shown = {
                cluster.name: {
                    "url": cluster.url,
                    "requests": cluster.counters.requests,
                    "open_watches": cluster.counters.open_watches,
                    "open_connections": cluster.open_connections,
                    "connections_opened": cluster.counters.connections_opened,
                    "chaos": [rule.mode for rule in cluster.chaos.rules],
                }
                for cluster in fleet
            }
            return web.json_response(shown)
        try:
            told = _carry_out(fleet, msgspec.json.decode(await request.read(), type=ControlCommand))
        except (msgspec.DecodeError, CallboardError, ApiRefusal, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(told, status=400 if "error" in told else 200)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]} {token}"
    finally:
        await runner.cleanup()
