"""Jobs and CronJobs: how far a run is, when the next one comes. Pure."""

from datetime import datetime

from callboard.diagnosis.cron import next_due
from callboard.diagnosis.cron_words import schedule_words
from callboard.model.objects import KubeObject
from callboard.model.objects.workload import CronJob, Job
from callboard.portal.views import JobProgress, ScheduleState

__all__ = ["job_progress", "schedule_state"]


def schedule_state(obj: KubeObject, now: datetime | None) -> ScheduleState | None:
    """A CronJob's schedule as of the cluster's time; None for anything else."""
    body = obj.body
    if not isinstance(body, CronJob):
        return None
    spec, status = body.spec, body.status
    began = status.last_schedule_time or obj.meta.creation_timestamp
    coming = None
    if now is not None and not spec.suspend:
        coming = next_due(spec.schedule, spec.time_zone, now, began)
    return ScheduleState(
        words=schedule_words(spec.schedule, spec.time_zone),
        suspended=spec.suspend,
        last=status.last_schedule_time,
        succeeded=status.last_successful_time,
        next=coming,
    )


def job_progress(obj: KubeObject) -> JobProgress | None:
    """How far a Job is; None for anything else. One without a number of completions wants as many as run beside each other."""
    body = obj.body
    if not isinstance(body, Job):
        return None
    wanted = body.spec.completions if body.spec.completions is not None else body.spec.parallelism
    return JobProgress(
        succeeded=body.status.succeeded,
        wanted=1 if wanted is None else wanted,
        active=body.status.active,
        failed=body.status.failed,
        started=body.status.start_time,
        ended=body.status.completion_time,
    )
