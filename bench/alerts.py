"""`make alerts`: a real Prometheus scrapes a real Callboard, and each alert of `deploy/monitoring` is made to fire, and to end.

The rules are those of the file, with every time in them (`for`, `[…]`) cut to seconds. Two simulated clusters, PostgreSQL, one
`callboard serve` on loopback. It needs Debian's `prometheus` and `postgresql`, and some minutes.
"""

import argparse
import asyncio
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import yaml

from bench.rollover import free_port
from callboard.simulator.fleet import Fleet
from support.checkout import ROOT
from support.databases import PASSWORD, USER, PostgresServer, binaries, server

RULES = ROOT / "deploy" / "monitoring" / "alerts.yaml"
TOPIC = "tab/kubernetes/default/component/dice-roller"
SERVE = (sys.executable, "-c", "from callboard.app.main import main; main()", "serve")
CONNECTIONS = 16
WINDOW = "20s"
"""What `[5m]` and `[10m]` become."""


class Fired(NamedTuple):
    """One alert: what was done, and seconds until it fired and until it was over after that had ended."""

    alert: str
    done: str
    fired: float
    over: float


class Prometheus:
    """Asked over its own API."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def firing(self) -> set[str]:
        """Names of alerts."""
        async with self._http.get(f"{self._url}/api/v1/alerts") as answer:
            found: list[dict[str, Any]] = (await answer.json())["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}

    async def until(self, alert: str, fires: bool, within: float = 240) -> float:
        """Seconds until it does, or does not any more."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() - began < within:
            with suppress(aiohttp.ClientError):
                if (alert in await self.firing()) == fires:
                    return loop.time() - began
            await asyncio.sleep(0.5)
        raise SystemExit(f"{alert} {'did not fire' if fires else 'did not end'} within {within:g} s")

    async def scrapes(self) -> None:
        """Wait until it has had an answer of Callboard's, and nothing fires."""
        while True:
            with suppress(aiohttp.ClientError):
                query = {"query": 'up{job="callboard"} == 1'}
                async with self._http.get(f"{self._url}/api/v1/query", params=query) as answer:
                    if (await answer.json())["data"]["result"] and not await self.firing():
                        return
            await asyncio.sleep(0.5)


class Scene:
    """A Callboard that can be killed and started again, with its configuration in a file."""

    def __init__(self, folder: Path, kubeconfig: Path, postgres: PostgresServer) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._browser: dict[str, str] = {}
        (folder / "catalog-info.yaml").write_text(_CATALOG)
        connection = {
            "host": "127.0.0.1", "port": postgres.port, "user": USER, "password": PASSWORD, "database": "postgres",
        }  # fmt: skip
        self._settings: dict[str, Any] = {
            "backend": {"listen": f"127.0.0.1:{self.port}", "database": {"client": "pg", "connection": connection}},
            "catalog": {"locations": [{"type": "file", "target": str(folder / "catalog-info.yaml")}]},
            "kubernetes": {"clusterLocatorMethods": [{"type": "kubeconfig", "files": [str(kubeconfig)]}]},
            "callboard": {
                "dataDirectory": str(folder / "data"),
                "web": {"maxConnections": CONNECTIONS},
                "clusters": {"hub": {"streams": 200}},
            },
        }  # fmt: skip
        self.budget(200)

    def budget(self, streams: int) -> None:
        """So many watches a cluster; a Callboard that runs reads it again."""
        self._settings["callboard"]["clusters"]["hub"]["streams"] = streams
        (self._folder / "app-config.yaml").write_text(yaml.safe_dump(self._settings))

    async def start(self, http: aiohttp.ClientSession) -> None:
        """Until it is ready."""
        self._browser = {}
        with (self._folder / "serve.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *SERVE, "--config", str(self._folder / "app-config.yaml"), stdout=log, stderr=log
            )
        while self._process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
        raise SystemExit((self._folder / "serve.log").read_text())

    async def again(self, http: aiohttp.ClientSession, streams: int) -> None:
        """A new start, with so many watches a cluster."""
        await self.kill()
        self.budget(streams)
        await self.start(http)

    async def kill(self) -> None:
        """`kill -9`."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    def send(self, what: signal.Signals) -> None:
        """A signal."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(what)

    async def stalls(self) -> None:
        """Its processor is away for 0.4 seconds of each."""
        try:
            while True:
                self.send(signal.SIGSTOP)
                await asyncio.sleep(0.4)
                self.send(signal.SIGCONT)
                await asyncio.sleep(0.6)
        finally:
            self.send(signal.SIGCONT)

    async def sign_in(self, http: aiohttp.ClientSession) -> dict[str, str]:
        """By the link in its log, which is good once; what a browser sends from then on."""
        link = re.search(r"http://\S+", (self._folder / "serve.log").read_text())
        if link is None:
            raise SystemExit("no link to sign in stands in the log")
        name, here = urlsplit(link[0]).netloc, f"http://127.0.0.1:{self.port}"
        way = link[0].replace(f"http://{name}", here)
        async with http.get(way, headers={"Host": name}, allow_redirects=False) as answer:
            cookie = "; ".join(f"{each.key}={each.value}" for each in answer.cookies.values())
        return {"Host": name, "Origin": f"http://{name}", "Cookie": cookie}

    @asynccontextmanager
    async def pages(self) -> AsyncIterator[Callable[[], Awaitable[int]]]:
        """What is given opens one more page's stream, and tells the status; all of them end together."""
        watch = {"watch": [{"as": "1", "topic": TOPIC, "have": {}}], "once": False}
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True), cookie_jar=aiohttp.DummyCookieJar()
            ) as http,
            AsyncExitStack() as open_,
        ):
            self._browser = self._browser or await self.sign_in(http)

            async def one_more() -> int:
                to = f"http://127.0.0.1:{self.port}/live"
                asked = http.post(to, json=watch, headers=self._browser)
                return (await open_.enter_async_context(asked)).status

            yield one_more

    async def crowd(self) -> None:
        """As many open pages as there is room for, and more who come. Then they go: nobody could scrape what was counted."""
        async with self.pages() as one_more:
            if await one_more() != 200:
                raise SystemExit("no page can be opened")
            for _ in range(CONNECTIONS + 7):
                with suppress(aiohttp.ClientError):
                    await one_more()


@asynccontextmanager
async def meanwhile(what: Awaitable[None]) -> AsyncIterator[None]:
    """It goes on for so long."""
    task = asyncio.ensure_future(what)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def scraping(folder: Path, port: int, http: aiohttp.ClientSession) -> AsyncIterator[Prometheus]:
    """Debian's Prometheus, with the rules in a hurry."""
    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("prometheus is missing: apt-get install prometheus")
    rules = re.sub(r"\bfor: \d+m", "for: 2s", RULES.read_text())
    (folder / "alerts.yaml").write_text(re.sub(r"\[\d+m\]", f"[{WINDOW}]", rules))
    (folder / "prometheus.yaml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "alerts.yaml")],
        "scrape_configs": [{"job_name": "callboard", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }))  # fmt: skip
    own = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own}", stdout=log, stderr=log,
        )  # fmt: skip
    try:
        found = Prometheus(f"http://127.0.0.1:{own}", http)
        async with asyncio.timeout(120):
            await found.scrapes()
        yield found
    finally:
        process.kill()
        await process.wait()


async def measure(folder: Path, only: str) -> list[Fired]:
    """Each alert, one after the other."""
    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL's initdb is missing")
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet.start("quiet", clusters=2))
        postgres = stack.enter_context(server(programs, folder / "pg"))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        scene = Scene(folder, fleet.kubeconfig(folder / "kubeconfig"), postgres)
        stack.push_async_callback(scene.kill)
        await scene.start(http)
        prometheus = await stack.enter_async_context(scraping(folder, scene.port, http))
        chaos = fleet[0].chaos
        found: list[Fired] = []

        async def fires(
            alert: str, done: str, begin: Callable[[], object], end: Callable[[], object]
        ) -> None:
            if only not in alert:
                return
            if alert in await prometheus.firing():
                raise SystemExit(f"{alert} fires before anything is done")
            seconds = []
            for step, wanted in ((begin, True), (end, False)):
                if asyncio.iscoroutine(made := step()):
                    await made
                seconds.append(await prometheus.until(alert, wanted))
            found.append(Fired(alert, done, *seconds))
            sys.stdout.write(f"| {alert} | {done} | {seconds[0]:.0f} | {seconds[1]:.0f} |\n")
            sys.stdout.flush()

        await fires(
            "CallboardDatabaseAway", "PostgreSQL is stopped, and started again", postgres.stop, postgres.start
        )
        await fires(
            "CallboardClusterOutOfSight", "one cluster freezes, and goes on",
            lambda: chaos.on("freeze"), chaos.off,
        )  # fmt: skip
        await fires(
            "CallboardCredentialRefused", "one cluster answers 401 to everything, and takes the token again",
            lambda: chaos.on("unauthorized"), chaos.off,
        )  # fmt: skip
        looking = await stack.enter_async_context(AsyncExitStack())

        async def little() -> None:
            await scene.again(http, streams=3)
            await (await looking.enter_async_context(scene.pages()))()

        await fires(
            "CallboardOverBudget",
            "three watches a cluster are allowed, and somebody looks; then 200, without a restart",
            little, lambda: scene.budget(200),
        )  # fmt: skip
        await looking.aclose()
        going = await stack.enter_async_context(AsyncExitStack())
        await fires(
            "CallboardBusy", "its process is stopped for 0.4 s of each second (SIGSTOP)",
            lambda: going.enter_async_context(meanwhile(scene.stalls())), going.aclose,
        )  # fmt: skip
        await fires(
            "CallboardTurnsClientsAway",
            f"{CONNECTIONS + 8} open pages where {CONNECTIONS} connections may be; then they go",
            scene.crowd, lambda: None,
        )  # fmt: skip
        await fires("CallboardDown", "kill -9, and a start", scene.kill, lambda: scene.start(http))
        return found


_CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: dice-roller, annotations: {backstage.io/kubernetes-id: dice-roller}}
spec: {type: service, lifecycle: production, owner: bakers}
"""


def main() -> None:
    """Measure, and tell; it fails where an alert does not fire."""
    parser = argparse.ArgumentParser(prog="bench.alerts", description="Each alert, by a real Prometheus.")
    parser.add_argument("--only", default="", help="alerts with that in their name")
    only = parser.parse_args().only
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    wanted = {rule["alert"] for rule in rules if only in rule["alert"]}
    sys.stdout.write("| alert | what was done | fired after, s | over after, s |\n|---|---|---|---|\n")
    with tempfile.TemporaryDirectory(prefix="callboard-alerts-") as folder:
        Path(folder).chmod(0o755)
        found = asyncio.run(measure(Path(folder), only))
    if missing := wanted - {each.alert for each in found}:
        raise SystemExit(f"nothing makes these fire: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
