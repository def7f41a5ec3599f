"""What a service's page costs in a browser: while 5,000 pods change, and while a service breaks, is released and heals."""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.request import Request, urlopen

import yaml
from playwright.async_api import Browser, expect

from bench.browser import Cost, NoBrowser, Watched, browser, watched
from bench.daemons import daemon
from bench.inputs import callboard_config, common_config, service_names
from bench.portal import portal
from bench.processes import served
from bench.tables import doing, line, say, table
from callboard import simulator

__all__ = ["run"]

_CLUSTERS: Final = 50
_PODS: Final = 100
"""In each cluster, all of one service."""
_CHURN: Final = 50.0
"""Changes a second to pods of the service."""
_QUIET: Final = Path(simulator.__file__).parent / "scenarios" / "quiet.yaml"
_WATCHED: Final = 5.0
"""Seconds for which each stretch is looked at."""
_BREAKING: Final = "dice-roller"
_READ: Final = 11.0
"""Seconds after which the page takes whoever has it open for a reader."""
_STEPS: Final = (
    ("breaks in one cluster", {"do": "trouble", "trouble": "crash-loop", "clusters": "eu-central-1-prod"}),
    ("breaks in a second", {"do": "trouble", "trouble": "bad-image", "clusters": "us-east-1-prod"}),
    ("heals", {"do": "heal", "trouble": "crash-loop", "clusters": "eu-central-1-prod"}),
    ("heals everywhere", {"do": "heal", "trouble": "bad-image", "clusters": "us-east-1-prod"}),
    ("is released everywhere", {"do": "trouble", "trouble": "stuck-rollout", "clusters": "*"}),
    ("is taken back", {"do": "heal", "trouble": "stuck-rollout", "clusters": "*"}),
)
_TITLES: Final = ("", "layout shift", "longest task, ms of CPU", "tasks over 50 ms", "updates")


def run(given: argparse.Namespace, node: str) -> None:
    """Both scenes. Without Chromium it says so."""
    try:
        asyncio.run(_all(given))
    except NoBrowser:
        say("\n**The page is left out:** there is no Chromium (apt-get install chromium)")


async def _all(given: argparse.Namespace) -> None:
    async with browser() as chromium:
        await _many(chromium)
        for clusters in (4, 16):
            await _breaking(chromium, clusters)


async def _many(chromium: Browser) -> None:
    """A service of 5,000 pods that change all the time."""
    with TemporaryDirectory(prefix="callboard-bench-") as folder, ExitStack() as stack:
        directory = Path(folder)
        fleet = stack.enter_context(served(clusters=_CLUSTERS, pods=_PODS))
        config = common_config(fleet, _PODS, directory)
        at = stack.enter_context(portal([config, callboard_config(directory, "hub")], directory / "hub.log"))
        (service,) = service_names(_PODS, _PODS)
        async with watched(chromium, at) as page:
            doing("5,000 pods")
            address = at.url + at.page(service)
            await page.page.goto(address)
            await expect(page.page.locator(".tally")).to_contain_text("live", timeout=120_000)
        async with watched(chromium, at) as page:
            await page.page.goto(address)  # whoever comes second is served what is kept
        async with watched(chromium, at) as page:
            cost = await page.load(address)
            _weights(f"A page of {_CLUSTERS * _PODS:,} pods in {_CLUSTERS} clusters", page)
            table("While its pods change", _TITLES, [_row("first load", cost)])
            fleet.report(changing=_CLUSTERS, rate=_CHURN)
            for title, query in (("clusters", ""), ("all pods as a table", "?view=pods")):
                if query:
                    await page.load(address + query)
                for words, before in (("at once", 0.0), ("once it is read", _READ)):
                    await page.page.wait_for_timeout(before * 1e3)
                    await page.begin()
                    await page.page.wait_for_timeout(_WATCHED * 1e3)
                    _told(f"{title}, {_CHURN:.0f} changes/s, {words}", await page.end())


async def _breaking(chromium: Browser, clusters: int) -> None:
    """A service that breaks while somebody looks at it."""
    with TemporaryDirectory(prefix="callboard-bench-") as folder, ExitStack() as stack:
        directory = Path(folder)
        log, kubeconfig = directory / "simulate.log", directory / "kubeconfig"
        program = [str(Path(sys.executable).with_name("callboard")), "simulate", "--control-port", "0"]
        program += ["--clusters", str(clusters), "--kubeconfig", str(kubeconfig)]
        program += ["--scenario", str(_QUIET)]

        def ready(_: int) -> bool:
            return b"ready" in log.read_bytes()

        stack.enter_context(daemon(program, log, ready=ready, within=60))
        found = re.search(r"^control (\S+) (\S+)$", log.read_text(), re.MULTILINE)
        assert found is not None, log.read_text()  # noqa: S101 - it was ready
        control, token = found.groups()
        at = stack.enter_context(portal([_config(directory, kubeconfig)], directory / "hub.log"))

        def tell(**command: str) -> None:
            told = Request(control, json.dumps(command).encode(), {"Authorization": f"Bearer {token}"})  # noqa: S310
            with urlopen(told, timeout=10) as answer:  # noqa: S310
                answer.read()

        address = at.url + at.page(_BREAKING)
        async with watched(chromium, at) as page:
            doing(f"{clusters} clusters")
            await page.page.goto(address)
            await expect(page.page.locator(".tally")).to_contain_text("live", timeout=60_000)
        async with watched(chromium, at) as page:
            cost = await page.load(address)
            _weights(f"A service in {clusters} clusters", page)
            table("While it breaks and heals before a reader", _TITLES, [_row("first load", cost)])
            await page.page.wait_for_timeout(_READ * 1e3)
            for words, command in _STEPS:
                await _stretch(page, words, partial(tell, service=_BREAKING, **command))
            await page.page.mouse.wheel(0, 400)
            for words, command in _STEPS:
                await _stretch(
                    page,
                    f"scrolled down, {words}",
                    partial(tell, service=_BREAKING, **command),
                )


async def _stretch(page: Watched, words: str, act: Callable[[], None]) -> None:
    await page.begin()
    await asyncio.to_thread(act)
    await page.page.wait_for_timeout(_WATCHED * 1e3)
    _told(words, await page.end())


def _config(directory: Path, kubeconfig: Path) -> Path:
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": _BREAKING, "annotations": {"backstage.io/kubernetes-id": _BREAKING}},
        "spec": {"type": "service", "lifecycle": "production", "owner": "payments"},
    }
    catalog, config = directory / "catalog.yaml", directory / "app-config.yaml"
    catalog.write_text(yaml.safe_dump(entity))
    config.touch(mode=0o600)
    config.write_text(
        yaml.safe_dump(
            {
                "catalog": {"locations": [{"type": "file", "target": str(catalog)}]},
                "kubernetes": {
                    "serviceLocatorMethod": {"type": "multiTenant"},
                    "clusterLocatorMethods": [{"type": "kubeconfig", "files": [str(kubeconfig)]}],
                },
                "callboard": {"dataDirectory": str(directory / "data"), "logging": {"level": "warning"}},
            }
        )
    )
    return config


def _weights(title: str, page: Watched) -> None:
    rows = [
        ("script, compressed", f"{page.script / 1e3:.1f} KB"),
        ("style, compressed", f"{page.style / 1e3:.1f} KB"),
        ("both", f"{(page.script + page.style) / 1e3:.1f} KB"),
        ("document, compressed", f"{page.document / 1e3:.1f} KB, {page.nodes:,} elements"),
        ("first paint", f"{page.paint:.0f} ms"),
    ]
    table(title, ("", ""), rows)


def _row(words: str, cost: Cost) -> tuple[str, ...]:
    longest = f"{cost.tasks[0]:.0f}" if cost.tasks else "none"
    return words, f"{cost.shift:.4f}", longest, str(cost.long), str(cost.updates)


def _told(words: str, cost: Cost) -> None:
    line(_row(words, cost))
    if cost.shift > 0.005:
        doing(f"moved: {'; '.join(cost.moved)}")
