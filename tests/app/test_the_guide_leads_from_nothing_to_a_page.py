"""The guide to a first cluster, followed to the letter on the simulator: its commands, its files, the real kubectl."""

import asyncio
import os
import re
import sys
from pathlib import Path

import aiohttp
import pytest
import yaml

from callboard.simulator import Fleet
from support.checkout import ROOT

GUIDE = (ROOT / "docs" / "guides" / "install.md").read_text(encoding="utf-8")
MAIN = "from callboard.app.main import main; main()"
LINK = re.compile(rb"(http://127\S+)/sign-in\?token=\S+")
SCENE = """\
kubectl create namespace bakery
kubectl -n bakery create deployment web --image=registry.example.com/web:1.0.0 --replicas=2
kubectl create namespace pantry
kubectl -n pantry create deployment web --image=registry.example.com/web:1.0.0
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def machine(kubectl: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which `callboard` and `kubectl` are commands, and nothing is borrowed from whoever runs the tests."""
    programs = tmp_path / "bin"
    programs.mkdir()
    callboard = programs / "callboard"
    callboard.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{MAIN}' \"$@\"\n")
    callboard.chmod(0o755)
    (programs / "kubectl").symlink_to(kubectl)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
    }


async def shell(script: str, machine: dict[str, str], directory: Path, expect: int = 0) -> str:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-e", "-o", "pipefail", "-c", script),
        env=machine,
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == expect, output.decode()
    return output.decode()


async def test_every_step_works(machine: dict[str, str], tmp_path: Path) -> None:
    walk = tmp_path / "walk"
    walk.mkdir()
    verify, grant, token, use = blocks("sh")
    assert verify.startswith("cosign ")  # tests/deploy/test_a_release_is_signed.py has what it verifies
    secret, config, entity, _ = blocks("yaml")
    async with Fleet.start("quiet") as fleet:
        fleet.kubeconfig(machine["KUBECONFIG"])
        await shell(SCENE, machine, walk)
        await shell(grant, machine, walk)
        said = await shell(token, machine, walk)
        server = re.search(r"https://\S+", said)
        assert server is not None
        del machine["KUBECONFIG"]  # from here on nothing is had but what the steps gave
        machine["EU_WEST_1_SERVER"] = server[0]
        (walk / "app-config.yaml").write_text(config)
        (walk / "catalog-info.yaml").write_text(entity)
        *checks, serve = use.strip().splitlines()
        said = await shell("\n".join(checks), machine, walk)
        assert "✓ eu-west-1: reached" in said
        assert "known there as system:serviceaccount:callboard:callboard" in said
        assert "may not: " not in said
        assert "✓ Healthy in eu-west-1." in said
        assert "Healthy" in await _page(f"{serve} --port 0", machine, walk)

        other = entity.replace("bakery", "pantry").replace("name: web\n", "name: elsewhere\n")
        (walk / "catalog-info.yaml").write_text(other)
        said = await shell("callboard status elsewhere", machine, walk, expect=2)
        assert 'cannot list resource "pods" in API group "" in the namespace "pantry"' in said

        # and with a token that does not end
        names = {"KUBECONFIG": str(tmp_path / "kubeconfig")}
        (walk / "secret.yaml").write_text(secret)
        (reads,) = re.findall(r"`(kubectl -n callboard get secret .*?)`", GUIDE)
        await shell(f"kubectl apply -f secret.yaml\n{reads}", {**machine, **names}, walk)
        (walk / "catalog-info.yaml").write_text(entity)
        assert "✓ Healthy in eu-west-1." in await shell("callboard status web", machine, walk)


async def _page(command: str, machine: dict[str, str], directory: Path) -> str:
    """The service's page, read as a browser does that was sent the printed link."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"exec {command}"),
        env=machine,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while not (link := LINK.search(await process.stdout.readline())):
                assert process.returncode is None
        base = link[1].decode()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            async with http.get(link[0].decode(), headers={"Sec-Fetch-Site": "none"}) as answer:
                assert answer.status == 200
            (probe,) = [yaml.safe_load(b) for b in blocks("yaml") if "livenessProbe" in b]
            probe = probe["livenessProbe"]["httpGet"]
            port = base.rpartition(":")[2]
            names = {h["name"]: h["value"].replace(str(probe["port"]), port) for h in probe["httpHeaders"]}
            async with http.get(base + probe["path"], headers=names) as answer:
                assert answer.status == 200
            async with http.get(base + probe["path"], headers={"Host": f"10.0.0.7:{port}"}) as answer:
                assert answer.status == 421
            page = ""
            for _ in range(100):
                async with http.get(f"{base}/catalog/default/component/web/kubernetes") as answer:
                    page = await answer.text()
                if "2 of 2" in page:
                    return page
                await asyncio.sleep(0.1)
            return page
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
