"""The conditions that are known by code, by family. A code never changes its meaning and is never given away again."""

__all__ = ["CONDITIONS", "family_of"]

CONDITIONS: dict[str, tuple[str, ...]] = {
    "image": (
        "CB-IMAGE-NAME",
        "CB-IMAGE-PULL",
        "CB-IMAGE-NOT-FOUND",
        "CB-IMAGE-DENIED",
        "CB-IMAGE-RATE-LIMIT",
        "CB-IMAGE-TIMEOUT",
        "CB-IMAGE-PLATFORM",
        "CB-IMAGE-TLS",
        "CB-IMAGE-NEVER",
        "CB-IMAGE-INSPECT",
    ),
    "start": (
        "CB-CONFIG-MISSING",
        "CB-CONFIG-KEY",
        "CB-CONTAINER-CREATE",
        "CB-CONTAINER-COMMAND",
        "CB-CONTAINER-RUN",
        "CB-HOOK",
    ),
    "crash": (
        "CB-CRASH-ERROR",
        "CB-CRASH-COMMAND",
        "CB-CRASH-SIGNAL",
        "CB-CRASH-KILLED",
        "CB-CRASH-FINISHED",
        "CB-OOM",
        "CB-RESTARTED",
    ),
    "probe": ("CB-PROBE-READINESS", "CB-PROBE-LIVENESS", "CB-PROBE-STARTUP", "CB-GATE-READINESS"),
    "init": ("CB-INIT-FAILING", "CB-SIDECAR-FAILING", "CB-SIDECAR-NOT-READY"),
    "schedule": (
        "CB-SCHEDULE-RESOURCES",
        "CB-SCHEDULE-TAINT",
        "CB-SCHEDULE-SELECTOR",
        "CB-SCHEDULE-SPREAD",
        "CB-SCHEDULE-PORTS",
        "CB-SCHEDULE-VOLUME",
        "CB-SCHEDULE-CORDONED",
        "CB-SCHEDULE-GATED",
        "CB-SCHEDULE",
    ),
    "pod": (
        "CB-START-STUCK",
        "CB-SANDBOX",
        "CB-VOLUME-MOUNT",
        "CB-POD-TERMINATING",
        "CB-NODE-LOST",
        "CB-EVICTED",
        "CB-POD-FAILED",
        "CB-LEFTOVER",
    ),
    "create": ("CB-QUOTA", "CB-LIMIT-RANGE", "CB-ADMISSION", "CB-SERVICE-ACCOUNT", "CB-PODS-MISSING"),
    "rollout": (
        "CB-ROLLOUT-DEADLINE",
        "CB-UNAVAILABLE",
        "CB-UNOBSERVED",
        "CB-PAUSED",
        "CB-ON-DELETE",
        "CB-SCALED-TO-ZERO",
    ),
    "job": (
        "CB-JOB-FAILED",
        "CB-JOB-DEADLINE",
        "CB-JOB-RETRYING",
        "CB-JOB-SUSPENDED",
        "CB-CRON-LAST-FAILED",
        "CB-CRON-MISSED",
        "CB-CRON-SUSPENDED",
    ),
    "scaling": ("CB-SCALING-CAPPED", "CB-SCALING-METRICS", "CB-SCALING-TARGET"),
    "storage": ("CB-CLAIM-PENDING", "CB-CLAIM-LOST"),
    "object": ("CB-OBJECT-FAILED",),
}


def family_of(code: str) -> str:
    """The family of a code; "" for one that is not known."""
    return next((family for family, codes in CONDITIONS.items() if code in codes), "")
