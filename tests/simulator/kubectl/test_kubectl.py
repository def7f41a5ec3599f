"""Real kubectl takes the simulator for a cluster. Each test has its own HOME: kubectl remembers servers there."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.simulator import Fleet
from callboard.simulator.scenarios.schema import TroubleSpec

Run = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
async def live() -> AsyncIterator[Fleet]:
    # An hour behind, so that five-fold speed never overtakes the wall: kubectl takes an answer dated ahead for fresh for ever.
    async with Fleet.start("quiet", seed=5, speed=5.0, now=time.time() - 3600) as fleet:
        yield fleet


@pytest.fixture
def run(kubectl: Path, live: Fleet, tmp_path: Path) -> Run:
    config = live.kubeconfig(tmp_path / "config")
    environment = {"HOME": str(tmp_path), "KUBECONFIG": str(config), "PATH": os.environ["PATH"]}

    async def ask(*words: str, expect: int | None = 0, seconds: float | None = None, stdin: str = "") -> str:
        """Output of one kubectl call; `seconds` ends one that follows."""
        process = await asyncio.create_subprocess_exec(
            str(kubectl),
            *words,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        talk = asyncio.ensure_future(process.communicate(stdin.encode()))
        done, _ = await asyncio.wait([talk], timeout=seconds or 40)
        if not done:
            process.terminate()
        out, _ = await talk
        if seconds is None and expect is not None:
            assert process.returncode == expect, out.decode()
        return out.decode()

    return ask


async def test_version_and_api_resources(run: Run) -> None:
    assert "Server Version: v1.36.2" in await run("version")
    listed = await run("api-resources", "-o", "name")
    assert {"pods", "deployments.apps", "horizontalpodautoscalers.autoscaling", "pods.metrics.k8s.io"} <= set(
        listed.split()
    )


async def test_get_in_every_form(run: Run, live: Fleet) -> None:
    wide = await run("get", "pods", "-n", "games", "-o", "wide")
    assert wide.splitlines()[0].split()[:6] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]
    assert wide.count("Running") == 4
    loaded = yaml.safe_load(await run("get", "deploy", "dice-roller", "-n", "games", "-o", "yaml"))
    assert (loaded["kind"], loaded["spec"]["replicas"]) == ("Deployment", 3)
    listed = json.loads(await run("get", "pods,services", "-n", "games", "-o", "json"))
    assert listed["kind"] == "List"
    assert {item["kind"] for item in listed["items"]} == {"Pod", "Service"}
    one = json.loads(await run("get", "deploy", "dice-roller", "-n", "games", "-o", "json"))
    assert one["metadata"]["uid"] == loaded["metadata"]["uid"]
    names = await run("get", "pods", "-n", "games", "-o", "custom-columns=N:.metadata.name", "--no-headers")
    assert sorted(names.split()) == sorted(
        pod["metadata"]["name"] for pod in live[0].store.list("pods", "games")
    )
    chunked = await run("get", "pods", "-A", "--chunk-size=1")
    assert len(chunked.splitlines()) == 5
    chosen = await run(
        "get",
        "pods",
        "-n",
        "games",
        "-l",
        "app.kubernetes.io/name in (scoreboard)",
        "--field-selector",
        "status.phase=Running",
    )
    assert len(chosen.splitlines()) == 2
    several = await run("get", "deploy,svc,hpa,nodes,events", "-n", "games")
    assert "deployment.apps/dice-roller" in several
    assert 'pods "nope" not found' in await run("get", "pod", "nope", "-n", "games", expect=1)


async def test_watch_shows_what_happens(run: Run, live: Fleet) -> None:
    watching = asyncio.ensure_future(run("get", "pods", "-n", "games", "-w", "-o", "name", seconds=5))
    while not live[0].counters.open_watches:  # noqa: ASYNC110 - the server's own counter
        await asyncio.sleep(0.05)
    victim = live[0].store.list("pods", "games")[0]["metadata"]["name"]
    live[0].store.delete("pods", victim, "games")
    assert (await watching).count(f"pod/{victim}") >= 2


async def test_custom_resources(run: Run) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    column = {"name": "Engine", "type": "string", "jsonPath": ".spec.engine"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [column],
    }
    names = {"plural": "databases", "kind": "Database", "shortNames": ["dbs"]}
    spec = {"group": "db.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "databases.db.example.com"},
        "spec": spec,
    }
    assert "created" in await run("apply", "-f", "-", stdin=yaml.safe_dump(definition))
    one = {
        "apiVersion": "db.example.com/v1",
        "kind": "Database",
        "metadata": {"name": "orders"},
        "spec": {"engine": "postgres"},
    }
    assert "created" in await run("apply", "-n", "games", "-f", "-", stdin=yaml.safe_dump(one))
    assert (await run("get", "dbs", "-n", "games")).splitlines()[1].split()[:2] == ["orders", "postgres"]


async def test_describe_and_logs(run: Run, live: Fleet) -> None:
    live.stages[live[0].name].start(TroubleSpec("crash-loop", "scoreboard"))
    live.step(600)
    told = await run("describe", "pod", "-n", "games", "-l", "app.kubernetes.io/name=scoreboard")
    assert "CrashLoopBackOff" in told
    assert "Back-off restarting failed container app" in told
    pod = next(
        pod["metadata"]["name"]
        for pod in live[0].store.list("pods", "games")
        if pod["metadata"]["name"].startswith("scoreboard")
    )
    assert "panic: startup failed" in await run("logs", pod, "-n", "games", "-p")
    assert (
        len(
            (
                await run("logs", "deploy/dice-roller", "-n", "games", "--all-containers", "--tail=3")
            ).splitlines()
        )
        >= 3
    )
    followed = await run("logs", "deploy/dice-roller", "-n", "games", "-f", "--tail=1", seconds=5)
    assert followed.count("level=") >= 2


async def test_logs_of_several_containers(run: Run, live: Fleet) -> None:
    containers = [{"name": name, "image": f"registry.example.com/{name}:1"} for name in ("app", "proxy")]
    live[0].store.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "two", "namespace": "games"},
            "spec": {"containers": containers},
        }
    )
    live.step(120)
    told = await run("logs", "two", "-n", "games", "--all-containers", "--prefix")
    assert {line.split("] ")[0] for line in told.splitlines()} == {"[pod/two/app", "[pod/two/proxy"}
    assert "image=registry.example.com/proxy:1" in await run("logs", "two", "-n", "games", "-c", "proxy")
    assert "is not valid for pod two" in await run("logs", "two", "-n", "games", "-c", "nope", expect=1)


async def test_a_user_bound_in_one_namespace_is_told_what_is_forbidden(
    run: Run, live: Fleet, tmp_path: Path
) -> None:
    live[0].store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    config = str(live.kubeconfig(tmp_path / "narrow", "namespaced"))
    assert "dice-roller" in await run("--kubeconfig", config, "get", "pods", "-n", "games")
    told = await run("--kubeconfig", config, "get", "pods", "-n", "other", expect=1)
    assert 'User "namespaced" cannot list resource "pods" in API group "" in the namespace "other"' in told
    assert (
        await run("--kubeconfig", config, "auth", "can-i", "list", "pods", "-n", "other", expect=1)
    ).strip() == "no"


async def test_scale_rollout_and_delete(run: Run, live: Fleet) -> None:
    live[0].store.delete("horizontalpodautoscalers", "scoreboard", "games")
    assert "scaled" in await run("scale", "deploy/scoreboard", "-n", "games", "--replicas=3")
    assert "successfully rolled out" in await run(
        "rollout", "status", "deploy/scoreboard", "-n", "games", "--timeout=30s"
    )
    await run(
        "set", "image", "deploy/scoreboard", "-n", "games", "app=registry.example.com/games/scoreboard:2.0.0"
    )
    assert "successfully rolled out" in await run(
        "rollout", "status", "deploy/scoreboard", "-n", "games", "--timeout=30s"
    )
    assert "rolled back" in await run("rollout", "undo", "deploy/scoreboard", "-n", "games")
    assert "deleted" in await run("delete", "deploy", "scoreboard", "-n", "games")
    assert "not found" in await run("get", "deploy", "scoreboard", "-n", "games", expect=1)


async def test_can_i_and_top(run: Run) -> None:
    assert (await run("auth", "can-i", "list", "pods")).strip() == "yes"
    assert (
        await run("auth", "can-i", "list", "secrets", "-n", "games", "--as", "jane", expect=1)
    ).strip() == "no"
    assert "selfsubjectreviews.authentication.k8s.io" in await run("auth", "can-i", "--list", "-n", "games")
    assert "admin" in await run("auth", "whoami")
    assert "dice-roller" in await run("top", "pods", "-n", "games")
    assert "worker-1" in await run("top", "nodes")


async def test_create_apply_label_and_patch(run: Run, live: Fleet) -> None:
    await run("create", "configmap", "settings", "-n", "games", "--from-literal=a=b")
    await run("label", "configmap", "settings", "-n", "games", "tier=gold")
    await run("patch", "configmap", "settings", "-n", "games", "--type=merge", "-p", '{"data":{"a":"c"}}')
    held = live[0].store.get("configmaps", "settings", "games")
    assert (held["data"], held["metadata"]["labels"]) == ({"a": "c"}, {"tier": "gold"})
    tree = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "applied", "namespace": "games"},
        "data": {"a": "1"},
    }
    assert "created" in await run("apply", "-f", "-", stdin=yaml.safe_dump(tree))
    assert "configured" in await run("apply", "-f", "-", stdin=yaml.safe_dump({**tree, "data": {"a": "2"}}))
    assert "unchanged" in await run("apply", "-f", "-", stdin=yaml.safe_dump({**tree, "data": {"a": "2"}}))


async def test_create_of_what_kubectl_sends_in_protobuf(run: Run, live: Fleet) -> None:
    made = [
        ("namespace", "bakery"),
        ("-n", "bakery", "serviceaccount", "robot"),
        ("-n", "bakery", "role", "reader", "--verb=get,list", "--resource=pods,deployments.apps"),
        ("-n", "bakery", "rolebinding", "reader", "--role=reader", "--serviceaccount=bakery:robot"),
        ("clusterrole", "health", "--verb=get", "--non-resource-url=/livez"),
        ("clusterrolebinding", "health", "--clusterrole=health", "--user=anna", "--group=bakers"),
        ("-n", "bakery", "secret", "generic", "key", "--from-literal=a=b"),
        ("-n", "bakery", "quota", "small", "--hard=pods=9,requests.cpu=2"),
        (
            "-n",
            "bakery",
            "deployment",
            "web",
            "--image=registry.example.com/web:1",
            "--replicas=2",
            "--port=80",
        ),
        ("-n", "bakery", "job", "once", "--image=registry.example.com/job:1", "--", "echo", "hi"),
        ("-n", "bakery", "cronjob", "often", "--image=registry.example.com/job:1", "--schedule=* * * * *"),
    ]
    for words in made:
        assert "created" in await run("create", *words)
    store = live[0].store
    role = store.get("roles.rbac.authorization.k8s.io", "reader", "bakery")
    assert role["rules"] == [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get", "list"], "apiGroups": ["apps"], "resources": ["deployments"]},
    ]
    binding = store.get("clusterrolebindings.rbac.authorization.k8s.io", "health")
    assert [(s["kind"], s["name"]) for s in binding["subjects"]] == [("User", "anna"), ("Group", "bakers")]
    assert store.get("secrets", "key", "bakery")["data"] == {"a": "Yg=="}
    assert store.get("resourcequotas", "small", "bakery")["spec"]["hard"] == {
        "pods": "9",
        "requests.cpu": "2",
    }
    deployment = store.get("deployments", "web", "bakery")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (deployment["spec"]["replicas"], container["ports"][0]["containerPort"]) == (2, 80)
    token = (await run("-n", "bakery", "create", "token", "robot", "--duration=10m")).strip()
    assert "system:serviceaccount:bakery:robot" in await run("--token", token, "auth", "whoami")
    assert "less than 10 minutes" in await run(
        "-n", "bakery", "create", "token", "robot", "--duration=5m", expect=1
    )


async def test_the_kubeconfig_holds_users_to_try_roles_with(run: Run, live: Fleet) -> None:
    name = live[0].name
    assert "dice-roller" in await run(f"--user={name}-namespaced", "get", "pods", "-n", "games")
    assert "forbidden" in await run(f"--user={name}-namespaced", "get", "pods", "-A", expect=1)
    assert "dice-roller" in await run(f"--user={name}-viewer", "get", "pods", "-A")
    assert "forbidden" in await run(f"--user={name}-viewer", "get", "secrets", "-A", expect=1)
    assert "forbidden" in await run(f"--user={name}-nobody", "get", "pods", "-n", "games", expect=1)
