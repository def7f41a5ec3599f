"""Controllers, jobs, autoscalers and custom objects.

Conditions: pkg/controller/deployment/util, pkg/controller/replicaset, pkg/controller/job, pkg/controller/podautoscaler. Refusals:
a real Kubernetes 1.36 (StatefulSets and DaemonSets tell of one in events alone).
"""

from typing import Any

from support.conditions.scene import ABSENT, Case, ago, condition, container, event, meta, near, pod, web

CONDITION = "Deployment.status.conditions.2"
QUOTA = (
    'pods "web-abc-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=10, limited: pods=10'
)


def failing(message: str) -> list[dict[str, Any]]:
    made = web(wanted=3)
    made[0]["status"] |= {"replicas": 0, "updatedReplicas": 0}
    made[0]["status"]["conditions"].append(
        condition("ReplicaFailure", "True", ago(minutes=5), reason="FailedCreate", message=message)
    )
    return made


def refused(code: str, message: str) -> Case:
    return Case(
        code=code,
        documents=failing(message),
        source="pkg/controller/replicaset, ReplicaFailure",
        near=(
            near(f"{CONDITION}.status", "False"),
            near(f"{CONDITION}.message", 'pods "web-abc-x" is forbidden: no', "CB-PODS-MISSING"),
        ),
    )


def stateful(**status: Any) -> dict[str, Any]:
    told = {
        "observedGeneration": 1,
        "replicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": "a",
        "updateRevision": "a",
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": meta("db"),
        "spec": {"replicas": 3},
        "status": {**told, **status},
    }


def daemon(**status: Any) -> dict[str, Any]:
    told = {"observedGeneration": 1, "desiredNumberScheduled": 3, "currentNumberScheduled": 0}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": meta("agent"),
        "spec": {},
        "status": {**told, **status},
    }


def job(
    name: str = "load",
    owner: dict[str, Any] | None = None,
    *,
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(name, owner),
        "spec": {"backoffLimit": 6, **(spec or {})},
        "status": {"startTime": ago(hours=1), **status},
    }


def cron(*, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    told = {"lastScheduleTime": ago(minutes=0), "lastSuccessfulTime": ago(minutes=0)}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta("nightly"),
        "spec": {"schedule": "0 * * * *", **(spec or {})},
        "status": {**told, **status},
    }


def scaler(*conditions: dict[str, Any], current: int = 190) -> dict[str, Any]:
    def metric(value: int) -> dict[str, Any]:
        return {
            "type": "Resource",
            "resource": {
                "name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": 70},
                "current": {"averageUtilization": value},
            },
        }

    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta("web"),
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 8,
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "metrics": [metric(0)],
        },
        "status": {"currentMetrics": [metric(current)], "conditions": list(conditions)},
    }


LATE = web(
    pod("web-abc-1", container(ready=True, state={"running": {}}), conditions=[condition("Ready", "True")]),
    wanted=2,
    ready=1,
)
LATE[0]["status"]["conditions"][1] |= {"status": "False", "reason": "ProgressDeadlineExceeded"}
GONE = web(wanted=2, ready=0)
GONE[0]["status"]["conditions"] = [
    condition("Available", "False", ago(minutes=5), reason="MinimumReplicasUnavailable"),
    condition("Progressing", "True", reason="NewReplicaSetAvailable"),
]
ENDLESS = web(pod("web-abc-1", conditions=[], containerStatuses=[]), wanted=2, ready=0)
ENDLESS[0]["spec"]["progressDeadlineSeconds"] = 2**31 - 1
ENDLESS[0]["status"]["conditions"] = [condition("Available", "False", reason="MinimumReplicasUnavailable")]
NEW = web(wanted=2)
NEW[0]["status"] = {}
PAUSED = web(wanted=2, ready=2)
PAUSED[0]["spec"]["paused"] = True
ZERO = web(wanted=0)
BY_HAND = stateful(updatedReplicas=1, currentRevision="a", updateRevision="b")
BY_HAND["spec"]["updateStrategy"] = {"type": "OnDelete"}
BELOW = failing(QUOTA)
BELOW[1]["status"] |= {"replicas": 0, "conditions": [BELOW[0]["status"]["conditions"].pop()]}
STS_QUOTA = [stateful(replicas=1, readyReplicas=1, availableReplicas=1)]
STS_QUOTA.append(
    event(STS_QUOTA[0], "FailedCreate", f"create Pod db-1 in StatefulSet db failed error: {QUOTA}")
)

FAILED = condition(
    "Failed",
    "True",
    ago(minutes=5),
    reason="BackoffLimitExceeded",
    message="Job has reached the specified backoff limit",
)
NIGHTLY = cron()
RUN = job("nightly-1", NIGHTLY, failed=7, conditions=[FAILED])

NIGHT_QUOTA = [cron(active=[{"name": "nightly-2"}])]
NIGHT_QUOTA.append(job("nightly-2", NIGHT_QUOTA[0]))
NIGHT_QUOTA.append(event(NIGHT_QUOTA[1], "FailedCreate", f"Error creating: {QUOTA}"))

CASES = (
    Case(
        code="CB-QUOTA",
        documents=failing(QUOTA),
        source="the recording of a real 1.36: deployments-quota",
        near=(
            near(f"{CONDITION}.status", "False"),
            near(f"{CONDITION}.message", "no", "CB-PODS-MISSING"),
            near(f"{CONDITION}.type", "Other"),
        ),
    ),
    Case(
        code="CB-QUOTA",
        documents=STS_QUOTA,
        source="a real 1.36: a StatefulSet that a quota stops",
        near=(
            near("Event", ABSENT, "CB-PODS-MISSING"),
            near("Event.reason", "RecreatingFailedPod", "CB-PODS-MISSING"),
            near("Event.message", "", "CB-PODS-MISSING"),
            near("StatefulSet.status.replicas", 3),
            near("StatefulSet.status.readyReplicas", 0),
            near("StatefulSet.metadata.generation", 2),
            near("StatefulSet.metadata.creationTimestamp", ago(seconds=40)),
        ),
    ),
    Case(
        code="CB-QUOTA",
        documents=failing(
            'pods "web-abc-x" is forbidden: failed quota: compute: must specify limits.cpu for: app'
        ),
        source="plugin/pkg/admission/resourcequota: a container without what the quota counts",
        near=(near(f"{CONDITION}.status", "False"),),
    ),
    Case(
        code="CB-QUOTA",
        documents=NIGHT_QUOTA,
        source="a run of a CronJob that a quota stops: only the Job's events tell",
        near=(
            near("Event", ABSENT, "CB-PODS-MISSING"),
            near("Job.status.active", 1),
            near("Job.status.startTime", ago(seconds=20)),
            near("Job.spec.suspend", True),
            near("Job.status.conditions", [condition("Complete", "True")]),
        ),
    ),
    Case(
        code="CB-QUOTA",
        documents=BELOW,
        source="pkg/controller/replicaset: its ReplicaSet tells of it before the Deployment does",
        near=(
            near("ReplicaSet.status.conditions.0.status", "False"),
            near("ReplicaSet.status.replicas", 3),
        ),
    ),
    refused(
        "CB-LIMIT-RANGE",
        'pods "web-abc-x" is forbidden: minimum memory usage per Container is 256Mi, but request is 128Mi',
    ),
    refused(
        "CB-ADMISSION",
        'pods "web-abc-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    ),
    refused(
        "CB-SERVICE-ACCOUNT",
        'pods "web-abc-" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
    ),
    Case(
        code="CB-PODS-MISSING",
        documents=[daemon()],
        source="a real 1.36: a DaemonSet that a quota stops",
        near=(
            near("DaemonSet.status.currentNumberScheduled", 1),
            near("DaemonSet.status.desiredNumberScheduled", 0),
            near("DaemonSet.metadata.generation", 2),
            near("DaemonSet.metadata.creationTimestamp", ago(seconds=40)),
        ),
    ),
    Case(
        code="CB-PODS-MISSING",
        documents=[job()],
        source="a real 1.36: a Job that a quota stops",
        near=(
            near("Job.status.active", 1),
            near("Job.status.failed", 1, "CB-JOB-RETRYING"),
            near("Job.spec.suspend", True, "CB-JOB-SUSPENDED"),
            near("Job.status.startTime", ago(seconds=40)),
            near("Job.status.conditions", [condition("Complete", "True")]),
        ),
    ),
    Case(
        code="CB-ROLLOUT-DEADLINE",
        documents=LATE,
        source="pkg/controller/deployment/progress.go",
        near=(
            near("Deployment.status.conditions.1.reason", "ReplicaSetUpdated"),
            near("Deployment.status.conditions.1.status", "True"),
            near("Deployment.metadata.generation", 2),
        ),
    ),
    Case(
        code="CB-UNAVAILABLE",
        documents=GONE,
        source="a real 1.36: a Deployment that lost its pods after a finished rollout",
        near=(
            near("Deployment.status.conditions.1.reason", "ReplicaSetUpdated"),
            near("Deployment.status.conditions.0.status", "True"),
            near("Deployment.status.conditions.0.lastTransitionTime", ago(seconds=50)),
            near("Deployment.status.conditions.0.lastTransitionTime", ago(hours=3), "CB-UNAVAILABLE"),
            near("Deployment.status.availableReplicas", 2),
            near("Deployment.status.replicas", 3),
            near("Deployment.metadata.generation", 2),
        ),
    ),
    Case(
        code="CB-UNAVAILABLE",
        documents=[*ENDLESS],
        source="pkg/controller/deployment/util, HasProgressDeadline: without one there is no Progressing",
        near=(
            near("Deployment.status.readyReplicas", 2),
            near("Deployment.metadata.generation", 2),
            near("Pod.metadata.creationTimestamp", ago(minutes=9)),
            near("Deployment.spec.progressDeadlineSeconds", 600),
        ),
    ),
    Case(
        code="CB-UNOBSERVED",
        documents=NEW,
        source="a cluster without its controller manager",
        near=(
            near("Deployment.status.observedGeneration", 1),
            near("Deployment.metadata.generation", 0),
            near("Deployment.metadata.creationTimestamp", ago(seconds=30)),
        ),
    ),
    Case(
        code="CB-PAUSED",
        documents=PAUSED,
        source="spec.paused",
        near=(
            near("Deployment.spec.paused", False),
            near("Deployment.spec.replicas", 0, "CB-SCALED-TO-ZERO"),
        ),
    ),
    Case(
        code="CB-ON-DELETE",
        documents=[BY_HAND],
        source="the StatefulSet's update strategies",
        near=(
            near("StatefulSet.spec.updateStrategy.type", "RollingUpdate"),
            near("StatefulSet.status.updateRevision", "a"),
            near("StatefulSet.metadata.generation", 2),
            near("StatefulSet.status.updatedReplicas", 3),
        ),
    ),
    Case(
        code="CB-SCALED-TO-ZERO",
        documents=ZERO,
        source="spec.replicas 0",
        near=(near("Deployment.spec.replicas", 1),),
    ),
    Case(
        code="CB-JOB-FAILED",
        documents=[job(failed=7, conditions=[FAILED])],
        source="pkg/controller/job; the simulator's failed job",
        near=(
            near("Job.status.conditions.0.status", "False", "CB-JOB-RETRYING"),
            near("Job.status.conditions.0.reason", "DeadlineExceeded", "CB-JOB-DEADLINE"),
            near("Job.status.conditions.0.type", "Complete"),
        ),
    ),
    Case(
        code="CB-JOB-FAILED",
        documents=[job(failed=7, conditions=[{**FAILED, "type": "FailureTarget"}])],
        source="pkg/controller/job: before the last pods have ended",
        near=(
            near("Job.status.conditions.0.status", "False", "CB-JOB-RETRYING"),
            near("Job.status.conditions.0.type", "SuccessCriteriaMet", "CB-JOB-RETRYING"),
        ),
    ),
    Case(
        code="CB-JOB-DEADLINE",
        documents=[
            job(spec={"activeDeadlineSeconds": 60}, conditions=[{**FAILED, "reason": "DeadlineExceeded"}])
        ],
        source="pkg/controller/job",
        near=(
            near("Job.status.conditions.0.reason", "BackoffLimitExceeded", "CB-JOB-FAILED"),
            near("Job.status.conditions.0.type", "Complete"),
        ),
    ),
    Case(
        code="CB-JOB-RETRYING",
        documents=[job(failed=2, active=1)],
        source="a Job between two tries",
        near=(
            near("Job.status.failed", 0),
            near("Job.status.conditions", [condition("Complete", "True")]),
            near("Job.spec.suspend", True, "CB-JOB-SUSPENDED"),
        ),
    ),
    Case(
        code="CB-JOB-SUSPENDED",
        documents=[job(spec={"suspend": True})],
        source="spec.suspend",
        near=(
            near("Job.spec.suspend", False, "CB-PODS-MISSING"),
            near("Job.status.conditions", [condition("Complete", "True")]),
        ),
    ),
    Case(
        code="CB-CRON-LAST-FAILED",
        documents=[NIGHTLY, RUN],
        source="the simulator's failed job, of a CronJob",
        near=(
            near("Job.status.conditions.0.type", "Complete"),
            near("Job.metadata.ownerReferences", [], "CB-JOB-FAILED"),
        ),
    ),
    Case(
        code="CB-CRON-LAST-FAILED",
        documents=[cron(lastSuccessfulTime=ago(hours=5)), RUN],
        source="failedJobsHistoryLimit: of the runs that have failed one is kept",
        near=(
            near("CronJob.status.lastSuccessfulTime", ago(hours=2, minutes=30), "CB-CRON-LAST-FAILED"),
            near("CronJob.spec.schedule", "30 1 * * *", "CB-CRON-LAST-FAILED"),
        ),
    ),
    Case(
        code="CB-CRON-LAST-FAILED",
        documents=[cron(lastSuccessfulTime=ago(days=3))],
        source="headlamp#6173: no runs are kept",
        near=(
            near("CronJob.status.lastSuccessfulTime", ago(minutes=0)),
            near("CronJob.status.active", [{"name": "nightly-2"}]),
            near("CronJob.status.lastSuccessfulTime"),
        ),
    ),
    Case(
        code="CB-CRON-MISSED",
        documents=[
            cron(
                spec={"schedule": "0 11 * * *"}, lastScheduleTime=ago(days=1), lastSuccessfulTime=ago(days=1)
            )
        ],
        source="pkg/controller/cronjob",
        near=(
            near("CronJob.status.lastScheduleTime", ago(hours=1), "CB-CRON-LAST-FAILED"),
            near("CronJob.spec.schedule", "57 11 * * *"),
            near("CronJob.spec.schedule", "every day"),
            near("CronJob.spec.suspend", True, "CB-CRON-SUSPENDED"),
            near("CronJob.metadata.creationTimestamp", ago(minutes=30)),
            near("CronJob.spec.startingDeadlineSeconds", 7200),
        ),
    ),
    Case(
        code="CB-CRON-MISSED",
        documents=[
            cron(spec={"schedule": "* * * * *"}, lastScheduleTime=ago(days=1), lastSuccessfulTime=ago(days=1))
        ],
        source="pkg/controller/cronjob: the newest moment it was due has always just been",
        near=(
            near("CronJob.status.lastScheduleTime", ago(minutes=2), "CB-CRON-LAST-FAILED"),
            near("CronJob.metadata.creationTimestamp", ago(minutes=2)),
        ),
    ),
    Case(
        code="CB-CRON-MISSED",
        documents=[
            cron(
                spec={"schedule": "0 11 * * *", "concurrencyPolicy": "Allow"},
                lastScheduleTime=ago(days=1),
                active=[{"name": "nightly-1"}],
            )
        ],
        source="pkg/controller/cronjob: a run that goes on holds back the next only where the policy says so",
        near=(near("CronJob.spec.concurrencyPolicy", "Forbid"),),
    ),
    Case(
        code="CB-CRON-MISSED",
        documents=[
            cron(
                spec={"schedule": "@every 30m"},
                lastScheduleTime=ago(hours=1),
                lastSuccessfulTime=ago(hours=1),
            )
        ],
        source="robfig/cron, ConstantDelaySchedule: counted from the last run",
        near=(
            near("CronJob.status.lastScheduleTime", ago(minutes=33), "CB-CRON-LAST-FAILED"),
            near("CronJob.spec.schedule", "@every 2h"),
            near("CronJob.spec.schedule", "@every half an hour"),
        ),
    ),
    Case(
        code="CB-CRON-MISSED",
        documents=[
            cron(
                spec={"schedule": "30 20 * * *", "timeZone": "Asia/Tokyo"},
                lastScheduleTime=ago(days=1),
                lastSuccessfulTime=ago(days=1),
            )
        ],
        source="spec.timeZone: half past eight in Tokyo was half past eleven",
        near=(
            near("CronJob.spec.timeZone", "UTC"),
            near("CronJob.spec.timeZone", "Nowhere/Town"),
            near("CronJob.spec.schedule", "CRON_TZ=UTC 30 20 * * *"),
        ),
    ),
    Case(
        code="CB-CRON-SUSPENDED",
        documents=[cron(spec={"suspend": True})],
        source="spec.suspend",
        near=(near("CronJob.spec.suspend", False),),
    ),
    Case(
        code="CB-SCALING-CAPPED",
        documents=[
            scaler(
                condition(
                    "ScalingLimited",
                    "True",
                    ago(minutes=10),
                    reason="TooManyReplicas",
                    message="the desired replica count is more than the maximum replica count",
                )
            )
        ],
        source="pkg/controller/podautoscaler; the simulator's high load",
        near=(
            near("HorizontalPodAutoscaler.status.conditions.0.status", "False"),
            near("HorizontalPodAutoscaler.status.conditions.0.reason", "TooFewReplicas"),
            near("HorizontalPodAutoscaler.status.conditions.0.lastTransitionTime", ago(minutes=4)),
            near("HorizontalPodAutoscaler.spec.minReplicas", 8),
            near("HorizontalPodAutoscaler.status.lastScaleTime", ago(minutes=4)),
            near("HorizontalPodAutoscaler.status.lastScaleTime", ago(hours=4), "CB-SCALING-CAPPED"),
            near(
                "HorizontalPodAutoscaler.status.currentMetrics.0.resource.current.averageUtilization",
                20,
            ),
            near("HorizontalPodAutoscaler.status.currentMetrics", [], "CB-SCALING-CAPPED"),
            near("HorizontalPodAutoscaler.spec.metrics", [], "CB-SCALING-CAPPED"),
            near(
                "HorizontalPodAutoscaler.spec.metrics.0.resource.target.averageUtilization",
                189,
                "CB-SCALING-CAPPED",
            ),
            near("HorizontalPodAutoscaler.spec.metrics.0.resource.target.averageUtilization", 190),
        ),
    ),
    Case(
        code="CB-SCALING-METRICS",
        documents=[
            scaler(
                condition(
                    "ScalingActive",
                    "False",
                    ago(minutes=10),
                    reason="FailedGetResourceMetric",
                    message="no metrics returned",
                )
            )
        ],
        source="pkg/controller/podautoscaler",
        near=(
            near("HorizontalPodAutoscaler.status.conditions.0.status", "True"),
            near("HorizontalPodAutoscaler.status.conditions.0.reason", "ScalingDisabled"),
            near("HorizontalPodAutoscaler.status.conditions.0.lastTransitionTime", ago(minutes=4)),
            near("HorizontalPodAutoscaler.status.conditions.0.type", "AbleToScale", "CB-SCALING-TARGET"),
        ),
    ),
    Case(
        code="CB-SCALING-TARGET",
        documents=[
            scaler(
                condition(
                    "AbleToScale",
                    "False",
                    ago(minutes=10),
                    reason="FailedGetScale",
                    message='deployments.apps "web" not found',
                )
            )
        ],
        source="pkg/controller/podautoscaler",
        near=(
            near("HorizontalPodAutoscaler.status.conditions.0.status", "True"),
            near("HorizontalPodAutoscaler.status.conditions.0.type", "ScalingActive", "CB-SCALING-METRICS"),
            near("HorizontalPodAutoscaler.status.conditions.0.lastTransitionTime", ago(minutes=4)),
        ),
    ),
    Case(
        code="CB-OBJECT-FAILED",
        documents=[
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": meta("web"),
                "status": {
                    "health": {"status": "Healthy"},
                    "sync": {"status": "Unknown"},
                    "conditions": [
                        {"type": "ComparisonError", "message": "rpc error: failed to load target state"}
                    ],
                },
            }
        ],
        source="Argo CD documentation, Application conditions: what runs is well, and nothing new can come",
        near=(
            near("Application.status.conditions.0.type", "OrphanedResourceWarning"),
            near("Application.status.conditions"),
        ),
    ),
    Case(
        code="CB-OBJECT-FAILED",
        documents=[
            {
                "apiVersion": "example.com/v1",
                "kind": "Database",
                "metadata": meta("data"),
                "status": {"conditions": [condition("Stalled", "True", message="no credentials")]},
            }
        ],
        source="kstatus' contract",
        near=(
            near("Database.status.conditions.0.status", "False"),
            near("Database.status.conditions.0.type", "Ready"),
        ),
    ),
)
