"""What `kubectl apply -k` makes of the overlays: an API server takes it, controllers bring it up, and it is as tight as told."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard import __version__
from callboard.base.config import check, load
from callboard.portal.operations import least_privilege
from callboard.simulator.fleet import Fleet
from support.checkout import ROOT

DEPLOY = ROOT / "deploy" / "kustomize"
OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir())
SECRET = ("create", "secret", "generic", "callboard-postgresql", "-n", "callboard", "--from-literal=host=db")


def rendered(kubectl: Path, overlay: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [kubectl, "kustomize", DEPLOY / "overlays" / overlay], capture_output=True, text=True, check=True, timeout=60
    )  # fmt: skip
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@pytest.mark.parametrize("overlay", OVERLAYS)
async def test_an_overlay_comes_to_ready(kubectl: Path, tmp_path: Path, overlay: str) -> None:
    async with Fleet.start("quiet", clusters=1, speed=20.0) as fleet:
        fleet.kubeconfig(tmp_path / "kubeconfig")
        environment = {**os.environ, "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "kubeconfig")}

        async def typed(*words: str) -> str:
            process = await asyncio.create_subprocess_exec(
                kubectl,
                *words,
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await process.communicate()
            assert process.returncode == 0, said.decode()
            return said.decode()

        await typed("apply", "-k", str(DEPLOY / "overlays" / overlay))
        if overlay == "postgresql":
            await typed(*SECRET)
        said = await typed("rollout", "status", "deployment/callboard", "-n", "callboard", "--timeout=90s")
        assert "successfully rolled out" in said
        assert "unchanged" in await typed("apply", "-k", str(DEPLOY / "overlays" / overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_may_no_more_than_it_needs(kubectl: Path, overlay: str) -> None:
    (deployment,) = [each for each in rendered(kubectl, overlay) if each["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert pod["terminationGracePeriodSeconds"] > 30
    assert {"requests", "limits"} <= container["resources"].keys()
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"/var/lib/callboard", "/tmp"}
    if overlay == "demo":
        assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_configuration_is_taken_without_a_word(kubectl: Path, overlay: str, tmp_path: Path) -> None:
    (files,) = [
        each["data"]
        for each in rendered(kubectl, overlay)
        if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "callboard-config"
    ]
    for name in ("host", "port", "username", "password", "dbname"):
        (tmp_path / name).write_text("5432\n" if name == "port" else "x\n")
    paths = []
    for name, text in sorted(files.items()):
        path = tmp_path / name
        path.write_text(text.replace("/etc/callboard-postgresql", str(tmp_path)))
        paths.append(path)
    found = check(paths, {})
    assert found.problems == ()
    assert {row.level for row in found.report} == {"info"}


def test_the_roles_are_those_that_callboard_prints() -> None:
    settings = load([DEPLOY / "base" / "app-config.yaml"], {}).settings
    printed = least_privilege(settings, namespaces=(), features=(), name="callboard", namespace="callboard")
    written = (DEPLOY / "base" / "rbac.yaml").read_text()
    assert list(yaml.safe_load_all(written)) == list(yaml.safe_load_all(printed))


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
async def test_a_probe_says_what_the_server_says(kubectl: Path, probe: str, status: int, well: bool) -> None:
    (deployment,) = [each for each in rendered(kubectl, "sqlite") if each["kind"] == "Deployment"]
    command = deployment["spec"]["template"]["spec"]["containers"][0][probe]["exec"]["command"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Host: 127.0.0.1:" in head
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            sys.executable, *(word.replace("7007", port) for word in command[1:])
        )
        assert (await process.wait() == 0) is well


def test_the_chart_is_of_this_version_and_grants_what_callboard_prints() -> None:
    """Helm itself is not at hand here: what is rendered is not seen by this test."""
    chart = ROOT / "deploy" / "chart"
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert about["version"] == about["appVersion"] == __version__
    lines = (chart / "templates" / "rbac.yaml").read_text().splitlines()
    written = "\n".join(line for line in lines if not re.match(r"\s*(annotations: )?\{\{-", line))
    granted = list(yaml.safe_load_all(re.sub(r"\{\{ [^}]+ \}\}", "callboard", written)))
    settings = load([DEPLOY / "base" / "app-config.yaml"], {}).settings
    printed = least_privilege(settings, namespaces=(), features=(), name="callboard", namespace="callboard")
    named = re.sub(
        r"callboard-callboard", "callboard", yaml.safe_dump_all([each for each in granted if each])
    )
    assert list(yaml.safe_load_all(named)) == list(yaml.safe_load_all(printed))


def test_every_value_of_the_chart_stands_in_its_schema() -> None:
    chart = ROOT / "deploy" / "chart"
    schema = json.loads((chart / "values.schema.json").read_text())
    values = yaml.safe_load((chart / "values.yaml").read_text())

    def compared(said: dict[str, Any], allowed: dict[str, Any]) -> None:
        for name, value in said.items():
            assert name in allowed["properties"], name
            if allowed["properties"][name].get("properties") and isinstance(value, dict):
                compared(value, allowed["properties"][name])

    compared(values, schema)
    base = yaml.safe_load((DEPLOY / "base" / "app-config.yaml").read_text())
    assert values["config"] == base
