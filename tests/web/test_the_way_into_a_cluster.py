"""Connect: commands that choose the cluster and act on a pod, whatever things are called, and never with a credential."""

import re
import shlex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.secret import Secret
from callboard.base.settings import ConnectSettings
from callboard.model.cluster import AUTH_PROVIDER, Cluster, Dashboard
from callboard.portal.connecting import cluster_access
from callboard.portal.views import ContainerRow, ObjectKey
from callboard.web.commands import in_context, pod_commands
from callboard.web.pages.objects import DRAWER_HEADER
from support.crash_scene import PAGE, POD, crash_view, portal_of
from support.web_server import get, serving

EKS = "https://ABC123.gr7.eu-west-1.eks.amazonaws.com"


def cluster(provider: str, name: str = "eu 1", url: str = "https://api", **parameters: str) -> Cluster:
    app = parameters.pop("app", "")
    metadata: dict[str, str | Secret] = {
        AUTH_PROVIDER: provider,
        "kubernetes.io/x-k8s-aws-id": "pay",
        "token": Secret("hunter2"),
    }
    return Cluster(name=name, url=url, auth_metadata=metadata, dashboard=Dashboard("", app, dict(parameters)))


def lines(found: Cluster, *rules: ConnectSettings, namespace: str = "dice") -> list[str]:
    return [step.line for step in cluster_access(found, namespace, rules).steps]


CHOOSE = [
    "kubectl config use-context 'eu 1'",
    "kubectl config set-context 'eu 1' --namespace=dice",
]


def test_each_providers_own_tool_signs_people_in() -> None:
    gke = {"projectId": "p", "region": "r", "clusterName": "c"}
    assert lines(cluster("google", **gke)) == [
        "gcloud container clusters get-credentials c --region=r --project=p",
        "kubectl config use-context gke_p_r_c",
        "kubectl config set-context gke_p_r_c --namespace=dice",
    ]
    assert lines(cluster("aws", url=EKS)) == [
        "aws eks update-kubeconfig --region=eu-west-1 --name=pay --alias='eu 1'",
        *CHOOSE,
    ]
    aks = {"subscriptionId": "s", "resourceGroup": "g", "clusterName": "c", "app": "aks"}
    assert lines(cluster("oidc", **aks)) == [
        "az aks get-credentials --subscription=s --resource-group=g --name=c --context='eu 1'",
        "kubelogin convert-kubeconfig -l azurecli --context='eu 1'",
        *CHOOSE,
    ]


def test_where_nothing_is_known_it_says_what_it_takes_for_granted() -> None:
    found = cluster_access(cluster("serviceAccount"), "dice", ())
    assert [step.line for step in found.steps] == CHOOSE
    assert "callboard.connect" in found.note
    assert "kubeconfig file" in cluster_access(cluster("kubeconfig"), "dice", ()).note
    assert lines(cluster("google", projectId="p")) == CHOOSE, "half of what gcloud needs is nothing"


def test_whoever_runs_callboard_says_how_their_people_sign_in() -> None:
    rules = (
        ConnectSettings(clusters=("us-*",), commands=("never",)),
        ConnectSettings(
            auth_provider="oidc", context="tsh-{cluster}", commands=("tsh kube login {cluster}", "x {server}", "{gone}")
        ),
    )  # fmt: skip
    assert lines(cluster("oidc"), *rules) == [
        "tsh kube login 'eu 1'",
        "x https://api",
        "kubectl config use-context 'tsh-eu 1'",
        "kubectl config set-context 'tsh-eu 1' --namespace=dice",
    ]
    assert lines(cluster("aws", url="https://api"), *rules)[-2:] == CHOOSE


@given(st.text(min_size=1, max_size=30), st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_no_name_gets_out_of_its_quotes_and_no_secret_is_told(name: str, namespace: str, pod: str) -> None:
    found = cluster_access(cluster("aws", name, EKS, clusterName=pod), namespace, ())
    key = ObjectKey(name, "pods", namespace, pod)
    container = ContainerRow(name=pod, has_log=True, has_previous=True, ports=(80,))
    for line in [s.line for s in found.steps] + [c.line for c in pod_commands(name, key, container)]:
        assert line.isprintable(), "nothing acts on a terminal when it is pasted"
        words = shlex.split(line)
        assert words[0] in ("kubectl", "aws")
        assert {"use-context", "set-context", "update-kubeconfig"} & set(
            words
        ) or f"--context={name}" in words
        assert "hunter2" not in line
    if not (name + namespace).isprintable():
        assert found.refused
        assert not found.steps


def test_a_pod_has_all_that_somebody_does_with_one() -> None:
    container = ContainerRow(name="app", has_log=True, has_previous=True, ports=(80, 9090))
    told = [c.line for c in pod_commands("eu", ObjectKey("eu", "pods", "dice", "web-1"), container)]
    start = "kubectl --context=eu --namespace=dice "
    assert told == [
        start + "describe pod/web-1",
        start + "logs pod/web-1 --container=app --tail=200 --follow",
        start + "logs pod/web-1 --container=app --previous",
        start + "exec -it pod/web-1 --container=app -- sh",
        start + "debug -it pod/web-1 --image=busybox --target=app",
        start + "port-forward pod/web-1 8080:80",
        start + "port-forward pod/web-1 9090:9090",
    ]


async def test_the_dialog_is_an_address_for_a_cluster_and_for_a_pod() -> None:
    async with serving(portal_of(crash_view())) as base:
        page = (await get(base, PAGE)).text
        link = next(each for each in re.findall(r'href="([^"]*\?connect=[^"]*)"', page) if "pod=" in each)
        dialog = (await get(base, link.replace("&amp;", "&"), {DRAWER_HEADER: "1"})).text
        whole = (await get(base, f"{PAGE}?connect=1")).text
        gone = (await get(base, f"{PAGE}?connect=eu-west-1&pod=dice/gone")).text
        assert (await get(base, f"{PAGE}?connect=nowhere")).status == 404
    assert "<html" not in dialog
    assert "kubectl config use-context eu-west-1" in dialog
    assert f"exec -it pod/{POD}" in dialog
    assert "<html" in whole
    assert "kubectl config use-context eu-west-1" in whole, "the worst cluster"
    assert "not there any more" in gone


async def test_what_cannot_be_typed_has_no_commands() -> None:
    view = crash_view()
    part = view.clusters[0]
    named = msgspec.structs.replace(part.cluster, name="eu\x1b[2Jwest", title="")
    view = msgspec.structs.replace(view, clusters=(msgspec.structs.replace(part, cluster=named),))
    async with serving(portal_of(view)) as base:
        page = (await get(base, f"{PAGE}?connect=1")).text
    assert "not for a terminal" in page
    assert "use-context" not in page


@pytest.mark.parametrize("line", ["tsh login --proxy=x {cluster}"])
def test_a_hostile_name_is_one_word_of_a_configured_command(line: str) -> None:
    evil = "a; rm -rf ~ #$(id)`id`'\""
    found = lines(cluster("oidc", evil), ConnectSettings(commands=(line,)))
    assert shlex.split(found[0]) == ["tsh", "login", "--proxy=x", evil]


def test_a_step_of_kubectl_names_the_cluster_it_is_for() -> None:
    line = "kubectl rollout undo deployment/web -n shop"
    assert in_context(line, "eu") == "kubectl --context=eu rollout undo deployment/web -n shop"
    assert (
        in_context(line, "a b; rm -rf /")
        == "kubectl --context='a b; rm -rf /' rollout undo deployment/web -n shop"
    )
    for as_it_was in (("helm history web", "eu"), (line, ""), (line, "a\nb"), ("kubectl", "eu")):
        assert in_context(*as_it_was) == as_it_was[0]
