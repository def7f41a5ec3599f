"""`make rollover`: an upgrade while people look. Fifty streams, with the page's own rules for coming back, through what
stands for a Service and an Ingress; the next Callboard starts on the same PostgreSQL, and the first is told to end. Then the
same with one Callboard at a time, as on a volume.

Told is, for each way, how long a viewer was without a stream. It needs root or a user that initdb accepts, and some minutes.
"""

import argparse
import asyncio
import hashlib
import json
import random
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import yaml

from callboard.access.store import KeptSession, SessionStore
from callboard.base.database import DatabaseAddress, open_database
from callboard.base.secret import Secret
from callboard.simulator.fleet import Fleet
from support.databases import PASSWORD, USER, binaries, server

HOST = "portal.example.org"
PUBLIC = f"https://{HOST}"
SECRET = "a-cookie-of-the-measurement".ljust(43, "x")
TOPIC = "tab/kubernetes/default/component/dice-roller"
BETWEEN = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds until a page tries again: static/stream.js."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 - facing people, behind the stand-in for a proxy
LAG = 2.0
"""Seconds until what sends requests has heard that a pod ends, or that there is one more."""


class Service:
    """Passes bytes on to the pods that it knows of, by turns."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self._turn = 0

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._turn += 1
        try:
            port = self.ports[self._turn % len(self.ports)]
            there, back = await asyncio.open_connection("127.0.0.1", port)
        except (OSError, ZeroDivisionError):
            writer.close()
            return
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Viewer:
    """One open page of whoever sends `headers`: `gaps` are seconds without a stream, `refused` what would have had it
    reloaded."""

    def __init__(self, url: str, http: aiohttp.ClientSession, headers: Mapping[str, str]) -> None:
        self._url = url
        self._http = http
        self._headers = {"Origin": PUBLIC, **headers}
        self.open = False
        self.gaps: list[float] = []
        self.refused: list[int] = []
        self.tries = 0
        self.first = asyncio.Event()
        self.said = ""
        """What the last refusal said."""

    async def look(self) -> None:
        """For good."""
        failures, ended = 0, 0.0
        loop = asyncio.get_running_loop()
        while True:
            greeted = False
            self.tries += 1
            with suppress(aiohttp.ClientError, OSError):
                async with self._http.post(
                    f"{self._url}/live",
                    json={"watch": [{"as": "1", "topic": TOPIC, "have": {}}], "once": False},
                    headers=self._headers,
                ) as answer:
                    if answer.status in (401, 403):
                        self.refused.append(answer.status)
                    if answer.status != 200:
                        self.said = f"{answer.status} {(await answer.text())[:200]}"
                    async for line in answer.content:
                        if line.startswith(b"event: hello"):
                            greeted, failures, self.open = True, 0, True
                            if ended:
                                self.gaps.append(loop.time() - ended)
                            ended = 0.0
                        elif line.startswith(b"event: update"):
                            self.first.set()
            ended, self.open = ended or loop.time(), False
            spread = random.uniform(0.7, 1.3)  # noqa: S311 - as pages do
            await asyncio.sleep(BETWEEN[min(failures, len(BETWEEN) - 1)] * spread)
            failures = 0 if greeted else failures + 1


class Running:
    """One `callboard serve`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    async def ready(self, http: aiohttp.ClientSession) -> None:
        """Until it says so."""
        while self._process.returncode is None:
            with suppress(aiohttp.ClientError, OSError):
                async with http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
        raise SystemExit("a Callboard ended at its start")

    def kill(self) -> None:
        """At the end, whatever it is doing."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def tell_to_stop(self) -> None:
        """As the kubelet does."""
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> None:
        """Until it is gone."""
        await self._process.wait()


class Scene:
    """Where configurations, logs and tables are."""

    def __init__(
        self, folder: Path, kubeconfig: Path, database: dict[str, object] | None, delay: str
    ) -> None:
        self.folder = folder
        (folder / "catalog.yaml").write_text(_CATALOG)
        (folder / "secret").write_text("bm90IGEgc2VjcmV0IGJ1dCBsb25nIGVub3VnaCBmb3Igb25lCg==\n")
        self._settings = {
            "app": {"baseUrl": PUBLIC},
            "auth": {
                "environment": "production",
                "session": {"secret": {"$file": str(folder / "secret")}},
                "providers": {"oidc": {"production": {
                    "metadataUrl": "https://login.example.org/.well-known/openid-configuration",
                    "clientId": "callboard", "clientSecret": "x",
                    "signIn": {"resolvers": [{"resolver": "emailMatchingUserEntityProfileEmail"}]},
                }}},
            },
            "backend": {"database": {"client": "pg", "connection": database}} if database else {},
            "catalog": {
                "rules": [{"allow": ["Component", "User"]}],
                "locations": [{"type": "file", "target": str(folder / "catalog.yaml")}],
            },
            "kubernetes": {"clusterLocatorMethods": [{"type": "kubeconfig", "files": [str(kubeconfig)]}]},
            "callboard": {"web": {"trustedProxies": ["127.0.0.0/8"], "drainDelay": delay}},
        }  # fmt: skip

    async def serve(self, python: Sequence[str], name: str, port: int, data: str, address: str) -> Running:
        """Start one. Its state lies in the folder `data`."""
        settings = json.loads(json.dumps(self._settings))
        settings["callboard"]["dataDirectory"] = str(self.folder / data)
        settings["backend"]["listen"] = {"host": address, "port": port}
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(settings))
        with (self.folder / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *python, "serve", "--config", str(path), stdout=log, stderr=log
            )
        return Running(process, port)


@asynccontextmanager
async def viewers(url: str, count: int) -> AsyncIterator[list[Viewer]]:
    """So many open pages, each shown whole."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    forever = aiohttp.ClientTimeout(total=None, sock_read=None)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=forever) as http,
        asyncio.TaskGroup() as group,
    ):
        anna = {"Host": HOST, "Cookie": f"__Host-callboard={SECRET}"}
        found = [Viewer(url, http, anna) for _ in range(count)]
        tasks = [group.create_task(each.look()) for each in found]
        try:
            async with asyncio.timeout(120):
                for each in found:
                    await each.first.wait()
        except TimeoutError:
            raise SystemExit(f"no page was shown: {found[0].said}") from None
        try:
            yield found
        finally:
            for task in tasks:
                task.cancel()


async def session(store: SessionStore) -> None:
    """Somebody who signed in."""
    now = datetime.now(UTC)
    await store.add(
        KeptSession(
            digest=hashlib.sha256(SECRET.encode()).hexdigest(),
            id="measured",
            place=PUBLIC,
            host="",
            kind="person",
            subject="user:default/anna",
            began=now,
            seen=now,
            ends=now + timedelta(hours=1),
            way="oidc",
            issuer="https://login.example.org",
            account="anna",
            claims=json.dumps({"email": "anna@example.org", "email_verified": True}),
        ),
        now - timedelta(days=1),
    )


_CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: anna}
spec: {memberOf: [], profile: {email: anna@example.org}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: dice-roller, annotations: {backstage.io/kubernetes-id: dice-roller}}
spec: {type: service, lifecycle: production, owner: anna}
"""


def told(name: str, found: Sequence[Viewer]) -> None:
    """What it came to."""
    longest = sorted(max(each.gaps, default=0.0) for each in found)
    without = sum(1 for each in found if not each.gaps)
    reloads = sum(len(each.refused) for each in found)
    sys.stdout.write(
        f"{name}: {len(found)} viewers, {reloads} refused, {without} never came back; seconds without a stream: "
        f"median {longest[len(longest) // 2]:.1f}, longest {longest[-1]:.1f}; tries {sum(e.tries for e in found)}\n"
    )


def free_port() -> int:
    """One that nobody has."""
    with socket.create_server((EVERYWHERE, 0)) as found:
        port: int = found.getsockname()[1]
        return port


async def measure(old: Sequence[str], new: Sequence[str], count: int, folder: Path, rolling: bool) -> None:
    """Both ways."""
    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL's initdb is missing")
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet.start("quiet", clusters=2))
        kubeconfig = fleet.kubeconfig(folder / "kubeconfig")
        postgres = stack.enter_context(server(programs, folder / "pg"))
        database = {
            "host": "127.0.0.1",
            "port": postgres.port,
            "user": USER,
            "password": PASSWORD,
            "database": "postgres",
        }
        scene = Scene(folder, kubeconfig, database, "5s" if rolling else "0s")
        service = Service()
        listening = await asyncio.start_server(service.pass_on, "127.0.0.1", 0)
        await stack.enter_async_context(listening)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        http = await stack.enter_async_context(aiohttp.ClientSession())
        first = await scene.serve(old, "first", free_port(), "one", EVERYWHERE)
        stack.callback(first.kill)
        await first.ready(http)
        place = DatabaseAddress(
            parameters={"host": "127.0.0.1", "port": str(postgres.port), "user": USER, "dbname": "postgres"},
            password=Secret(PASSWORD),
        )
        tables = open_database(place)
        await session(SessionStore(tables))
        await tables.close()
        service.ports = [first.port]
        found = await stack.enter_async_context(viewers(url, count))
        loop = asyncio.get_running_loop()
        if rolling:
            second = await scene.serve(new, "second", free_port(), "two", EVERYWHERE)
            stack.callback(second.kill)
            await second.ready(http)
            await asyncio.sleep(LAG)
            service.ports = [first.port, second.port]
            first.tell_to_stop()
            await asyncio.sleep(LAG)
            service.ports = [second.port]
            await first.ended()
        else:
            began = loop.time()
            first.tell_to_stop()
            await first.ended()
            gone = loop.time() - began
            second = await scene.serve(new, "second", first.port, "one", EVERYWHERE)
            stack.callback(second.kill)
            await second.ready(http)
            sys.stdout.write(f"gone after {gone:.1f} s, ready again after {loop.time() - began:.1f} s\n")
        async with asyncio.timeout(90):
            while not all(each.gaps for each in found):  # noqa: ASYNC110 - what is waited for is in other processes
                await asyncio.sleep(0.1)
        told("one replica after the other" if not rolling else "a rolling upgrade", found)


def main() -> None:
    """Measure, and tell."""
    here = [sys.executable, "-c", "from callboard.app.main import main; main()"]
    parser = argparse.ArgumentParser(prog="bench.rollover", description="An upgrade while people look.")
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--old", help="the callboard before the upgrade (default: this one)")
    said = parser.parse_args()
    old = [said.old] if said.old else here
    for rolling in (True, False):
        with tempfile.TemporaryDirectory(prefix="callboard-rollover-") as folder:
            Path(folder).chmod(0o755)
            asyncio.run(measure(old, here, said.viewers, Path(folder), rolling))


if __name__ == "__main__":
    main()
