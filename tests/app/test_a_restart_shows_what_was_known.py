"""`callboard serve` ends and is started again while no cluster answers: list, page and JSON are there, with their age."""

import asyncio
import re
import signal
import socket
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callboard.simulator import Fleet
from support.listening import eventually
from support.portal import write_config

LINK = re.compile(r"(http://127\S+)/sign-in\?token=\S+")
DICE = "/services/default/component/dice-roller"


class Running:
    """A served Callboard, signed in to."""

    def __init__(self, process: asyncio.subprocess.Process, base: str, http: aiohttp.ClientSession) -> None:
        self.process, self.base, self._http = process, base, http

    @property
    def cookies(self) -> dict[str, str]:
        return {each.key: each.value for each in self._http.cookie_jar}

    async def json(self, path: str) -> Any:
        async with self._http.get(f"{self.base}/api/callboard/v1{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def page(self) -> str:
        async with self._http.get(
            f"{self.base}/catalog/default/component/dice-roller/kubernetes", headers={"Accept": "text/html"}
        ) as answer:
            assert answer.status == 200
            return await answer.text()


@asynccontextmanager
async def served(config: Path, directory: Path, port: int = 0) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from callboard.app.main import main; main()"),
        *("serve", "--config", str(config), "--port", str(port)),
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while not (found := LINK.search((await process.stdout.readline()).decode())):
                assert process.returncode is None
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            async with http.get(found.group(), headers={"Sec-Fetch-Site": "none"}) as answer:
                assert answer.status == 200, await answer.text()
            yield Running(process, found.group(1), http)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def test_whoever_is_signed_in_still_is_after_a_restart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Fleet.start("quiet", speed=0.0) as fleet:
        config = write_config(tmp_path, fleet, "dice-roller")
        async with served(config, tmp_path, port) as app:
            await app.json(DICE)
            cookies = app.cookies
        async with served(config, tmp_path, port) as app, aiohttp.ClientSession(cookies=cookies) as before:
            async with before.get(f"{app.base}/api/callboard/v1{DICE}") as answer:
                assert answer.status == 200
            async with aiohttp.ClientSession() as nobody, nobody.get(app.base + "/catalog") as answer:
                assert answer.status == 401


def told(status: dict[str, Any]) -> object:
    """What a status says of the workloads, without when."""
    return [
        (c["name"], [(w["name"], w["ready"], w["desired"], len(w["pods"])) for w in c["workloads"]])
        for c in status["clusters"]
    ]


def stale_since(status: dict[str, Any]) -> list[str]:
    return [row["staleSince"] for c in status["clusters"] for row in c["freshness"] if row["staleSince"]]


async def listed(app: Running, *healths: str) -> dict[str, Any]:
    """The service's row of the list, as soon as it tells a health, or one of these."""
    async with asyncio.timeout(10):
        while True:
            services: list[dict[str, Any]] = (await app.json("/services?kind=component"))["services"]
            (row,) = [s for s in services if s["ref"] == "component:default/dice-roller"]
            if row["healthAsOf"] and (not healths or row["health"] in healths):
                return row
            await asyncio.sleep(0.1)


async def settled(app: Running) -> dict[str, Any]:
    async with asyncio.timeout(40):
        while True:
            status: dict[str, Any] = await app.json(f"{DICE}/kubernetes?wait=2")
            if status["verdict"]["health"] == "healthy" and not stale_since(status):
                return status
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_everything_known_is_there_at_once_and_heals_by_itself(
    end: signal.Signals, tmp_path: Path
) -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        config = write_config(
            tmp_path,
            fleet,
            "dice-roller",
            callboard={
                "parts": {"objectsProvider": "hub"},
                "checkpoint": {"every": "300s" if end is signal.SIGTERM else "500ms"},
            },
        )
        hub = tmp_path / "data" / "hub"
        async with served(config, tmp_path) as app:
            before = await settled(app)
            if end is signal.SIGKILL:
                # All thirteen types of both clusters, and the verdict.
                await eventually(lambda: len(checkpoints(hub)) >= 26 and remembered(tmp_path), within=30)
            app.process.send_signal(end)
            await app.process.wait()
        assert checkpoints(hub)
        assert {stat.S_IMODE(path.stat().st_mode) for path in checkpoints(hub)} == {0o600}
        assert stat.S_IMODE(hub.stat().st_mode) == 0o700
        stopped = datetime.now(UTC)
        homes = [(s, int(s.url.rpartition(":")[2]), s._pair) for s in fleet]
        for server in fleet:
            await server.close()
        async with served(config, tmp_path) as app:
            row = await listed(app)
            assert datetime.fromisoformat(row["healthAsOf"]) <= stopped
            first = await app.json(f"{DICE}/kubernetes?wait=1")
            assert told(first) == told(before)
            ages = stale_since(first)
            assert len(ages) >= 2
            assert all(datetime.fromisoformat(age) <= stopped for age in ages)
            assert first["verdict"]["health"] == "unknown"
            judged = await listed(app, "unknown")
            assert datetime.fromisoformat(judged["healthAsOf"]) <= stopped, "as of what it was made of"
            page = await app.page()
            assert "dice-roller" in page
            assert "Stale since" in page
            for server, port, pair in homes:
                assert pair is not None
                await server.serve(pair, port)
            after = await settled(app)
            assert told(after) == told(before)


def remembered(directory: Path) -> bool:
    with closing(sqlite3.connect(directory / "data" / "callboard.sqlite")) as tables:
        found = tables.execute("SELECT count(*) FROM history_verdicts WHERE health = 'healthy'").fetchone()
    return bool(found[0])


def checkpoints(hub: Path) -> list[Path]:
    return sorted(hub.glob("*.checkpoint"))
