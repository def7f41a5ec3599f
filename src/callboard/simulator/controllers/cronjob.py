"""CronJobs: a Job at each moment of the schedule, a few old ones kept."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from callboard.simulator.controllers.engine import Controller
from callboard.simulator.controllers.job import finished
from callboard.simulator.controllers.podset import controller_reference
from callboard.simulator.machinery.times import parse, stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["CronJobController", "next_time"]

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
_WINDOWS = tuple(days * 86_400.0 for days in (1 / 24, 1, 32, 366))
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _field(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        start, end = low, high
        if span != "*":
            first, dash, last = span.partition("-")
            start = int(first)
            end = int(last) if dash else (high if step else start)
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def next_time(schedule: str, after: float) -> float:
    """The first moment of a cron schedule after a moment (UTC). Raises ValueError for what is none."""
    return _next(schedule, int(after // 60))


def _newest(schedule: str, due: float, now: float) -> float:
    """The last moment a schedule was due until now, from one on at which it was: `due` itself where that is to come."""
    for back in _WINDOWS:
        # A year of minutes is not walked through where the last of them is looked for.
        if due < now - back and (found := next_time(schedule, now - back)) <= now:
            due = found
            break
    while (later := next_time(schedule, due)) <= now:
        due = later
    return due


@lru_cache(4096)
def _next(schedule: str, minute: int) -> float:
    parts = _ALIASES.get(schedule.strip(), schedule).split()
    if len(parts) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(parts)}: {schedule!r}")
    minutes, hours, days, months, weekdays = (
        _field(part, *limits) for part, limits in zip(parts, _RANGES, strict=True)
    )
    weekdays = frozenset(day % 7 for day in weekdays)
    moment = datetime.fromtimestamp((minute + 1) * 60, UTC)
    for _ in range(366 * 24 * 60):
        weekday = moment.isoweekday() % 7
        by_day, by_weekday = moment.day in days, weekday in weekdays
        day_fits = (by_day and by_weekday) if "*" in (parts[2], parts[4]) else (by_day or by_weekday)
        if moment.month not in months or not day_fits:
            moment = (moment + timedelta(days=1)).replace(hour=0, minute=0)
        elif moment.hour not in hours:
            moment = (moment + timedelta(hours=1)).replace(minute=0)
        elif moment.minute not in minutes:
            moment += timedelta(minutes=1)
        else:
            return moment.timestamp()
    raise ValueError(f"never due: {schedule!r}")


class CronJobController(Controller):
    """Starts Jobs when they are due."""

    own = ("batch", "cronjobs")
    kind = "CronJob"
    owns = (("batch", "jobs"),)

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or "deletionTimestamp" in record.tree["metadata"]:
            return
        tree = record.tree
        self._clean(tree)
        last = dig(tree, "status", "lastScheduleTime", default=tree["metadata"]["creationTimestamp"])
        if not dig(tree, "spec", "suspend"):
            try:
                due = next_time(tree["spec"]["schedule"], parse(last))
            except ValueError as error:
                told = f"Unparseable schedule: {tree['spec']['schedule']!r}: {error}"
                self.world.events.record(
                    self.store.resource("cronjobs.batch"),
                    tree,
                    "Warning",
                    "UnparseableSchedule",
                    told,
                    "cronjob-controller",
                )
                return
            now = self.engine.now()
            due = _newest(tree["spec"]["schedule"], due, now)
            if due <= now:
                self._run(tree, due)
                due = next_time(tree["spec"]["schedule"], now)
            self.again(due - now + 0.01, namespace, name)
        self._status(namespace, name)

    def _run(self, tree: Tree, due: float) -> None:
        metadata, kind = tree["metadata"], self.store.resource("cronjobs.batch")
        running = [job for job in self.store.owned(metadata["uid"], "batch", "jobs") if not finished(job)]
        policy = dig(tree, "spec", "concurrencyPolicy", default="Allow")
        name = f"{metadata['name']}-{int(due // 60)}"
        if self.store.collection("batch", "jobs").get(metadata["namespace"], name) is not None:
            return
        if running and policy == "Forbid":
            told = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.world.events.record(kind, tree, "Normal", "JobAlreadyActive", told, "cronjob-controller")
            return
        for job in running if policy == "Replace" else ():
            self.store.delete("jobs.batch", job["metadata"]["name"], metadata["namespace"])
        template = tree["spec"]["jobTemplate"]
        inner = template.get("metadata") or {}
        body: Tree = {
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": inner.get("labels") or {},
                "annotations": {
                    **(inner.get("annotations") or {}),
                    "batch.kubernetes.io/cronjob-scheduled-timestamp": stamp(due),
                },
                "ownerReferences": [controller_reference(kind, tree)],
            },
            "spec": template["spec"],
        }
        self.store.create(body, "jobs.batch", manager="kube-controller-manager")
        self.world.events.record(
            kind, tree, "Normal", "SuccessfulCreate", f"Created job {name}", "cronjob-controller"
        )
        status = {
            **self.store.get("cronjobs.batch", metadata["name"], metadata["namespace"])["status"],
            "lastScheduleTime": stamp(due),
        }
        self.store.set_status("cronjobs.batch", metadata["name"], status, metadata["namespace"])

    def _clean(self, tree: Tree) -> None:
        jobs = sorted(
            self.store.owned(tree["metadata"]["uid"], "batch", "jobs"),
            key=lambda job: job["metadata"]["creationTimestamp"],
        )
        for outcome, field in (
            ("Complete", "successfulJobsHistoryLimit"),
            ("Failed", "failedJobsHistoryLimit"),
        ):
            done = [job for job in jobs if finished(job) == outcome]
            for job in done[: max(0, len(done) - dig(tree, "spec", field, default=3))]:
                self.store.delete("jobs.batch", job["metadata"]["name"], job["metadata"]["namespace"])

    def _status(self, namespace: str, name: str) -> None:
        tree = self.store.get("cronjobs.batch", name, namespace)
        jobs = self.store.owned(tree["metadata"]["uid"], "batch", "jobs")
        status: Tree = {}
        running = [job for job in jobs if not finished(job)]
        if running:
            status["active"] = [
                {
                    "kind": "Job",
                    "namespace": namespace,
                    "name": job["metadata"]["name"],
                    "uid": job["metadata"]["uid"],
                    "apiVersion": "batch/v1",
                    "resourceVersion": job["metadata"]["resourceVersion"],
                }
                for job in running
            ]
            old = dig(tree, "status", "active", default=[])
            if [item["uid"] for item in old] == [item["uid"] for item in status["active"]]:
                status["active"] = old
        if dig(tree, "status", "lastScheduleTime"):
            status["lastScheduleTime"] = tree["status"]["lastScheduleTime"]
        ends = [dig(job, "status", "completionTime", default="") for job in jobs]
        best = max([dig(tree, "status", "lastSuccessfulTime", default=""), *ends])
        if best:
            status["lastSuccessfulTime"] = best
        self.store.set_status("cronjobs.batch", name, status, namespace)
