"""How people reach the pods: from a route over its Service to the pods that are ready, and where that breaks. Pure.

It goes by what was selected, which is what is held anyway: EndpointSlices would be one more object for each change of a pod's
readiness, to tell what the pods themselves tell. So of a Service whose pods are not among those of this service, and of a route
whose Service is not, it is said that this could not be seen, never that there is none.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.network import Ingress, Service
from callboard.model.objects.pod import Pod
from callboard.portal.views import ObjectKey, RoutePath

__all__ = ["route_paths"]

MOST_PATHS: Final = 30
HTTP_ROUTES: Final = "httproutes.gateway.networking.k8s.io"
_LONGEST: Final = 200


class _Ref(msgspec.Struct):
    name: str = ""
    kind: str = "Service"
    namespace: str = ""
    port: int | None = None


class _Path(msgspec.Struct):
    value: str = "/"


class _Match(msgspec.Struct):
    path: _Path = msgspec.field(default_factory=_Path)


class _Rule(msgspec.Struct, rename="camel"):
    matches: list[_Match] | None = None
    backend_refs: list[_Ref] | None = None


class _RouteSpec(msgspec.Struct):
    hostnames: list[str] | None = None
    rules: list[_Rule] | None = None


class _Route(msgspec.Struct):
    spec: _RouteSpec = msgspec.field(default_factory=_RouteSpec)


_route = msgspec.json.Decoder(_Route)


class _Backend(msgspec.Struct, frozen=True):
    """What a route sends to: a port by number or by name, "" for any."""

    address: str
    namespace: str
    service: str
    port: str


def route_paths(
    cluster: str, objects: Iterable[KubeObject], pods: Iterable[KubeObject]
) -> tuple[RoutePath, ...]:
    """All ways through these objects to these pods, what is broken first; a Service without a route is reached from within."""
    services: dict[tuple[str, str], tuple[KubeObject, Service]] = {}
    routes: list[KubeObject] = []
    for obj in objects:
        if isinstance(obj.body, Service):
            services[obj.namespace, obj.name] = obj, obj.body
        elif isinstance(obj.body, Ingress) or obj.type.key == HTTP_ROUTES:
            routes.append(obj)
    if not services and not routes:
        return ()
    behind = _Behind(pods)
    found: list[RoutePath] = []
    reached: set[tuple[str, str]] = set()
    for route in routes:
        for backend in _backends(route):
            at = backend.namespace, backend.service
            reached.add(at)
            found.append(_path(cluster, backend, _key(cluster, route), services.get(at), behind))
    for at, known in sorted(services.items()):
        if at not in reached:
            found.append(_path(cluster, _Backend("", *at, ""), None, known, behind))
    found.sort(key=lambda path: not path.broken)
    return tuple(found[:MOST_PATHS])


class _Behind:
    """The pods, by namespace: labels, whether it is ready, names of its ports."""

    def __init__(self, pods: Iterable[KubeObject]) -> None:
        self._pods: dict[str, list[Pod]] = {}
        for obj in pods:
            if isinstance(obj.body, Pod) and obj.body.status.phase not in ("Succeeded", "Failed"):
                self._pods.setdefault(obj.namespace, []).append(obj.body)

    def of(self, namespace: str, selector: dict[str, str]) -> list[Pod]:
        """Those that carry all of these labels."""
        wanted = selector.items()
        return [p for p in self._pods.get(namespace, ()) if wanted <= (p.metadata.labels or {}).items()]


def _path(
    cluster: str,
    backend: _Backend,
    route: ObjectKey | None,
    known: tuple[KubeObject, Service] | None,
    behind: _Behind,
) -> RoutePath:
    made = RoutePath(
        address=backend.address, route=route, service=backend.service, service_key=None, port=backend.port
    )
    if known is None:
        return msgspec.structs.replace(made, unseen=True)
    obj, service = known
    made = msgspec.structs.replace(made, service_key=_key(cluster, obj), port=backend.port or _ports(service))
    if service.spec.type == "ExternalName" or not service.spec.selector:
        return msgspec.structs.replace(made, unseen=True)  # where it leads is told by somebody else
    pods = behind.of(obj.namespace, service.spec.selector)
    ready = sum(map(_ready, pods))
    made = msgspec.structs.replace(made, ready=ready, total=len(pods), unseen=not pods)
    return msgspec.structs.replace(made, broken=_broken(backend, service, pods, ready))


def _broken(backend: _Backend, service: Service, pods: list[Pod], ready: int) -> str:
    ports = service.spec.ports or ()
    asked = [p for p in ports if backend.port in (str(p.port), p.name)] if backend.port else list(ports)
    if backend.port and not asked:
        there = ", ".join(str(p.port) for p in ports[:5]) or "none"
        return f"the Service has no port {backend.port[:60]} (it has {there})"
    if not pods:
        return ""
    for port in asked:
        named = port.target_port
        if isinstance(named, str) and named and not any(named in _port_names(pod) for pod in pods):
            return f"the Service sends to a port called {named[:60]}, and no container of its pods has one of that name"
    return "" if ready else "none of its pods is ready"


def _backends(route: KubeObject) -> Iterator[_Backend]:
    body = route.body
    if isinstance(body, Ingress):
        secure = {host for tls in body.spec.tls for host in tls.hosts}
        for rule in body.spec.rules:
            scheme = "https" if rule.host in secure else "http"
            for path in rule.http.paths if rule.http else ():
                if (to := path.backend.service) is not None:
                    port = to.port.name or (str(to.port.number) if to.port.number else "")
                    address = f"{scheme}://{rule.host or '*'}{path.path}"[:_LONGEST]
                    yield _Backend(address, route.namespace, to.name, port)
        default = body.spec.default_backend.service if body.spec.default_backend else None
        if default is not None:
            port = default.port.name or (str(default.port.number) if default.port.number else "")
            yield _Backend("anything else", route.namespace, default.name, port)
    elif isinstance(body, Generic):
        try:
            spec = _route.decode(route.raw).spec
        except msgspec.MsgspecError:
            return
        host = (spec.hostnames or ["*"])[0]
        for each in spec.rules or ():
            address = f"{host}{each.matches[0].path.value if each.matches else '/'}"[:_LONGEST]
            for ref in each.backend_refs or ():
                if ref.kind == "Service":
                    port = str(ref.port) if ref.port else ""
                    yield _Backend(address, ref.namespace or route.namespace, ref.name, port)


def _ready(pod: Pod) -> bool:
    found = condition(pod.status.conditions, "Ready")
    return found is not None and found.status == "True"


def _port_names(pod: Pod) -> set[str]:
    return {
        port.name
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        for port in container.ports
    }


def _ports(service: Service) -> str:
    return ", ".join(str(p.port) for p in (service.spec.ports or ())[:5])


def _key(cluster: str, obj: KubeObject) -> ObjectKey:
    return ObjectKey(cluster, obj.type.key, obj.namespace, obj.name)
