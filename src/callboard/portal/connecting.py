"""How somebody reaches a cluster with kubectl: the commands that sign them in and set context and namespace. Never a credential:
each command has its own tool ask for one. Pure.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from shlex import quote
from typing import Final
from urllib.parse import urlsplit

from callboard.base.gaps import filled
from callboard.base.settings import ConnectSettings
from callboard.model.cluster import Cluster
from callboard.portal.views import AccessStep, ClusterAccess

__all__ = ["cluster_access"]

UNTYPABLE: Final = "Its name holds characters that are not for a terminal, so there are no commands for it."
ASSUMED: Final = (
    "Callboard does not know how people sign in to this cluster: the commands take for granted that your kubeconfig has a "
    "context of this name. Whoever runs Callboard can say how one is made (callboard.connect)."
)
OWN: Final = "The context is one of the kubeconfig file that Callboard reads."
_MOST_COMMANDS: Final = 20


def cluster_access(cluster: Cluster, namespace: str, rules: Sequence[ConnectSettings]) -> ClusterAccess:
    """The commands for one cluster and, unless it is "", a namespace."""
    if not cluster.name.isprintable() or not namespace.isprintable():
        return ClusterAccess(cluster=cluster.info, context=cluster.name, refused=UNTYPABLE)
    context, steps, note = _way_in(cluster, namespace, rules)
    steps += [AccessStep("Use this cluster", f"kubectl config use-context {_operand(context)}")]
    if namespace:
        line = f"kubectl config set-context {_operand(context)} --namespace={quote(namespace)}"
        steps.append(AccessStep("Use the namespace of the service", line))
    return ClusterAccess(
        cluster=cluster.info, context=context, namespace=namespace, steps=tuple(steps), note=note
    )


def _way_in(
    cluster: Cluster, namespace: str, rules: Sequence[ConnectSettings]
) -> tuple[str, list[AccessStep], str]:
    """(context, commands that make it, what is taken for granted)."""
    parameters = {k: str(v) for k, v in cluster.dashboard.parameters.items() if str(v).isprintable()}
    rule = next((r for r in rules if _fits(r, cluster)), None)
    if rule is not None:
        values = parameters | {"cluster": cluster.name, "namespace": namespace, "server": cluster.url}
        context = filled(rule.context, values, str) or cluster.name
        made = (
            filled(command, values | {"context": context}, quote)
            for command in rule.commands[:_MOST_COMMANDS]
        )
        return context, [AccessStep("Sign in", line) for line in made if line], ""
    for make in (_gke, _eks, _aks):
        if known := make(cluster, parameters):
            return known[0], [AccessStep("Sign in", line) for line in known[1]], ""
    note = OWN if cluster.auth_provider == "kubeconfig" else ASSUMED
    return cluster.name, [], note


def _fits(rule: ConnectSettings, cluster: Cluster) -> bool:
    named = not rule.clusters or any(fnmatchcase(cluster.name, each) for each in rule.clusters)
    return named and rule.auth_provider in ("", cluster.auth_provider)


_Known = tuple[str, tuple[str, ...]]


def _gke(cluster: Cluster, given: Mapping[str, str]) -> _Known | None:
    """gcloud writes a context that runs gke-gcloud-auth-plugin."""
    if not _is(cluster, "gke", ("google", "googleServiceAccount")):
        return None
    if not all(given.get(key) for key in ("projectId", "region", "clusterName")):
        return None
    project, region, name = (given[key] for key in ("projectId", "region", "clusterName"))
    line = (
        f"gcloud container clusters get-credentials {_operand(name)} --region={quote(region)} "
        f"--project={quote(project)}"
    )
    return f"gke_{project}_{region}_{name}", (line,)


def _eks(cluster: Cluster, given: Mapping[str, str]) -> _Known | None:
    """aws writes a context that runs `aws eks get-token`."""
    if not _is(cluster, "eks", ("aws",)):
        return None
    named = cluster.auth_metadata.get("kubernetes.io/x-k8s-aws-id", "")
    name = given.get("clusterName") or (named if isinstance(named, str) else "")
    region = given.get("region") or _eks_region(cluster.url)
    if not name or not region:
        return None
    line = f"aws eks update-kubeconfig --region={quote(region)} --name={quote(name)} --alias={quote(cluster.name)}"
    return cluster.name, (line,)


def _eks_region(url: str) -> str:
    """Of `https://….eu-west-1.eks.amazonaws.com`."""
    try:
        labels = (urlsplit(url).hostname or "").split(".")
    except ValueError:
        return ""
    return labels[-4] if len(labels) > 4 and labels[-3:] == ["eks", "amazonaws", "com"] else ""


def _aks(cluster: Cluster, given: Mapping[str, str]) -> _Known | None:
    """az writes a context; kubelogin makes it sign in as whoever is signed in to az."""
    if not _is(cluster, "aks", ("aks", "azure")):
        return None
    if not all(given.get(key) for key in ("subscriptionId", "resourceGroup", "clusterName")):
        return None
    line = (
        f"az aks get-credentials --subscription={quote(given['subscriptionId'])} "
        f"--resource-group={quote(given['resourceGroup'])} --name={quote(given['clusterName'])} "
        f"--context={quote(cluster.name)}"
    )
    return cluster.name, (
        line,
        f"kubelogin convert-kubeconfig -l azurecli --context={quote(cluster.name)}",
    )


def _is(cluster: Cluster, app: str, providers: tuple[str, ...]) -> bool:
    return cluster.dashboard.app == app or cluster.auth_provider in providers


def _operand(text: str) -> str:
    """A word that is no option, whatever it begins with."""
    return f"-- {quote(text)}" if text.startswith("-") else quote(text)
