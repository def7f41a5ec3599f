"""Paths that are no resources: discovery, version, health, OpenAPI."""

import hashlib
from typing import TYPE_CHECKING

from aiohttp import web

from callboard.simulator.machinery.refusal import method_not_allowed
from callboard.simulator.machinery.tree import Tree, encode
from callboard.simulator.serving import answer as answers
from callboard.simulator.serving import discovery, openapi
from callboard.simulator.serving.accept import negotiate
from callboard.simulator.serving.answer import HttpAnswer
from callboard.simulator.serving.request import RequestInfo

if TYPE_CHECKING:
    from callboard.simulator.cluster import SimulatedCluster

__all__ = ["answer"]

_CHECKS = (
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/crd-informer-synced",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/apiservice-discovery-controller",
)
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def answer(cluster: "SimulatedCluster", request: web.BaseRequest, info: RequestInfo) -> HttpAnswer:
    """Answer one of them; 404 as plain text for what is not there."""
    if request.method not in ("GET", "HEAD"):
        raise method_not_allowed()
    path = info.path.rstrip("/")
    if not path:
        return answers.tree({"paths": discovery.paths(cluster.registry)})
    parts = path.split("/")[1:]
    if path == "/version":
        return answers.tree(discovery.version(cluster.minor))
    if path in ("/healthz", "/livez", "/readyz"):
        return _health(path[1:], verbose="verbose" in request.query)
    if path in ("/api", "/apis"):
        return _root(cluster, request, core=path == "/api")
    if path == "/openapi/v3" or path.startswith("/openapi/v3/"):
        return openapi.answer(cluster.registry, path)
    shown: Tree | None = None
    if parts[0] == "api" and len(parts) == 2:
        shown = discovery.resource_list(cluster.registry, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 2:
        shown = discovery.group(cluster.registry, parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        shown = discovery.resource_list(cluster.registry, parts[1], parts[2])
    return answers.text("404 page not found\n", 404) if shown is None else answers.tree(shown)


def _root(cluster: "SimulatedCluster", request: web.BaseRequest, *, core: bool) -> HttpAnswer:
    header = request.headers.get("Accept", "")
    form = negotiate(header, discovery=True) if "as=APIGroupDiscoveryList" in header else None
    if form is not None and form.kind and cluster.aggregated_discovery:
        body = encode(discovery.aggregated(cluster.registry, core=core)) + b"\n"
        etag = f'"{hashlib.sha256(body).hexdigest()[:64].upper()}"'
        headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "public"}
        if request.headers.get("If-None-Match") == etag:
            return HttpAnswer(b"", 304, "", headers)
        return HttpAnswer(body, 200, _AGGREGATED, headers)
    if core:
        return answers.tree(discovery.api_versions(cluster.url.partition("://")[2]))
    return answers.tree(discovery.group_list(cluster.registry))


def _health(name: str, *, verbose: bool) -> HttpAnswer:
    if not verbose:
        return answers.text("ok")
    return answers.text("".join(f"[+]{check} ok\n" for check in _CHECKS) + f"{name} check passed\n")
