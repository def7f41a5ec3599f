"""What kubectl writes of a fleet in trouble, and what the portal sees of it, come to the same findings."""

import asyncio
import json
import subprocess
from pathlib import Path

from click.testing import CliRunner

from callboard.cli.commands import build_cli
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.documents.status_writer import document_of
from callboard.simulator import Fleet
from support.portal import application
from support.stub_wiring import StubPortal, StubWiring

TYPES = "pods,deploy,rs,sts,ds,job,cronjob,hpa,pvc,svc,ingress,configmap"
TROUBLES = {
    ("us-east-1-prod", "checkout"): {"CB-PROBE-READINESS"},
    ("eu-west-1-prod", "search"): {"CB-OOM"},
    ("us-east-1-prod", "scoreboard"): {"CB-CRON-SUSPENDED"},
    ("eu-west-1-prod", "web-frontend"): {"CB-EVICTED"},
    ("eu-west-1-prod", "dice-roller"): set(),
}
Told = set[tuple[str, str, str]]


def offline(kubectl: Path, directory: Path, cluster: str, service: str) -> Told:
    """The findings of what kubectl gets of the service, and of all that is about it."""
    base = [str(kubectl), "--kubeconfig", str(directory / "kubeconfig"), "--context", cluster, "get"]
    env = {"HOME": str(directory), "PATH": "/usr/bin:/bin"}
    got = []
    for what in ([TYPES, "-A", "-l", f"backstage.io/kubernetes-id={service}"], ["events,nodes", "-A"]):
        ran = subprocess.run(
            [*base, *what, "-o", "json"], env=env, capture_output=True, timeout=60, check=True
        )
        got.append(ran.stdout)
    file = directory / f"{cluster}.json"
    file.write_bytes(b"\n".join(got))
    result = CliRunner().invoke(build_cli(StubWiring(StubPortal())), ["diagnose", str(file), "--json"])
    document = json.loads(result.stdout)
    return {(f["code"], f["impact"], f["subject"]) for f in document["findings"]}


async def test_both_tell_the_same(kubectl: Path, tmp_path: Path) -> None:
    services = sorted({service for _, service in TROUBLES})
    async with Fleet.start("demo", clusters=2) as fleet, application(tmp_path, fleet, *services) as app:
        for service in services:
            ref = EntityRef.parse(f"component:default/{service}")
            view = await app.portal.kubernetes_settled(ref, Caller.loopback(), within=60)
            asked: dict[str, Told] = {cluster.name: set() for cluster in fleet}
            for finding in document_of(view).findings:
                for place in finding.places:
                    asked[place.cluster].add((finding.code, place.impact.value, finding.subject))
            for cluster in fleet:
                told = await asyncio.to_thread(offline, kubectl, tmp_path, cluster.name, service)
                assert told == asked[cluster.name]
                if (expected := TROUBLES.get((cluster.name, service))) is not None:
                    assert {code for code, _, _ in told} == expected
