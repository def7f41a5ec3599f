"""`callboard demo`: a simulated fleet in a process of its own, and a portal that takes it for real."""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

import yaml

from callboard.app.application import open_application
from callboard.app.logs import configure_logging
from callboard.app.serve import Listening, serve
from callboard.base.errors import CallboardError, Unavailable
from callboard.cli.wiring import DemoOptions

__all__ = ["demo"]

START_DEADLINE = 60.0
"""Seconds until the stand-in API servers answer: they take about one, a loaded machine longer."""
STOP_DEADLINE = 5.0


async def demo(options: DemoOptions) -> None:
    """Serve until SIGTERM or SIGINT. Everything it writes is in a temporary directory and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="callboard-demo-") as folder:
        directory = Path(folder)
        kubeconfig = directory / "kubeconfig"
        catalog = resources.files("callboard.app") / "demo_catalog"
        async with _simulator(options, kubeconfig) as simulator:
            with resources.as_file(catalog) as catalog_directory:
                config = directory / "app-config.yaml"
                config.write_text(_config(kubeconfig, catalog_directory, directory))
                async with open_application([config], directory=directory) as app:
                    configure_logging(app.configuration.settings.callboard.logging)
                    listening = Listening(host="127.0.0.1", port=options.port, open=True)
                    await _beside(_told_when_it_ends(simulator), serve(app, listening))


def _config(kubeconfig: Path, catalog: Path, directory: Path) -> str:
    kinds = ["Component", "API", "Resource", "System", "Domain", "Group", "User", "Location"]
    return yaml.safe_dump(
        {
            "app": {"title": "Callboard demo"},
            "organization": {"name": "Simulated company"},
            "catalog": {
                "rules": [{"allow": kinds}],
                "locations": [{"type": "file", "target": str(catalog / "*.yaml")}],
            },
            "kubernetes": {
                "serviceLocatorMethod": {"type": "multiTenant"},
                "clusterLocatorMethods": [{"type": "kubeconfig", "files": [str(kubeconfig)]}],
                "objectTypes": _TYPES,
            },
            "callboard": {
                "dataDirectory": str(directory),
                "checkpoint": {"enabled": False},
                "logging": {"level": "warning"},
                "clusters": {"byName": {name: {"labels": _labels(name)} for name in _contexts(kubeconfig)}},
            },
        },
        sort_keys=False,
    )


def _contexts(kubeconfig: Path) -> list[str]:
    return [context["name"] for context in yaml.safe_load(kubeconfig.read_text())["contexts"]]


def _labels(cluster: str) -> dict[str, str]:
    """The simulator names clusters by region and environment: `eu-west-1-prod`, then `eu-west-1-prod-2`."""
    found = re.fullmatch(r"(?P<region>.+?-\d+)-(?P<environment>[a-z]+)(-\d+)?", cluster)
    return found.groupdict() if found else {}


_TYPES = [
    "pods",
    "services",
    "configmaps",
    "secrets",
    "limitranges",
    "resourcequotas",
    "deployments",
    "replicasets",
    "horizontalpodautoscalers",
    "jobs",
    "cronjobs",
    "ingresses",
    "statefulsets",
    "daemonsets",
    "persistentvolumeclaims",
]


async def _beside(background: Coroutine[None, None, None], work: Coroutine[None, None, None]) -> None:
    """Do the work, the other thing beside it as long as it lasts. What the work raises leaves as itself."""
    failed: CallboardError | None = None
    async with asyncio.TaskGroup() as group:
        task = group.create_task(background, name="beside")
        try:
            await work
        except CallboardError as error:
            failed = error
        task.cancel()
    if failed is not None:
        raise failed


async def _told_when_it_ends(simulator: asyncio.subprocess.Process) -> None:
    """The portal goes on, as it would with a real fleet that is gone; whoever looks should know why."""
    code = await simulator.wait()
    sys.stderr.write(
        f"The simulated clusters ended (exit code {code}): no cluster answers any more. Start the demo again.\n"
    )


@asynccontextmanager
async def _simulator(options: DemoOptions, kubeconfig: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The stand-in API servers, until the context ends; they also end when this process does (their input closes)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "callboard.simulator",
        *("--clusters", str(options.clusters), "--base-port", "0", "--seed", str(options.seed)),
        *("--kubeconfig", str(kubeconfig), "--stop-with-stdin"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us: we drain first
    )
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    try:
        async with asyncio.timeout(START_DEADLINE):
            line = await process.stdout.readline()
        if not line:
            raise Unavailable("The simulated fleet did not start; what it said stands above.")
        yield process
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_DEADLINE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
