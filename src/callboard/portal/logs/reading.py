"""Container logs, as lines that are safe to show."""

import re
from collections.abc import Generator
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.giving_way import giving_way
from callboard.extend.parts import Proxy
from callboard.kube.in_force import in_force
from callboard.kube.limits import Limits
from callboard.kube.reads.logs import Log, LogRequest, read_log
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.portal.protocol import LogQuery
from callboard.portal.views import LogView

__all__ = ["clean_line", "cleaned_lines", "log_view"]

LONGEST_LINE = 8_000
_AT_ONCE: Final = 200
"""Lines made fit to be shown in one step: a millisecond or two."""

# ANSI escape sequences, and the control and bidirectional characters that could make a line read as what it is not.
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def clean_line(line: str) -> str:
    """A log line as plain text: no escape sequences, no control or bidirectional characters, bounded in length."""
    text = _CONTROL.sub("", _ANSI.sub("", line))
    return text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + " …"


async def log_view(
    view: LogView,
    pod: KubeObject,
    query: LogQuery,
    proxy: Proxy,
    cluster: Cluster,
    credential: Credential,
    clock: Clock,
    limits: Limits,
) -> LogView:
    """Fill the view with the container's last lines, and with the words why there are none, or no more."""
    if isinstance(pod.body, Pod) and not pod.body.spec.node_name:
        words = f"Pod {pod.name} has no log: it has not been scheduled to a node."
        return msgspec.structs.replace(view, failure=words, as_of=clock.now())
    request = LogRequest(
        namespace=pod.namespace,
        pod=pod.name,
        container=view.container,
        previous=query.previous,
        tail_lines=query.tail_lines,
    )
    found = await read_log(proxy, cluster, credential, request, limits)
    failure = words = ""
    if found.failure is not None:
        what = f"{'previous log' if view.previous else 'log'} of container {view.container}"
        failure = (
            f"The {what} breaks off: this is what was read."
            if found.lines
            else f"The {what} could not be read."
        )
        words = found.failure.message
    return msgspec.structs.replace(
        view,
        lines=await giving_way(cleaned_lines(found)),
        truncated=found.earlier,
        most=limits.max_log if found.later else 0,
        failure=failure,
        failure_words=words,
        as_of=clock.now(),
    )


def cleaned_lines(log: Log) -> Generator[None, None, tuple[str, ...]]:
    """Its lines as they are shown, in steps."""
    lines: list[str] = []
    for start in range(0, len(log.lines), _AT_ONCE):
        lines += [clean_line(in_force.hidden_in(line.text)) for line in log.lines[start : start + _AT_ONCE]]
        yield
    return tuple(lines)
