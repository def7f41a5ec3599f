"""A followed log loses no line and gives none twice when it is asked for anew; of one that is too long the newest are read."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.extend.parts import ProxyRequest, ProxyResponse
from callboard.kube.limits import Limits
from callboard.kube.reads.log_stamps import Cursor, stamped
from callboard.kube.reads.logs import LogLine, LogRequest, follow_log, read_newest
from callboard.model.cluster import Cluster, Credential, CredentialKind
from callboard.model.outcome import Failure, FailureCode

NOBODY = Credential(kind=CredentialKind.ANONYMOUS, identity="nobody")
CLUSTER = Cluster(name="c", url="https://c.invalid")
LONGEST = 64


class Kubelet:
    """A log as a node keeps it, read as a kubelet reads it: the last lines, whole seconds, so many bytes; in pieces."""

    def __init__(self, lines: list[tuple[str, bytes]], piece: int = 7) -> None:
        self.lines = lines
        self.piece = piece
        self.asked: list[dict[str, str]] = []
        self.broken: Exception | None = None

    def open(
        self, cluster: Cluster, credential: Credential, request: ProxyRequest
    ) -> AbstractAsyncContextManager[ProxyResponse | Failure]:
        query = dict(request.query)
        self.asked.append(query)
        kept = [(at, text) for at, text in self.lines if at[:19] >= query.get("sinceTime", "")[:19]]
        kept = kept[-int(query["tailLines"]) :] if "tailLines" in query else kept
        whole = b"".join(at.encode() + b" " + text + b"\n" for at, text in kept)
        whole = whole[: int(query["limitBytes"])] if "limitBytes" in query else whole

        async def body() -> AsyncIterator[bytes]:
            for start in range(0, len(whole), self.piece):
                yield whole[start : start + self.piece]
            if self.broken is not None:
                raise self.broken

        @asynccontextmanager
        async def opened() -> AsyncIterator[ProxyResponse | Failure]:
            yield ProxyResponse(status=200, headers={"Content-Type": "text/plain"}, body=body())

        return opened()


def at(tick: int) -> str:
    """Four lines a second."""
    return f"2026-12-01T03:{tick // 240 % 60:02}:{tick // 4 % 60:02}.{tick % 4 * 25:02}0000000Z"


async def followed(kubelet: Kubelet, cursor: Cursor, limits: Limits | None = None) -> list[LogLine | Failure]:
    request = LogRequest(
        namespace="n", pod="p", timestamps=True, since=f"{cursor.at[:19]}Z" if cursor.at else ""
    )
    limits = limits or msgspec.structs.replace(Limits(), max_log_line=LONGEST)
    cursor.again()
    found: list[LogLine | Failure] = []
    async for came in follow_log(kubelet, CLUSTER, NOBODY, request, limits):
        found += [came] if isinstance(came, Failure) else [line for line in came if cursor.is_new(line.at)]
    return found


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.data())
async def test_no_line_is_lost_or_doubled_wherever_it_was_left(steps: list[int], data: st.DataObject) -> None:
    ticks = [sum(steps[: n + 1]) for n in range(len(steps))]
    lines = [(at(tick), f"line {n}".encode()) for n, tick in enumerate(ticks)]
    cursor = Cursor()
    seen: list[str] = []
    for end in (*sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=5))), len(lines)):
        come = await followed(Kubelet(lines[:end], data.draw(st.integers(1, 30))), cursor)
        seen += [line.text for line in come if isinstance(line, LogLine)]
        cursor = Cursor.read(str(cursor))
    assert seen == [text.decode() for _, text in lines]


async def test_a_clock_that_goes_back_stops_nothing() -> None:
    lines = [(at(tick), str(tick).encode()) for tick in (8, 9, 2, 3, 20)]
    come = await followed(Kubelet(lines), Cursor())
    assert [line.text for line in come if isinstance(line, LogLine)] == ["8", "9", "2", "3", "20"]


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_the_beginning(text: str) -> None:
    cursor = Cursor.read(text)
    assert (str(cursor) == "") or stamped(cursor.at)[1] == ""
    moment, rest = stamped(text)
    assert moment == "" or len(moment) == 30
    assert text.endswith(rest)


@pytest.mark.parametrize(
    ("line", "moment", "rest"),
    [
        ("2026-12-01T03:18:46.12Z hi", "2026-12-01T03:18:46.120000000Z", "hi"),
        ("2026-12-01T03:18:46+02:00 hi", "2026-12-01T01:18:46.000000000Z", "hi"),
        ("2026-12-01T03:18:46Z", "2026-12-01T03:18:46.000000000Z", ""),
        ("0001-01-01T00:00:00+14:00 hi", "", "0001-01-01T00:00:00+14:00 hi"),
        ("2026-12-01 03:18:46 hi", "", "2026-12-01 03:18:46 hi"),
    ],
)
def test_moments_are_told_alike(line: str, moment: str, rest: str) -> None:
    assert stamped(line) == (moment, rest)


async def test_a_line_without_an_end_holds_no_more_than_is_shown_of_it() -> None:
    come = await followed(Kubelet([(at(0), b"x" * 100_000), (at(1), b"next")], 1000), Cursor())
    first, second = (line for line in come if isinstance(line, LogLine))
    assert (len(first.text) <= LONGEST, first.cut) == (True, True)
    assert second.text == "next"


async def test_what_breaks_off_is_told_after_what_came() -> None:
    kubelet = Kubelet([(at(0), b"one")])
    kubelet.broken = ConnectionResetError("gone")
    *lines, why = await followed(kubelet, Cursor())
    assert [line.text for line in lines if isinstance(line, LogLine)] == ["one"]
    assert isinstance(why, Failure)
    assert why.code is FailureCode.CONNECTION


async def test_of_a_log_that_is_too_long_the_end_is_read() -> None:
    limits = msgspec.structs.replace(Limits(), max_log=4_000, max_log_line=2_000)
    lines = [(at(n), b"x" * (500 if n > 60 else 20)) for n in range(80)]
    kubelet = Kubelet(lines, 512)
    request = LogRequest(namespace="n", pod="p", timestamps=True, tail_lines=70)
    log = await read_newest(kubelet, CLUSTER, NOBODY, request, limits)
    assert log.lines[-1].at == at(79)
    assert (log.earlier, log.later, log.bounded) == (True, False, True)
    assert 1 < len(kubelet.asked) <= 4
    assert all(int(asked["limitBytes"]) == 4_000 for asked in kubelet.asked)
    first = [(at(n), b"line") for n in range(80)]
    log = await read_newest(
        Kubelet(first, 512), CLUSTER, NOBODY, msgspec.structs.replace(request, since="2026-12-01T03:00:05Z", forward=True), limits
    )  # fmt: skip
    assert (log.lines[0].at[:19], log.later) == ("2026-12-01T03:00:05", False)
