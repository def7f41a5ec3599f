"""The chart, linted and rendered by Helm's own code: Kubernetes knows every field, values are checked, notes say what is next."""

import json
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

from callboard import __version__
from callboard.base.config import load
from callboard.portal.operations import least_privilege
from support.deployed import CHART, FOREIGN, KUSTOMIZE, Document, charted, complaints, helm

pytestmark = pytest.mark.skipif(
    find_spec("helm_python") is None, reason="Helm's library has no wheel for this machine"
)

BASE: Document = {"config": {"app": {"baseUrl": "https://portal.example.org:8443/tools"}}}
PEOPLE: Document = {
    **BASE,
    "people": {"enabled": True, "ingress": {"enabled": True, "className": "nginx"}, "gateway": {"enabled": True}},
    "monitoring": {"enabled": True, "labels": {"release": "prometheus"}},
    "persistence": {"enabled": False},
    "env": [{"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "pg", "key": "password"}}}],
    "secretMounts": [{"secret": "callboard-people", "path": "/etc/callboard-people"}],
}  # fmt: skip
GOOD: dict[str, Document] = {
    "as it is": {},
    "demo": {"demo": True},
    "people": PEOPLE,
    "own TLS": {**BASE, "people": {"enabled": True, "tls": True}},
    "everything": {
        "image": {"repository": "r.example/cb", "tag": "1"}, "imagePullSecrets": [{"name": "pull"}],
        "catalog": {"catalog-info.yaml": "kind: Component\n# {{ not a template }}\n"},
        "persistence": {"storageClass": "fast", "size": "5Gi"},
        "serviceAccount": {"name": "cb", "annotations": {"a": "b"}}, "podAnnotations": {"x": "y"},
        "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "k", "operator": "Exists"}],
        "terminationGracePeriodSeconds": 700, "affinity": {"nodeAffinity": {}}, "envFrom": [{"secretRef": {"name": "pg"}}],
    },
}  # fmt: skip
WRONG: dict[str, tuple[Document, str]] = {
    "a value that is none": ({"replicas": 3}, "replicas"),
    "people without an address": ({"people": {"enabled": True}}, "config.app.baseUrl"),
    "a demo for people": ({**BASE, "demo": True, "people": {"enabled": True}}, "loopback alone"),
    "figures that nobody can scrape": ({"monitoring": {"enabled": True}}, "people.enabled"),
    "an image without a name": ({"image": {"repository": ""}}, "repository"),
    "no time to end": ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds"),
    "a size that is none": ({"persistence": {"size": "much"}}, "size"),
}


@cache
def told() -> tuple[list[Document], dict[str, Any]]:
    """All in one process."""
    values = [*GOOD.values(), *(each for each, _ in WRONG.values())]
    lint, files = helm(*values)
    return lint, dict(zip([*GOOD, *WRONG], files, strict=True))


def objects(name: str) -> dict[str, Document]:
    found = {each["kind"]: each for each in charted(told()[1][name]) if each["kind"] != "ConfigMap"}
    found["config"], found["catalog"] = [e for e in charted(told()[1][name]) if e["kind"] == "ConfigMap"]
    return found


def test_helm_lints_it_without_a_warning() -> None:
    lint, _ = told()
    for each in lint[: len(GOOD)]:
        assert each["errors"] == []
        assert [m for m in each["messages"] if m["severity"] > 1] == []


@pytest.mark.parametrize("name", sorted(GOOD))
def test_kubernetes_knows_every_field(name: str) -> None:
    found = [e for e in charted(told()[1][name]) if e["kind"] not in FOREIGN]
    assert len(found) > 6
    for each in found:
        assert complaints(each) == [], each["kind"]


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_cannot_work_is_refused_by_name(name: str) -> None:
    said = told()[1][name]
    assert isinstance(said, str), "it was rendered"
    assert WRONG[name][1] in said


def test_where_people_come_there_is_a_way_to_the_pods() -> None:
    by_kind = objects("people")
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert by_kind["Service"]["spec"]["selector"] == labels
    assert by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert by_kind["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert by_kind["Ingress"]["spec"]["rules"][0]["host"] == "portal.example.org"
    assert by_kind["HTTPRoute"]["spec"]["hostnames"] == ["portal.example.org"]
    container = by_kind["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http", "scheme": "HTTP"}
    assert by_kind["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    config = yaml.safe_load(by_kind["config"]["data"]["app-config.yaml"])
    assert config["backend"]["listen"] == {"host": "0.0.0.0", "port": 7007}
    assert config["callboard"]["web"]["drainDelay"] == "15s"
    alerts = (KUSTOMIZE.parent / "monitoring" / "alerts.yaml").read_text()
    assert by_kind["PrometheusRule"]["spec"] == yaml.safe_load(alerts)
    assert "https://portal.example.org:8443/tools" in told()[1]["people"]["callboard/templates/NOTES.txt"]


def test_on_loopback_nobody_is_led_to_it() -> None:
    by_kind = objects("as it is")
    assert not by_kind.keys() & {"Service", "Ingress", "HTTPRoute", "ServiceMonitor"}
    assert "ingress" not in by_kind["NetworkPolicy"]["spec"]
    assert "exec" in by_kind["Deployment"]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    assert by_kind["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    assert "port-forward" in told()[1]["as it is"]["callboard/templates/NOTES.txt"]


def test_its_pod_is_as_tight_as_that_of_the_overlays() -> None:
    overlay = yaml.safe_load((KUSTOMIZE / "base" / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    pod = objects("as it is")["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == overlay["securityContext"]
    (ours,), (theirs,) = pod["containers"], overlay["containers"]
    for key in ("securityContext", "resources", "args", "ports", "startupProbe", "livenessProbe"):
        assert ours[key] == theirs[key], key


def test_a_pod_has_the_time_to_end_that_is_asked_for() -> None:
    given = {
        name: objects(name)["Deployment"]["spec"]["template"]["spec"] for name in ("people", "everything")
    }
    assert given["people"]["terminationGracePeriodSeconds"] == 60
    assert given["everything"]["terminationGracePeriodSeconds"] == 700


def test_it_is_of_this_version_and_grants_what_callboard_prints() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert about["version"] == about["appVersion"] == __version__
    by_kind = objects("as it is")
    settings = load([KUSTOMIZE / "base" / "app-config.yaml"], {}).settings
    text = least_privilege(settings, namespaces=(), features=(), name="callboard", namespace="callboard")
    printed = {each["kind"]: each for each in yaml.safe_load_all(text)}
    assert by_kind["ClusterRole"]["rules"] == printed["ClusterRole"]["rules"]
    assert by_kind["ClusterRoleBinding"]["subjects"] == printed["ClusterRoleBinding"]["subjects"]
    assert by_kind["ClusterRoleBinding"]["roleRef"]["name"] == by_kind["ClusterRole"]["metadata"]["name"]


def test_every_value_stands_in_its_schema_and_the_configuration_is_the_overlays() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compared(said: Document, allowed: Document) -> None:
        for name, value in said.items():
            assert name in allowed["properties"], name
            if allowed["properties"][name].get("properties") and isinstance(value, dict):
                compared(value, allowed["properties"][name])

    compared(values, schema)
    assert values["config"] == yaml.safe_load((KUSTOMIZE / "base" / "app-config.yaml").read_text())
