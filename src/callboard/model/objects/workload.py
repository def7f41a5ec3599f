"""The controllers of pods, and what scales them."""

import msgspec

from callboard.model.objects.meta import Condition, ObjectMeta
from callboard.model.objects.names import Name
from callboard.model.objects.pod import PodTemplate
from callboard.model.objects.time import Time

__all__ = [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "Metric",
    "ReplicaSet",
    "ResourceMetric",
    "StatefulSet",
]


class SelectorRequirement(msgspec.Struct, frozen=True, gc=False):
    key: Name
    operator: Name
    values: tuple[Name, ...] = ()


class PodSelector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """`spec.selector` of a workload."""

    match_labels: dict[Name, Name] | None = None
    match_expressions: tuple[SelectorRequirement, ...] = ()


class DeploymentStrategy(msgspec.Struct, frozen=True, gc=False):
    type: Name = ""


class DeploymentSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    replicas: int = 1
    paused: bool = False
    min_ready_seconds: int = 0
    progress_deadline_seconds: int = 600
    selector: PodSelector = PodSelector()
    strategy: DeploymentStrategy = DeploymentStrategy()
    template: PodTemplate = PodTemplate()


class DeploymentStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    unavailable_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class ReplicaSetSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    replicas: int = 1
    min_ready_seconds: int = 0
    selector: PodSelector = PodSelector()
    template: PodTemplate = PodTemplate()


class ReplicaSetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    observed_generation: int = 0
    replicas: int = 0
    fully_labeled_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class ReplicaSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()


class RollingUpdate(msgspec.Struct, frozen=True, gc=False):
    partition: int = 0


class UpdateStrategy(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Of a StatefulSet or DaemonSet. `rolling_update` is read for StatefulSets only."""

    type: Name = "RollingUpdate"
    rolling_update: RollingUpdate | None = None


class StatefulSetSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    replicas: int = 1
    service_name: Name = ""
    min_ready_seconds: int = 0
    selector: PodSelector = PodSelector()
    update_strategy: UpdateStrategy = UpdateStrategy()
    template: PodTemplate = PodTemplate()


class StatefulSetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    current_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    current_revision: Name = ""
    update_revision: Name = ""
    conditions: tuple[Condition, ...] = ()


class StatefulSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class DaemonSetUpdateStrategy(msgspec.Struct, frozen=True, gc=False):
    type: Name = "RollingUpdate"


class DaemonSetSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    min_ready_seconds: int = 0
    selector: PodSelector = PodSelector()
    update_strategy: DaemonSetUpdateStrategy = DaemonSetUpdateStrategy()
    template: PodTemplate = PodTemplate()


class DaemonSetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    observed_generation: int = 0
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    number_unavailable: int = 0
    number_misscheduled: int = 0
    conditions: tuple[Condition, ...] = ()


class DaemonSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


class JobSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    parallelism: int | None = None
    completions: int | None = None
    backoff_limit: int = 6
    suspend: bool = False
    active_deadline_seconds: int | None = None
    selector: PodSelector = PodSelector()
    template: PodTemplate = PodTemplate()


class JobStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: Time | None = None
    completion_time: Time | None = None
    conditions: tuple[Condition, ...] = ()


class Job(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


class CronJobSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    schedule: Name = ""
    time_zone: Name = ""
    suspend: bool = False
    concurrency_policy: Name = "Allow"
    starting_deadline_seconds: int | None = None


class ActiveJob(msgspec.Struct, frozen=True, gc=False):
    name: Name = ""


class CronJobStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    active: tuple[ActiveJob, ...] = ()
    last_schedule_time: Time | None = None
    last_successful_time: Time | None = None


class CronJob(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


class ScaleTarget(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kind: Name = ""
    name: Name = ""
    api_version: Name = ""


class MetricTarget(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    type: Name = ""
    average_utilization: int | None = None
    average_value: str | int | float | None = None
    value: str | int | float | None = None


class ResourceMetric(msgspec.Struct, frozen=True, gc=False):
    name: Name = ""
    target: MetricTarget = MetricTarget()
    current: MetricTarget = MetricTarget()


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One of an autoscaler's metrics; only `Resource` metrics are read in full."""

    type: Name = ""
    resource: ResourceMetric | None = None


class HorizontalPodAutoscalerSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    scale_target_ref: ScaleTarget = ScaleTarget()
    min_replicas: int = 1
    max_replicas: int = 0
    metrics: tuple[Metric, ...] = ()


class HorizontalPodAutoscalerStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    observed_generation: int | None = None
    current_replicas: int = 0
    desired_replicas: int = 0
    last_scale_time: Time | None = None
    current_metrics: tuple[Metric, ...] | None = None
    conditions: tuple[Condition, ...] = ()


class HorizontalPodAutoscaler(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: HorizontalPodAutoscalerSpec = HorizontalPodAutoscalerSpec()
    status: HorizontalPodAutoscalerStatus = HorizontalPodAutoscalerStatus()
