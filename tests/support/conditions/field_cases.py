"""Reports from the field: the files of `tests/diagnosis/field`, and what is to be told of each."""

from datetime import UTC, datetime
from pathlib import Path

from callboard.model.finding import Impact

__all__ = ["FIELD", "ILL", "NOW", "WELL"]

FIELD = Path(__file__).parents[2] / "diagnosis" / "field"
NOW = datetime(2026, 11, 30, 19, 42, 42, tzinfo=UTC)

ILL = {
    "sts-ondelete-crash": ("CB-CRASH-ERROR", Impact.DOWN),
    "sts-ondelete-image": ("CB-IMAGE-PULL", Impact.DOWN),
    "sts-ondelete-none": ("CB-PODS-MISSING", Impact.DOWN),
    "sts-ondelete-notready": ("CB-PROBE-READINESS", Impact.DOWN),
    "sts-ondelete-partial": ("CB-CRASH-ERROR", Impact.DEGRADED),
    "sts-ondelete-pending": ("CB-SCHEDULE-RESOURCES", Impact.DEGRADED),
    "cron-cfg": ("CB-CONFIG-MISSING", Impact.DEGRADED),
    "cron-crash": ("CB-CRASH-ERROR", Impact.DEGRADED),
    "cron-job-stuck": ("CB-IMAGE-PULL", Impact.DEGRADED),
    "job-cfg": ("CB-CONFIG-MISSING", Impact.DEGRADED),
    "job-crash": ("CB-CRASH-ERROR", Impact.DEGRADED),
    "job-stuck-image": ("CB-IMAGE-PULL", Impact.DEGRADED),
    "job-uns": ("CB-SCHEDULE-RESOURCES", Impact.DEGRADED),
    "flap-sidecar": ("CB-SIDECAR-FAILING", Impact.DOWN),
    "sidecar-job-failed": ("CB-JOB-FAILED", Impact.DEGRADED),
    "quota": ("CB-QUOTA", Impact.DEGRADED),
    "readiness-gate": ("CB-GATE-READINESS", Impact.DOWN),
}
WELL = ("sidecar-job", "evicted-orphan", "podsonly", "evicted-unknown")
