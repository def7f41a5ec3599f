"""`callboard status --wait --image …`: it never passes on the old version, and gives up where that is in vain."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from callboard.cli.commands import build_cli
from callboard.model.objects import KubeObject
from callboard.model.resource import ResourceType
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from support import kube_objects as kube
from support.stub_wiring import StubPortal, StubWiring

OLD, NEW = "registry.example.com/web:1.42", "registry.example.com/web:1.43"
ROLLOUTS = ResourceType("argoproj.io", "v1alpha1", "rollouts", "Rollout", True)


def workload(
    image: str, *, kind: str = "Deployment", name: str = "web", wanted: int = 2, **counts: int
) -> KubeObject:
    status = {
        "observedGeneration": 1,
        "replicas": wanted,
        "readyReplicas": wanted,
        "availableReplicas": wanted,
        "updatedReplicas": wanted,
        **counts,
    }
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }
    spec: dict[str, Any] = {
        "replicas": wanted,
        "selector": {"matchLabels": {"app": "web"}},
        "template": template,
    }
    if kind == "StatefulSet":
        spec["updateStrategy"] = {"type": "OnDelete"}
    type_ = ROLLOUTS if kind == "Rollout" else None
    if kind == "Rollout":
        status["phase"] = "Healthy"  # type: ignore[assignment]
    document = {"metadata": kube.meta(name, generation=1), "spec": spec, "status": status}
    return kube.kube_object(kind, document, type_=type_)


def stuck(image: str, reason: str = "ImagePullBackOff") -> tuple[KubeObject, ...]:
    web = workload(image, updatedReplicas=1, replicas=3)
    rs = kube.replica_set("web-new", web)
    return (
        web,
        rs,
        kube.pod("web-new-1", owner=("ReplicaSet", "web-new", rs.meta.uid), **kube.waiting(reason)),
    )


def state(*clusters: ClusterSnapshot) -> ServiceSnapshot:
    return kube.service(*clusters)


def run(*snapshots: ServiceSnapshot, arguments: tuple[str, ...] = ("--wait",), image: str = NEW) -> Result:
    named = ("--image", image) if image else ()
    portal = StubPortal(*snapshots, hang=True)
    return CliRunner().invoke(
        build_cli(StubWiring(portal)), ["status", "web", *arguments, *named, "--timeout", "1s"]
    )


def test_it_waits_until_the_version_is_everywhere() -> None:
    before = state(kube.cluster("eu", workload(OLD)), kube.cluster("us", workload(OLD)))
    half = state(kube.cluster("eu", workload(NEW)), kube.cluster("us", workload(OLD)))
    after = state(kube.cluster("eu", workload(NEW)), kube.cluster("us", workload(NEW)))
    assert run(before, half, after).exit_code == 0
    for states in ((before,), (before, half)):
        result = run(*states)
        assert result.exit_code == 1
        assert f"Deployment web runs {OLD}" in result.stderr


@pytest.mark.parametrize(
    "other",
    [
        workload(OLD),
        workload(OLD, kind="Rollout"),
        workload(OLD, name="web-canary"),
        workload(NEW, updatedReplicas=1),
        workload(NEW, kind="StatefulSet", updatedReplicas=0),
        workload("registry.example.com/other:1.43"),
        workload("registry.example.com/web@sha256:" + "0" * 64),
        workload("other.example.com/web:1.43"),
    ],
    ids=["old", "old Rollout", "a second workload", "half rolled out", "waits to be deleted by hand", "another image",
         "a digest", "another registry"],
)  # fmt: skip
def test_it_never_passes_on_another_version(other: KubeObject) -> None:
    beside = (
        ()
        if "other" in str(other.raw) or "sha256" in str(other.raw)
        else (kube.cluster("eu", workload(NEW)),)
    )
    for arguments in (("--wait",), (), ("--json",)):
        result = run(state(*beside, kube.cluster("us", other)), arguments=arguments)
        assert result.exit_code == 1, result.output
        if arguments == ("--json",):
            conclusion = json.loads(result.stdout)["conclusion"]
            assert conclusion["exitCode"] == 1
            assert conclusion["unhealthy"][-1]["why"].startswith("not there yet: ")
        assert "not there yet: " in result.stderr


@pytest.mark.parametrize(
    ("written", "image"),
    [("nginx:1.27", "docker.io/library/nginx:1.27"), ("nginx", "nginx:latest"), (NEW, NEW)],
)
def test_one_image_may_be_written_in_several_ways(written: str, image: str) -> None:
    assert run(state(kube.cluster("eu", workload(written))), image=image).exit_code == 0


def test_what_runs_other_images_beside_it_does_not_matter() -> None:
    proxy = workload("registry.example.com/proxy:7", name="proxy")
    assert run(state(kube.cluster("eu", workload(NEW), proxy))).exit_code == 0


def test_it_gives_up_where_waiting_is_in_vain() -> None:
    broken = state(kube.cluster("eu", *stuck(NEW)))
    result = run(broken, arguments=("--wait", "--fail-on", "at-risk"))
    assert result.exit_code == 1
    assert "failed: eu: Deployment web: " in result.stderr
    assert "CB-IMAGE-PULL" in result.stderr
    patient = run(broken, state(kube.cluster("eu", workload(NEW))), arguments=("--wait", "--fail-on", "down"))
    assert patient.exit_code == 0


def test_the_trouble_of_the_old_version_does_not_end_it() -> None:
    troubled = state(kube.cluster("eu", *stuck(OLD)))
    done = state(kube.cluster("eu", workload(NEW)))
    assert run(troubled, done, arguments=("--wait", "--fail-on", "at-risk")).exit_code == 0


def test_a_cluster_that_does_not_answer_is_waited_for() -> None:
    dark = kube.cluster("us", also=(kube.failed("Deployment"),))
    assert run(state(kube.cluster("eu", workload(NEW)), dark)).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [("--fail-on", "down"), ("--wait", "--fail-on", "notice"), ("--wait", "--timeout", "soon")]
)
def test_wrong_usage_is_3(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(build_cli(StubWiring(StubPortal())), ["status", "web", *arguments])
    assert result.exit_code == 3


def labelled(version: str, updated: int = 2) -> KubeObject:
    made = json.loads(bytes(workload(OLD, updatedReplicas=updated).raw))
    made["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/version"] = version
    return kube.kube_object("Deployment", made)


BY_LABEL = ("--wait", "--label", "app.kubernetes.io/version=1.43")


def test_a_version_is_known_by_a_label_of_its_pods() -> None:
    old, new = labelled("1.42"), labelled("1.43")
    here = state(kube.cluster("eu", new), kube.cluster("us", new))
    half = state(kube.cluster("eu", new), kube.cluster("us", old))
    assert run(half, here, arguments=BY_LABEL, image="").exit_code == 0
    late = run(half, arguments=BY_LABEL, image="")
    assert late.exit_code == 1
    assert "us: Deployment web runs app.kubernetes.io/version=1.42" in late.stderr
    assert (
        run(state(kube.cluster("eu", labelled("1.43", updated=1))), arguments=BY_LABEL, image="").exit_code
        == 1
    )
    nothing = run(state(kube.cluster("eu", workload(NEW))), arguments=BY_LABEL, image="")
    assert nothing.exit_code == 1
    assert "nothing runs app.kubernetes.io/version=1.43" in nothing.stderr


def test_image_and_label_both_count() -> None:
    here = state(kube.cluster("eu", labelled("1.43")))
    assert run(here, arguments=BY_LABEL, image=OLD).exit_code == 0
    assert run(here, arguments=BY_LABEL, image=NEW).exit_code == 1


@pytest.mark.parametrize("written", ["1.43", "=1.43", "app.kubernetes.io/version"])
def test_what_is_no_label_is_wrong_usage(written: str) -> None:
    result = run(state(kube.cluster("eu", workload(NEW))), arguments=("--wait", "--label", written), image="")
    assert result.exit_code == 3
    assert "KEY=VALUE" in result.stderr
