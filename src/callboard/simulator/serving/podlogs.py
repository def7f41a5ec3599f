"""`pods/log`: one container's lines, whole or followed, in the words of a kubelet when there are none."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Protocol

import msgspec

from callboard.simulator.machinery.refusal import ApiRefusal, bad_request, cause, invalid
from callboard.simulator.machinery.times import parse, stamp
from callboard.simulator.machinery.tree import Tree, dig
from callboard.simulator.serving.request import truthy

__all__ = ["LogOptions", "LogRun", "WrittenLine", "follow", "pick_container", "read_log_options", "rendered"]


class WrittenLine(msgspec.Struct, frozen=True):
    """One line and the moment it was written (seconds since the epoch)."""

    time: float
    text: str

    def encoded(self, timestamps: bool) -> bytes:
        return (
            (f"{stamp(self.time)[:-1]}.{int(self.time % 1 * 1e9):09d}Z " if timestamps else "").encode()
            + self.text.encode()
            + b"\n"
        )


class LogRun(Protocol):
    """What one run of a container has written and will write."""

    def lines(self, until: float, since: float = float("-inf")) -> list[WrittenLine]: ...

    def ended(self, now: float) -> bool: ...


class LogOptions(msgspec.Struct, frozen=True):
    """What of a log is asked for; `since` is in seconds since the epoch."""

    container: str = ""
    previous: bool = False
    follow: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: float | None = None
    limit: int | None = None


def read_log_options(query: Mapping[str, str], now: float) -> LogOptions:
    """Read and check the query of a log request. Raises 400 or 422."""
    numbers: dict[str, int] = {}
    for name, least in (("tailLines", 0), ("sinceSeconds", 1), ("limitBytes", 1)):
        if query.get(name):
            try:
                numbers[name] = int(query[name])
            except ValueError:
                raise bad_request(f'strconv.ParseInt: parsing "{query[name]}": invalid syntax') from None
            if numbers[name] < least:
                told = f"Invalid value: {numbers[name]}: must be greater than {'or equal to ' if least == 0 else ''}0"
                raise invalid("", "PodLogOptions", "", [cause("FieldValueInvalid", name, told)])
    since = None
    if "sinceSeconds" in numbers:
        since = now - numbers["sinceSeconds"]
    elif query.get("sinceTime"):
        since = parse(query["sinceTime"])
    return LogOptions(
        container=query.get("container", ""),
        previous=truthy(query.get("previous")),
        follow=truthy(query.get("follow")),
        timestamps=truthy(query.get("timestamps")),
        tail=numbers.get("tailLines"),
        since=since,
        limit=numbers.get("limitBytes"),
    )


def pick_container(pod: Tree, wanted: str) -> str:
    """The container a log request means. Raises the 400 of an API server when that is unclear."""
    name = pod["metadata"]["name"]
    inits = [item["name"] for item in pod["spec"].get("initContainers", ())]
    names = [*inits, *(item["name"] for item in pod["spec"]["containers"])]
    if wanted:
        if wanted not in names:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return str(wanted)
    if len(names) > 1:
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        )
    return str(names[0])


def no_log(pod: Tree, container: str, previous: bool) -> ApiRefusal:
    """Why a scheduled pod's container has no log: a kubelet's own words."""
    name = pod["metadata"]["name"]
    if previous:
        return bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    reason = "ContainerCreating"
    for part in ("containerStatuses", "initContainerStatuses"):
        for status in dig(pod, "status", part, default=[]):
            if status["name"] == container:
                reason = str(dig(status, "state", "waiting", "reason", default=reason))
    if reason in ("ImagePullBackOff", "ErrImagePull"):
        return bad_request(
            f'container "{container}" in pod "{name}" is waiting to start: trying and failing to pull image'
        )
    return bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def select(lines: list[WrittenLine], options: LogOptions) -> list[WrittenLine]:
    if options.since is not None:
        lines = [line for line in lines if line.time >= options.since]
    if options.tail is not None:
        lines = lines[-options.tail :] if options.tail else []
    return lines


def rendered(lines: Iterable[WrittenLine], options: LogOptions) -> bytes:
    body = b"".join(line.encoded(options.timestamps) for line in lines)
    return body if options.limit is None else body[: options.limit]


async def follow(
    run: LogRun, options: LogOptions, timeline: "Ticking", poll: float = 0.05
) -> AsyncIterator[bytes]:
    """What the run has written, then what it writes, until it ends. `poll` is wall-clock seconds."""
    sent = 0
    everything = run.lines(timeline.now())
    mark = everything[-1].time if everything else float("-inf")
    lines = select(everything, options)
    while True:
        for line in lines:
            piece = line.encoded(options.timestamps)
            if options.limit is not None:
                piece = piece[: options.limit - sent]
            sent += len(piece)
            if piece:
                yield piece
            if options.limit is not None and sent >= options.limit:
                return
        over = run.ended(timeline.now())
        if not over:
            await asyncio.sleep(poll)
        lines = run.lines(timeline.now(), mark)
        if lines:
            mark = lines[-1].time
        elif over:
            return


class Ticking(Protocol):
    """Whatever tells the cluster's time."""

    def now(self) -> float: ...
