"""Pods and their containers."""

import msgspec

from callboard.model.objects.meta import Condition, ObjectMeta
from callboard.model.objects.names import Name
from callboard.model.objects.time import Time

__all__ = [
    "Container",
    "ContainerPort",
    "ContainerState",
    "ContainerStateRunning",
    "ContainerStateTerminated",
    "ContainerStateWaiting",
    "ContainerStatus",
    "Pod",
    "PodSpec",
    "PodStatus",
    "PodTemplate",
    "Probe",
    "Resources",
    "TemplateMeta",
    "Volume",
]


class ContainerPort(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    container_port: int
    name: Name = ""
    protocol: Name = "TCP"


class Resources(msgspec.Struct, frozen=True, gc=False):
    """Quantities as Kubernetes writes them (`100m`, `128Mi`)."""

    requests: dict[str, str | int | float] | None = None
    limits: dict[str, str | int | float] | None = None


class HttpGetAction(msgspec.Struct, frozen=True, gc=False):
    path: Name = ""
    port: int | Name = ""


class Probe(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """When the kubelet asks a container how it is, in seconds; of what it asks, only HTTP is read."""

    initial_delay_seconds: int | None = None
    period_seconds: int | None = None
    timeout_seconds: int | None = None
    failure_threshold: int | None = None
    http_get: HttpGetAction | None = None


class Container(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """A container of a pod spec. `restart_policy` "Always" on an init container makes it a sidecar."""

    name: Name
    image: Name = ""
    ports: tuple[ContainerPort, ...] = ()
    resources: Resources = Resources()
    restart_policy: Name = ""
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    startup_probe: Probe | None = None


class PersistentVolumeClaimSource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    claim_name: Name


class ConfigMapSource(msgspec.Struct, frozen=True, gc=False):
    name: Name = ""
    optional: bool = False


class SecretSource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    secret_name: Name = ""
    optional: bool = False


class Volume(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    name: Name
    persistent_volume_claim: PersistentVolumeClaimSource | None = None
    config_map: ConfigMapSource | None = None
    secret: SecretSource | None = None


class PodSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_name: Name = ""
    node_selector: dict[Name, Name] | None = None
    service_account_name: Name = ""
    restart_policy: Name = "Always"
    termination_grace_period_seconds: int | None = None


class TemplateMeta(msgspec.Struct, frozen=True, gc=False):
    """`metadata` of a template: what every pod made from it will carry."""

    labels: dict[Name, Name] | None = None


class PodTemplate(msgspec.Struct, frozen=True, gc=False):
    """`spec.template` of a workload: its metadata has no name."""

    metadata: TemplateMeta = TemplateMeta()
    spec: PodSpec = PodSpec()


class ContainerStateWaiting(msgspec.Struct, frozen=True, gc=False):
    reason: Name = ""
    message: str = ""


class ContainerStateRunning(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    started_at: Time | None = None


class ContainerStateTerminated(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    exit_code: int
    signal: int = 0
    reason: Name = ""
    message: str = ""
    started_at: Time | None = None
    finished_at: Time | None = None


class ContainerState(msgspec.Struct, frozen=True, gc=False):
    """One of the three is set; none means waiting."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


class ContainerStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    name: Name
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    image: Name = ""
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    phase: Name = ""
    reason: Name = ""
    message: str = ""
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    start_time: Time | None = None
    pod_ip: Name = msgspec.field(name="podIP", default="")
    host_ip: Name = msgspec.field(name="hostIP", default="")


class Pod(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()
