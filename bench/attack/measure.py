"""One attack on one Callboard: what it used before, meanwhile and after, and what everybody else felt."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.request import urlopen

import aiohttp
import msgspec
import yaml

from bench import tree
from bench.attack.hostile import mode_of
from bench.portal import Portal, portal
from bench.tables import percentile

__all__ = ["ATTACKED", "Enemy", "Suffered", "attacked_service", "hostile", "measured"]

ATTACKED: Final = "web"
"""The service that the hostile clusters have something of."""
_EVERY: Final = 0.02
"""Seconds between two questions whether it lives."""
_SETTLES: Final = 4.0
"""Seconds after which what an attack held must be let go of."""
_UNTIL_STOPPED: Final = 4.0
"""Seconds of attack after which Callboard is told to stop."""
_READERS: Final = 3
"""Readers of a log who leave after a second, one after the other."""
_LEAVES: Final = 1.0
_POD: Final = f"/catalog/default/component/{ATTACKED}/kubernetes/object/hostile/pods/shop/web-1/log"


class Suffered(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of memory more than before, at the peak and when it was over; seconds of `/livez` and of a page that is not of this
    cluster (`before` without the attack); sockets more than before when it was over; seconds from SIGTERM in the middle to the
    end."""

    peak: int
    kept: int
    alive: float
    page: float
    before: float
    sockets: int
    stop: float


class Enemy(msgspec.Struct, frozen=True):
    """Who is behind all hostile clusters, at the address `base`."""

    base: str

    def url(self, attack: str) -> str:
        """The address of the cluster that does so."""
        return f"{self.base}/{mode_of(attack)}"

    def tell(self, what: str) -> None:
        """`begin`, or `calm`: be well again."""
        urlopen(f"{self.base}/{what}", timeout=30).close()  # noqa: S310 - our own


def measured(attack: str, *, seconds: float, log: bool, memory: int) -> Suffered:
    """Run it on a Callboard of its own, which gets so many bytes of address space; and once more, to be stopped in the middle."""
    with _under(attack, memory) as (served, enemy):
        suffered = asyncio.run(_watched(served, enemy, seconds, log=log))
    with _under(attack, memory) as (served, enemy):
        asyncio.run(_begun(served, enemy, log=log))
        began = time.monotonic()
    return msgspec.structs.replace(suffered, stop=time.monotonic() - began)


@contextmanager
def _under(attack: str, memory: int) -> Iterator[tuple[Portal, Enemy]]:
    """A Callboard that listens to a cluster that is well and to one that will attack, and who is behind both."""
    with TemporaryDirectory(prefix="callboard-attack-") as folder, hostile() as enemy:
        directory = Path(folder)
        config = _config(directory, {"well": f"{enemy.base}/well", "hostile": enemy.url(attack)})
        with portal([config], directory / "log") as served:
            subprocess.run(["prlimit", f"--pid={served.pid}", f"--as={memory}"], check=True)  # noqa: S607
            yield served, enemy


async def _begun(served: Portal, enemy: Enemy, *, log: bool) -> None:
    """Well into the attack."""
    async with _browser(served) as browser:
        await _get(browser, Portal.page(ATTACKED))
        await asyncio.to_thread(enemy.tell, "begin")
        until = asyncio.get_running_loop().time() + _UNTIL_STOPPED
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_repeat(browser, Portal.page(ATTACKED), 1.0, until, []))
            if log:
                tasks.create_task(_readers(browser, until))


async def _watched(served: Portal, enemy: Enemy, seconds: float, *, log: bool) -> Suffered:
    async with _browser(served) as browser:
        for _ in range(3):
            await _get(browser, Portal.page(ATTACKED) + "?wait=15")
            await asyncio.sleep(1.0)
        before_memory, before_sockets = tree.rss(served.pid), tree.sockets(served.pid)
        calm = [await _get(browser, "/catalog") for _ in range(9)]
        await asyncio.to_thread(enemy.tell, "begin")
        alive: list[float] = []
        pages: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            until = asyncio.get_running_loop().time() + seconds
            tasks.create_task(_repeat(browser, "/livez", _EVERY, until, alive))
            tasks.create_task(_repeat(browser, "/catalog", 0.25, until, pages))
            tasks.create_task(_repeat(browser, Portal.page(ATTACKED), 1.0, until, []))
            if log:
                tasks.create_task(_readers(browser, until))
        peak = tree.peak_rss(served.pid)
        await asyncio.to_thread(enemy.tell, "calm")
        await asyncio.sleep(_SETTLES)
        return Suffered(
            peak=max(0, peak - before_memory),
            kept=tree.rss(served.pid) - before_memory,
            alive=percentile(alive, 0.99),
            page=percentile(pages, 0.5),
            before=percentile(calm, 0.5),
            sockets=tree.sockets(served.pid) - before_sockets,
            stop=0.0,
        )


async def _repeat(
    browser: aiohttp.ClientSession, path: str, every: float, until: float, took: list[float]
) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        took.append(await _get(browser, path))
        await asyncio.sleep(every)


async def _readers(browser: aiohttp.ClientSession, until: float) -> None:
    """They leave before the log has come, and the next one reads."""
    loop = asyncio.get_running_loop()

    async def one() -> None:
        while loop.time() < until:
            try:
                async with asyncio.timeout(_LEAVES):
                    await _get(browser, _POD)
            except TimeoutError:
                pass

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_READERS):
            tasks.create_task(one())


async def _get(browser: aiohttp.ClientSession, path: str) -> float:
    """Seconds until all of it was there."""
    began = time.monotonic()
    async with browser.get(path) as answer:
        await answer.read()
    return time.monotonic() - began


def _browser(served: Portal) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        served.url, headers={"Cookie": served.cookie}, timeout=aiohttp.ClientTimeout(total=60)
    )


@contextmanager
def hostile() -> Iterator[Enemy]:
    """Clusters that will attack, in a process of their own until the block is left."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.attack.hostile"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            yield Enemy(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def attacked_service(directory: Path) -> Path:
    """A catalog file with it."""
    catalog = directory / "attacked.yaml"
    catalog.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "backstage.io/v1alpha1",
                "kind": "Component",
                "metadata": {
                    "name": ATTACKED,
                    "annotations": {"backstage.io/kubernetes-id": ATTACKED},
                },
                "spec": {"type": "service", "lifecycle": "production", "owner": "team"},
            }
        )
    )
    return catalog


def _config(directory: Path, clusters: dict[str, str]) -> Path:
    catalog = attacked_service(directory)
    written = directory / "app-config.yaml"
    written.touch(mode=0o600)
    written.write_text(
        yaml.safe_dump(
            {
                "catalog": {"locations": [{"type": "file", "target": str(catalog)}]},
                "kubernetes": {
                    "serviceLocatorMethod": {"type": "multiTenant"},
                    "clusterLocatorMethods": [{"type": "config", "clusters": _clusters(clusters)}],
                },
                "callboard": {"dataDirectory": str(directory / "data"), "logging": {"level": "warning"}},
            }
        )
    )
    return written


def _clusters(named: dict[str, str]) -> Sequence[dict[str, object]]:
    return [
        {
            "name": name,
            "url": url,
            "authProvider": "serviceAccount",
            "serviceAccountToken": "attack",
            "skipMetricsLookup": True,
        }
        for name, url in named.items()
    ]
