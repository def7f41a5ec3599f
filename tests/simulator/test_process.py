"""The simulator as its own process: it says when it is ready, and stops when it is told to."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import yaml

from callboard.base.errors import BadInput, UsageError
from callboard.simulator import Fleet, load_scenario

SOURCES = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    words = [
        "--clusters",
        "2",
        "--scenario",
        "quiet",
        "--kubeconfig",
        str(tmp_path / "config"),
        "--stop-with-stdin",
    ]
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "callboard.simulator",
        *words,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield started
    if started.returncode is None:
        started.kill()
    await started.communicate()


async def ready(process: asyncio.subprocess.Process) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(30):
        while not lines or not lines[-1].startswith("ready"):
            lines.append((await process.stdout.readline()).decode().strip())
    return lines


def close_stdin(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()


@pytest.mark.parametrize(
    "stop", [close_stdin, lambda process: process.send_signal(signal.SIGTERM)], ids=["stdin", "sigterm"]
)
async def test_it_serves_what_its_kubeconfig_says_and_stops_cleanly(
    process: asyncio.subprocess.Process, tmp_path: Path, stop: Callable[[asyncio.subprocess.Process], None]
) -> None:
    lines = await ready(process)
    assert [line.split()[0] for line in lines] == ["eu-west-1-prod", "us-east-1-prod", "ready"]
    config = yaml.safe_load((tmp_path / "config").read_text())
    assert [item["name"] for item in config["contexts"]] == ["eu-west-1-prod", "us-east-1-prod"]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {config['users'][1]['user']['token']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(
            config["clusters"][1]["cluster"]["server"] + "/api/v1/pods", ssl=context
        ) as response:
            assert len((await response.json())["items"]) > 0
        watch = await session.get(
            config["clusters"][1]["cluster"]["server"] + "/api/v1/pods?watch=true", ssl=context
        )
        stop(process)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        watch.close()


def test_a_bad_scenario_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: bad\nservices:\n  - {name: a, owner: b, namespace: c, repicas: 3}\n")
    with pytest.raises(BadInput, match=r"bad\.yaml.*repicas.*services"):
        load_scenario(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load_scenario(tmp_path / "missing.yaml")


async def test_a_taken_port_is_a_usage_error_and_a_failure_inside_comes_out_as_itself() -> None:
    async with Fleet.start("quiet", speed=0) as fleet:
        port = int(fleet[0].url.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with Fleet.start("quiet", speed=0, base_port=port):
                pass
    with pytest.raises(KeyError, match="mine"):
        async with Fleet.start("quiet", speed=0):
            raise KeyError("mine")


def test_the_demo_names_as_many_clusters_as_asked_for() -> None:
    demo = load_scenario("demo")
    names = [cluster.name for cluster in demo.fleet(40)]
    assert len(set(names)) == 40
    assert {service.name for service in demo.services} >= {"dice-roller"}
