"""Services and the routes to them."""

import msgspec

from callboard.model.objects.meta import ObjectMeta
from callboard.model.objects.names import Name

__all__ = ["Ingress", "Service"]


class ServicePort(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    port: int
    name: Name = ""
    protocol: Name = "TCP"
    target_port: int | str | None = None
    node_port: int | None = None


class LoadBalancerIngress(msgspec.Struct, frozen=True, gc=False):
    ip: Name = ""
    hostname: Name = ""


class LoadBalancerStatus(msgspec.Struct, frozen=True, gc=False):
    ingress: tuple[LoadBalancerIngress, ...] | None = None


class ServiceSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    type: Name = "ClusterIP"
    cluster_ip: Name = msgspec.field(name="clusterIP", default="")
    external_name: Name = ""
    selector: dict[Name, Name] | None = None
    ports: tuple[ServicePort, ...] | None = None


class ServiceStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class BackendPort(msgspec.Struct, frozen=True, gc=False):
    name: Name = ""
    number: int = 0


class IngressServiceBackend(msgspec.Struct, frozen=True, gc=False):
    name: Name = ""
    port: BackendPort = BackendPort()


class IngressBackend(msgspec.Struct, frozen=True, gc=False):
    service: IngressServiceBackend | None = None


class HttpIngressPath(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    path: str = ""
    path_type: Name = ""
    backend: IngressBackend = IngressBackend()


class HttpIngressRule(msgspec.Struct, frozen=True, gc=False):
    paths: tuple[HttpIngressPath, ...] = ()


class IngressRule(msgspec.Struct, frozen=True, gc=False):
    host: str = ""
    http: HttpIngressRule | None = None


class IngressTls(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    hosts: tuple[Name, ...] = ()
    secret_name: Name = ""


class IngressSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    ingress_class_name: Name = ""
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTls, ...] = ()


class IngressStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Ingress(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()
