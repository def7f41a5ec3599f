"""Odd kubeconfigs, read as kubectl reads them: what it did with each was recorded, and is asked anew where there is one."""

import asyncio
import json
import re
import subprocess
from pathlib import Path

import pytest

from callboard.base.clock import FakeClock
from callboard.base.errors import BadInput, Unavailable
from callboard.kube.connection.connection import Connections
from callboard.kube.failure import AnswerRefused
from callboard.kube.kubeconfig import Kubeconfig, UserCredentials, read_kubeconfig
from callboard.model.cluster import Cluster
from support.kube_client import PATIENT
from support.kubeconfig_probe import CONTEXT_OF, Probe, Said, probing, what_kubectl_says
from support.odd_kubeconfigs import CASES

RECORDED: dict[str, Said] = json.loads(
    (Path(__file__).parent / "recorded/odd_kubeconfigs.json").read_text(encoding="utf-8")
)

OLDEST = 32
"""Of 1.x: as of which kubectl the recording is."""

OTHERWISE = {
    'context name ""': "a context without a name cannot be chosen",
    "a user who is nowhere": "told, where kubectl asks for a name",
    "plain http with groups alone": "over plain http nothing of the user is used",
    "a CA and a file that is not there": "kubectl looks for the file that it would not use",
    "YAML 1.2": "what it changes stands in no kubeconfig",
}
"""Where Callboard does another thing on purpose."""


def _read(file: Path) -> Kubeconfig | BadInput:
    try:
        return read_kubeconfig([file])
    except BadInput as error:
        return error


async def _reached(probe: Probe, read: Kubeconfig, name: str) -> tuple[Said | None, str]:
    """What came to the server, or None and why."""
    probe.seen.clear()
    context = next((c for c in read.contexts if c.name == name), None)
    if context is None:
        return None, "; ".join(map(str, read.problems))
    try:
        credential = await UserCredentials(FakeClock(), allow_exec=True).credential(context)
        async with Connections(lambda name: PATIENT, environment={}) as connections:
            cluster = Cluster(name=context.name, url=context.server.rstrip("/"), trust=context.trust)
            await connections.to(cluster, credential).read("GET", "/probe")
    except (BadInput, Unavailable) as error:
        return None, str(error)
    except AnswerRefused as refused:
        return None, refused.failure.message
    return probe.seen[-1], ""


async def test_each_leads_where_kubectl_goes(tmp_path: Path) -> None:
    different: list[str] = []
    async with probing() as probe:
        for name, case in CASES.items():
            said = RECORDED[name]
            read = _read(probe.write(tmp_path, case))
            if isinstance(read, BadInput):
                if said["accepted"]:
                    different.append(f"{name}: refused: {read}")
                continue
            reached, why = await _reached(probe, read, CONTEXT_OF(name))
            if not said["accepted"]:
                if not read.problems:
                    different.append(f"{name}: kubectl refuses it, and nothing is told")
            elif said["prompts"]:
                if reached is not None and (reached["authorization"] or reached["certificate"]):
                    different.append(f"{name}: asked as somebody: {reached}")
            elif reached != said["reached"]:
                different.append(f"{name}: {reached} ({why}); kubectl: {said['reached']}")
    assert [line for line in different if line.partition(": ")[0] not in OTHERWISE] == []


@pytest.fixture(scope="module")
def new_kubectl(kubectl: Path) -> Path:
    """A kubectl that is not older than the recording."""
    said = subprocess.run(
        [kubectl, "version", "--client", "--output=json"], capture_output=True, check=True, timeout=60
    )
    version = json.loads(said.stdout)["clientVersion"]
    if int(re.sub("[^0-9]", "", version["minor"])) < OLDEST:
        pytest.skip(f"kubectl {version['gitVersion']} is older than 1.{OLDEST}")
    return kubectl


async def test_kubectl_still_says_what_was_recorded(
    new_kubectl: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    left = iter(CASES.items())
    different: list[str] = []

    async def ask(directory: Path) -> None:
        async with probing() as probe:
            for name, case in left:
                said = await what_kubectl_says(new_kubectl, probe, directory, name, case)
                words = said.pop("words")
                if said != RECORDED[name]:
                    different.append(f"{name}: {said}, recorded: {RECORDED[name]}; {words[-200:]}")

    async with asyncio.TaskGroup() as group:
        for worker in ("one", "two"):
            group.create_task(ask(tmp_path_factory.mktemp(worker)))
    assert different == []
