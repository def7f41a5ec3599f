"""Links lead to where logs are kept and to the cluster's own console, and never anywhere else."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.gaps import is_link_template
from callboard.model.cluster import ClusterInfo, Dashboard
from callboard.portal.views import LinkTemplate, ObjectKey, OutwardLinks
from callboard.web.consoles import console_url
from callboard.web.outward import outward_links
from callboard.web.pages.objects import DRAWER_HEADER
from support.crash_scene import PAGE, POD, crash_view, portal_of
from support.web_scenes import ENTITY
from support.web_server import get, serving

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
POD_KEY = ObjectKey("eu", "pods", "dice", "web-1")
DEPLOYMENT = ObjectKey("eu", "deployments.apps", "dice", "web")
NODE = ObjectKey("eu", "nodes", "", "node-1")
OTHER = ObjectKey("eu", "rollouts.argoproj.io", "dice", "web")


def console(
    app: str,
    key: ObjectKey,
    kind: str = "",
    *,
    url: str = "https://c.example.com/x/",
    **parameters: str | bool,
) -> str:
    return console_url(ClusterInfo(name="eu", dashboard=Dashboard(url, app, dict(parameters))), key, kind)


@pytest.mark.parametrize(
    ("app", "key", "found"),
    [
        ("", POD_KEY, "https://c.example.com/x/#/pod/dice/web-1?namespace=dice"),
        ("standard", DEPLOYMENT, "https://c.example.com/x/#/deployment/dice/web?namespace=dice"),
        ("standard", OTHER, "https://c.example.com/x/#/workloads?namespace=dice"),
        ("rancher", DEPLOYMENT, "https://c.example.com/x/explorer/apps.deployment/dice/web"),
        ("rancher", OTHER, "https://c.example.com/x/explorer/workload"),
        ("openshift", POD_KEY, "https://c.example.com/x/k8s/ns/dice/pods/web-1"),
        ("openshift", OTHER, "https://c.example.com/x/k8s/cluster/projects/dice"),
        ("openshift", NODE, "https://c.example.com/x/k8s/cluster/nodes/node-1"),
        ("nobody-knows", POD_KEY, ""),
    ],
)
def test_a_console_by_its_address(app: str, key: ObjectKey, found: str) -> None:
    assert console(app, key) == found


def test_consoles_of_clouds_need_their_parameters() -> None:
    gke = {"projectId": "p", "region": "europe-west1", "clusterName": "c"}
    base = "https://console.cloud.google.com/kubernetes"
    assert console("gke", POD_KEY, url="", **gke) == f"{base}/pod/europe-west1/c/dice/web-1/details?project=p"
    assert console("gke", OTHER, url="", **gke) == f"{base}/clusters/details/europe-west1/c/details?project=p"
    assert console("gke", POD_KEY, url="", projectId="p") == ""
    eks = console("eks", POD_KEY, url="", region="eu-west-1", clusterName="c")
    assert (
        eks
        == "https://eu-west-1.console.aws.amazon.com/eks/clusters/c?region=eu-west-1&selectedTab=cluster-resources-tab"
    )
    assert console("eks", POD_KEY, url="", region="evil.example.com/", clusterName="c") == ""
    aks = {"subscriptionId": "s", "resourceGroup": "g", "clusterName": "c"}
    url = console("aks", DEPLOYMENT, "Deployment", url="", **aks)
    cluster, shown = url.split("/aksClusterId/")[1].split("/resource/")
    assert unquote(cluster).endswith(
        "/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"
    )
    assert json.loads(unquote(shown)) == {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "dice"},
    }


def test_headlamp_at_its_own_address_or_at_ours() -> None:
    there = urlsplit(console("headlamp", DEPLOYMENT, url="https://h", clusterName="a b"))
    assert parse_qs(there.query)["to"] == ["/c/a%20b/deployments/dice/web"]
    ours = console("headlamp", NODE, url="", internal=True)
    assert ours == "/headlamp?to=%2Fc%2Fdefault%2Fnodes%2Fnode-1"
    assert console("headlamp", NODE, url="", internal=True, headlampRoute="//evil.example.com") == ""


def test_another_console_by_template() -> None:
    more = (LinkTemplate("mine", "{url}/{team}/{plural}/{namespace}/{name}"),)
    info = ClusterInfo(name="eu", dashboard=Dashboard("https://c", "mine", {"team": "a/b"}))
    assert console_url(info, DEPLOYMENT, "", more) == "https://c/a%2Fb/deployments/dice/web"
    assert console_url(info, ObjectKey("eu", "", "", ""), "", more) == "", "a gap without a value is no link"


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_name_leads_elsewhere(cluster: str, namespace: str, name: str) -> None:
    template = LinkTemplate("Logs", "https://logs.example.com/{cluster}/s?q={namespace}&p={pod}#{service}")
    key = ObjectKey(cluster, "pods", namespace, name)
    info = ClusterInfo(name=cluster, dashboard=Dashboard("https://c.example.com", "rancher"))
    for link in outward_links(OutwardLinks(logs=(template,)), ENTITY, info, key, at=AT):
        parts = urlsplit(link.url)
        assert (parts.scheme, parts.hostname) in {("https", "logs.example.com"), ("https", "c.example.com")}
        if parts.hostname == "logs.example.com" and "�" not in link.url and namespace.isprintable():
            assert parse_qs(parts.query, keep_blank_values=True)["p"] == [
                name.encode(errors="replace").decode()
            ]


@pytest.mark.parametrize(
    ("template", "sound"),
    [
        ("https://logs.example.com/?q={pod}", True),
        ("http://logs", True),
        ("mailto:a@example.com?body={snapshot}", True),
        ("https://{cluster}.example.com/", False),
        ("https://a@{pod}/", False),
        ("javascript:alert({pod})", False),
        ("//logs.example.com", False),
        ("https://", False),
    ],
)
def test_what_a_template_may_be(template: str, sound: bool) -> None:
    assert is_link_template(template) is sound


async def test_block_drawer_and_help_have_them() -> None:
    view = crash_view()
    dashboard = Dashboard("https://c.example.com")
    parts = tuple(
        msgspec.structs.replace(p, cluster=msgspec.structs.replace(p.cluster, dashboard=dashboard))
        for p in view.clusters
    )
    portal = portal_of(msgspec.structs.replace(view, clusters=parts))
    portal.leading = OutwardLinks(
        logs=(LinkTemplate("Old logs", "https://logs.example.com/?p={pod}&c={cluster}"),)
    )
    drawer = f"{PAGE}/object/eu-west-1/pods/dice/{POD}"
    async with serving(portal) as base:
        for path in (PAGE, drawer, f"{PAGE}?help=CB-CRASH-ERROR"):
            shown = (await get(base, path, {DRAWER_HEADER: "1"} if path != PAGE else {})).text
            assert f'href="https://logs.example.com/?p={POD}&amp;c=eu-west-1"' in shown, path
        assert f'href="https://c.example.com/#/pod/dice/{POD}?namespace=dice"' in (await get(base, PAGE)).text
