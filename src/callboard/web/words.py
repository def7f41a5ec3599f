"""Kubernetes' words beside plain ones. All sentences that templates choose between stand here."""

import hashlib
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from callboard.model.outcome import Answer
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import Health
from callboard.portal.words import FRESHNESS, STALE, cpu_words, memory_words

__all__ = [
    "ALARMS",
    "ANSWERS",
    "FRESHNESS",
    "HEALTH",
    "STALE",
    "anchor",
    "ansi_classes",
    "bounded",
    "cluster_mark",
    "cluster_word",
    "counted",
    "cpu_words",
    "memory_words",
    "plain_status",
    "safe_url",
    "short_ref",
    "stale_clusters",
]

HEALTH = {
    Health.HEALTHY: "Healthy",
    Health.PROGRESSING: "In progress",
    Health.UNHEALTHY: "Unhealthy",
    Health.UNKNOWN: "Could not tell",
    Health.NOTHING: "Nothing runs",
    Health.HELD: "Held back",
    Health.NOT_JUDGED: "Not judged",
}

ANSWERS = {
    Answer.OBJECTS: "answered",
    Answer.EMPTY: "looked for, and there is none",
    Answer.NOT_ASKED: "not looked for",
    Answer.AWAITED: "no answer yet",
    Answer.FORBIDDEN: "could not see: not allowed",
    Answer.UNAUTHORIZED: "could not see: the cluster does not accept Callboard’s sign-in",
    Answer.ABSENT: "this cluster has no such type",
    Answer.THROTTLED: "the cluster asked us to come back later",
    Answer.LATE: "no answer in time",
    Answer.BROKEN: "the answer could not be read",
}

STATUS = {
    "CrashLoopBackOff": "starts, crashes, and is started again and again",
    "Error": "ended with an error",
    "OOMKilled": "used more memory than it may and was stopped",
    "ImagePullBackOff": "its image cannot be fetched; trying again",
    "ErrImagePull": "its image cannot be fetched",
    "ErrImageNeverPull": "its image is not on the node and may not be fetched",
    "InvalidImageName": "the name of its image is not valid",
    "CreateContainerConfigError": "something its configuration refers to is missing",
    "CreateContainerError": "its container cannot be made",
    "RunContainerError": "its container cannot be started",
    "ContainerCreating": "its container is being made",
    "PodInitializing": "is getting ready to start",
    "Pending": "waits for a place to run",
    "Terminating": "is being stopped",
    "Evicted": "was removed from its node, which ran short of something",
    "NodeLost": "its node does not answer",
    "Unknown": "its node does not answer",
    "Completed": "did its work and ended",
    "Succeeded": "did its work and ended",
    "Failed": "ended with an error",
}

DEFAULT_REF = re.compile(r"^(group|user|system|domain):default/(?=.)")
PLAIN = re.compile(r"[A-Za-z0-9./-]{1,600}")
FAILED = "failed"
ALARMS = {"down": "● ", "degraded": "◐ "}
"""What stands before the title of a browser's tab; `title.js` has the same."""


def plain_status(status: str) -> str:
    """What a pod's STATUS means, for people without Kubernetes; "" where the word says it itself (Running)."""
    if status.startswith("Init:"):
        inner = STATUS.get(status.removeprefix("Init:"), "")
        return f"preparing to start: {inner}" if inner else "is getting ready to start"
    return STATUS.get(status, "")


def cluster_mark(state: ClusterState, health: Health) -> str:
    """The name of the shape a cluster is shown as: its health, or how far the asking has come."""
    if state is ClusterState.FAILED:
        return FAILED
    if state is ClusterState.AWAITED:
        return str(ClusterState.AWAITED)
    return str(health)


def cluster_word(state: ClusterState, health: Health) -> str:
    """The word beside that shape."""
    if state is ClusterState.FAILED:
        return "Could not be asked"
    if state is ClusterState.AWAITED:
        return "No answer yet"
    word = HEALTH[health]
    return f"{word}, more to come" if state is ClusterState.PARTIAL else word


def stale_clusters(names: Sequence[str]) -> str:
    """Which clusters are shown as they were seen last, short."""
    return names[0] if len(names) == 1 else f"{len(names)} clusters"


def anchor(name: str, prefix: str = "c") -> str:
    """An id for a foreign name: stable, and safe in an attribute and a URL's fragment. Names as Kubernetes has them stay
    readable, which also compresses; any other is a hash, which no readable one can look like."""
    if PLAIN.fullmatch(name):
        return f"{prefix}-{name}"
    return f"{prefix}_{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def safe_url(url: str) -> str:
    """The URL when it is http or https with a host, else "": anything else must not become a link."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def short_ref(text: str) -> str:
    """An entity ref of the default namespace as its name alone, as people call it; any other text as it is."""
    return DEFAULT_REF.sub("", text, count=1)


def counted(number: int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ansi_classes(style: str) -> str:
    """The classes of a part of a log's line that was written in a style (`portal.views.LineSpan`)."""
    return " ".join(f"ansi-{word}" for word in style.split())


def bounded(text: str, most: int = 2000) -> str:
    """Foreign text, cut where it stops being readable."""
    return text if len(text) <= most else text[:most] + "…"
