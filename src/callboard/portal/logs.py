"""Container logs, as lines that are safe to show."""

import re
from collections import deque

import msgspec

from callboard.base.clock import Clock
from callboard.extend.parts import Proxy, ProxyRequest
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import KubeObject
from callboard.model.outcome import Failure
from callboard.portal.drawer import LogView
from callboard.portal.protocol import LogQuery

__all__ = ["clean_line", "read_log"]

MOST_LINES = 10_000
LIMIT_BYTES = 1024 * 1024
"""The API server stops there (`limitBytes`): a screen of log, not an archive."""
LONGEST_LINE = 8_000

# ANSI escape sequences, and the control and bidirectional characters that could make a line read as what it is not.
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_line(line: str) -> str:
    """A log line as plain text: no escape sequences, no control or bidirectional characters, bounded in length."""
    text = _CONTROL.sub("", _ANSI.sub("", line))
    return text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + " …"


async def read_log(
    view: LogView,
    pod: KubeObject,
    query: LogQuery,
    proxy: Proxy,
    cluster: Cluster,
    credential: Credential,
    clock: Clock,
) -> LogView:
    """Fill the view with the container's last lines, or with the API server's words why there are none."""
    lines = max(1, min(query.tail_lines, MOST_LINES))
    request = ProxyRequest(
        path=pod.type.path(pod.namespace, pod.name, "log"),
        query=(
            ("container", view.container),
            *((("previous", "true"),) if query.previous else ()),
            ("tailLines", str(lines + 1)),
            ("limitBytes", str(LIMIT_BYTES)),
        ),
    )
    async with proxy.open(cluster, credential, request) as response:
        if isinstance(response, Failure):
            return _failed(view, response.message, clock)
        body = b"".join([piece async for piece in response.body])
    if response.status != 200:
        return _failed(view, _status_message(body) or f"the API server answered {response.status}", clock)
    kept = deque(body.decode("utf-8", "replace").splitlines(), maxlen=lines + 1)
    truncated = len(kept) > lines or len(body) >= LIMIT_BYTES
    if len(kept) > lines:
        kept.popleft()
    return msgspec.structs.replace(
        view, lines=tuple(clean_line(line) for line in kept), truncated=truncated, as_of=clock.now()
    )


class _Status(msgspec.Struct):
    message: str = ""


def _status_message(body: bytes) -> str:
    try:
        return clean_line(msgspec.json.decode(body, type=_Status).message)
    except msgspec.DecodeError:
        return ""


def _failed(view: LogView, words: str, clock: Clock) -> LogView:
    what = "previous log" if view.previous else "log"
    return msgspec.structs.replace(
        view,
        failure=f"The {what} of container {view.container} could not be read.",
        failure_words=words,
        as_of=clock.now(),
    )
