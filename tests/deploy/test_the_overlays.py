"""What `kubectl apply -k` makes of the overlays: an API server takes it, controllers bring it up, and it is as tight as told."""

import asyncio
import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from callboard.base.config import check, load
from callboard.portal.operations import least_privilege
from callboard.simulator.fleet import Fleet
from support.checkout import ROOT
from support.deployed import FOREIGN, KUSTOMIZE, OVERLAYS, Document, complaints, rendered

ROWS = ["--from-literal=host=db", "--from-literal=session-secret=s", "--from-literal=client-secret=c"]
PEOPLE = {"ingress", "gateway"}
SECRETS = {
    "postgresql": {"callboard-postgresql"},
    **{overlay: {"callboard-postgresql", "callboard-people"} for overlay in PEOPLE},
}


def only(documents: tuple[Document, ...], kind: str) -> Document:
    (found,) = [each for each in documents if each["kind"] == kind]
    return found


def deployment(kubectl: Path, overlay: str) -> Document:
    return only(rendered(kubectl, overlay), "Deployment")


async def test_every_overlay_comes_to_ready(kubectl: Path, tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=len(OVERLAYS), speed=20.0) as fleet:
        fleet.kubeconfig(tmp_path / "kubeconfig")
        for cluster in fleet:
            for each in yaml.safe_load_all((ROOT / "tests" / "support" / "foreign_types.yaml").read_text()):
                cluster.store.create(each)

        async def comes_up(overlay: str, context: str) -> None:
            home = tmp_path / context
            home.mkdir()
            environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(tmp_path / "kubeconfig")}

            async def typed(*words: str) -> str:
                process = await asyncio.create_subprocess_exec(
                    *(str(kubectl), "--context", context, *words),
                    env=environment,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
                said, _ = await process.communicate()
                assert process.returncode == 0, said.decode()
                return said.decode()

            await typed("apply", "-k", str(KUSTOMIZE / "overlays" / overlay))
            for secret in SECRETS.get(overlay, ()):
                await typed("create", "secret", "generic", secret, "-n", "callboard", *ROWS)
            said = await typed(
                "rollout", "status", "deployment/callboard", "-n", "callboard", "--timeout=90s"
            )
            assert "successfully rolled out" in said
            again = (await typed("apply", "-k", str(KUSTOMIZE / "overlays" / overlay))).splitlines()
            changed = [line for line in again if not line.endswith(" unchanged")]
            # kubectl sends a budget's selector each time, because its merge is a replacement
            assert changed in ([], ["poddisruptionbudget.policy/callboard configured"])

        async with asyncio.TaskGroup() as group:
            for overlay, context in zip(OVERLAYS, fleet.clusters, strict=True):
                group.create_task(comes_up(overlay, context))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_knows_every_field(kubectl: Path, overlay: str) -> None:
    found = {
        f"{each['kind']} {each['metadata']['name']}": complaints(each)
        for each in rendered(kubectl, overlay)
        if each["kind"] not in FOREIGN
    }
    assert found
    assert {name: said for name, said in found.items() if said} == {}


def test_a_field_that_is_none_is_complained_of(kubectl: Path) -> None:
    wrong = yaml.safe_load(yaml.safe_dump(deployment(kubectl, "sqlite")))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    wrong["spec"]["replicas"] = "one"
    assert len(complaints(wrong)) == 2


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_chooses_pods_chooses_ours_and_all_is_in_one_namespace(kubectl: Path, overlay: str) -> None:
    documents = rendered(kubectl, overlay)
    labels = deployment(kubectl, overlay)["spec"]["template"]["metadata"]["labels"]
    choosing = {
        each["kind"]: each["spec"].get("selector", each["spec"].get("podSelector")) for each in documents
        if each["kind"] in {"Service", "NetworkPolicy", "PodDisruptionBudget", "Deployment"}
    }  # fmt: skip
    assert choosing.keys() >= {"NetworkPolicy", "PodDisruptionBudget", "Deployment"}
    assert ("Service" in choosing) is (overlay in PEOPLE)
    for chosen in choosing.values():
        assert chosen.get("matchLabels", chosen) == labels
    namespaces = {
        e["metadata"].get("namespace")
        for e in documents
        if not e["kind"].startswith("Cluster") and e["kind"] != "Namespace"
    }
    assert namespaces == {"callboard"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_may_no_more_than_it_needs(kubectl: Path, overlay: str) -> None:
    pod = deployment(kubectl, overlay)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert {"requests", "limits"} <= container["resources"].keys()
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"/var/lib/callboard", "/tmp"}
    assert pod.get("automountServiceAccountToken", True) is (overlay != "demo")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_two_never_share_a_volume_and_else_the_next_answers_first(kubectl: Path, overlay: str) -> None:
    spec = deployment(kubectl, overlay)["spec"]
    shared = any("persistentVolumeClaim" in each for each in spec["template"]["spec"]["volumes"])
    assert shared is (overlay == "sqlite")
    said = (
        {"type": "Recreate"}
        if shared
        else {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    )
    assert spec["strategy"] == said


def configuration(kubectl: Path, overlay: str, folder: Path) -> list[Path]:
    """The files that its arguments name, in that order, with Secrets beside them."""
    documents = rendered(kubectl, overlay)
    (files,) = [d["data"] for d in documents if d["metadata"]["name"] == "callboard-config"]
    for name in ("host", "username", "password", "dbname", "client-secret"):
        (folder / name).write_text("x\n")
    (folder / "port").write_text("5432\n")
    (folder / "session-secret").write_text("bm90IGEgc2VjcmV0IGJ1dCBsb25nIGVub3VnaCBmb3Igb25lCg==\n")
    words = deployment(kubectl, overlay)["spec"]["template"]["spec"]["containers"][0]["args"]
    named = [word for before, word in pairwise(words) if before == "--config"]
    assert sorted(named or files) == sorted(files)
    paths = [folder / name for name in named or files]
    for path in paths:
        text = files[path.name].replace("/etc/callboard-postgresql", str(folder))
        path.write_text(text.replace("/etc/callboard-people", str(folder)))
    return paths


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_configuration_is_taken_without_a_word(kubectl: Path, overlay: str, tmp_path: Path) -> None:
    found = check(configuration(kubectl, overlay, tmp_path), {})
    assert found.problems == ()
    assert {row.level for row in found.report} == {"info"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_time_to_end(kubectl: Path, overlay: str, tmp_path: Path) -> None:
    """For whoever sends requests to notice, for open ones to end, and for what is held to be written; and it is soon seen as not
    ready."""
    settings = load(configuration(kubectl, overlay, tmp_path), {}).settings
    pod = deployment(kubectl, overlay)["spec"]["template"]["spec"]
    web = settings.callboard.web
    assert pod["terminationGracePeriodSeconds"] >= web.drain_delay + web.drain_deadline + 20
    probe = pod["containers"][0]["readinessProbe"]
    if overlay in PEOPLE:
        assert probe["periodSeconds"] * probe["failureThreshold"] <= web.drain_delay / 2
        assert settings.backend.listen is not None
        assert settings.backend.listen.host == "0.0.0.0"
        assert "exec" not in probe


@pytest.mark.parametrize("overlay", sorted(PEOPLE))
def test_people_are_led_to_the_pods(kubectl: Path, overlay: str, tmp_path: Path) -> None:
    documents = rendered(kubectl, overlay)
    service = only(documents, "Service")
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (80, "http")
    (container,) = deployment(kubectl, overlay)["spec"]["template"]["spec"]["containers"]
    settings = load(configuration(kubectl, overlay, tmp_path), {}).settings
    assert container["ports"] == [{"name": "http", "containerPort": 7007}]
    assert settings.backend.listen is not None
    assert settings.backend.listen.port == 7007
    host = (settings.app.base_url or "").removeprefix("https://")
    if overlay == "ingress":
        spec = only(documents, "Ingress")["spec"]
        assert spec["tls"][0]["hosts"] == [spec["rules"][0]["host"]] == [host]
        (path,) = spec["rules"][0]["http"]["paths"]
        assert path["backend"]["service"] == {"name": "callboard", "port": {"name": "http"}}
    else:
        spec = only(documents, "HTTPRoute")["spec"]
        assert spec["hostnames"] == [host]
        assert spec["rules"][0]["backendRefs"] == [{"name": "callboard", "port": 80}]


def test_the_roles_are_those_that_callboard_prints() -> None:
    settings = load([KUSTOMIZE / "base" / "app-config.yaml"], {}).settings
    printed = least_privilege(settings, namespaces=(), features=(), name="callboard", namespace="callboard")
    written = (KUSTOMIZE / "base" / "rbac.yaml").read_text()
    assert list(yaml.safe_load_all(written)) == list(yaml.safe_load_all(printed))


def test_the_operator_gets_the_same_alerts() -> None:
    wrapped = yaml.safe_load((KUSTOMIZE / "components" / "monitoring" / "rules.yaml").read_text())
    assert wrapped["spec"] == yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yaml").read_text())


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
async def test_a_probe_says_what_the_server_says(kubectl: Path, status: int, well: bool) -> None:
    container = deployment(kubectl, "sqlite")["spec"]["template"]["spec"]["containers"][0]
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Host: 127.0.0.1:" in head
        asked.append(head.split()[1])
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            command = container[probe]["exec"]["command"]
            process = await asyncio.create_subprocess_exec(
                sys.executable, *(word.replace("7007", port) for word in command[1:])
            )
            assert (await process.wait() == 0) is well
    assert asked == [b"/readyz", b"/readyz", b"/livez"]


def test_the_monitoring_component_goes_with_people(kubectl: Path, tmp_path: Path) -> None:
    """As the overlays say in a comment: one line more."""
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    place = os.path.relpath(KUSTOMIZE, overlay.resolve())
    (overlay / "kustomization.yaml").write_text(
        json.dumps(
            {
                "resources": [f"{place}/overlays/sqlite"],
                "components": [f"{place}/components/people", f"{place}/components/monitoring"],
                "namespace": "callboard",
            }
        )
    )
    documents = rendered(kubectl, str(overlay))
    monitor, service = only(documents, "ServiceMonitor"), only(documents, "Service")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "callboard"
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    assert only(documents, "PrometheusRule")["metadata"]["namespace"] == "callboard"
