"""Percentiles, medians, void rows, processor time and messages: what benchmarks make of what they see."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import tree
from bench.cells import Row, row
from bench.graph import Line, Moment, graph
from bench.logged import errors_of
from bench.passers_by import told
from bench.samples import Sample, share_of_replay
from bench.soak import Noted, verdicts
from bench.tables import percentile
from bench.trend import growth, slope
from bench.turns import Turns
from bench.viewer import Message, Refused, Screen, healthy_clusters, messages

CLUSTER = b'<section class="cluster%s" id="cluster-1" data-mark="%s" aria-labelledby="x">'


def sample(cpu: float, replay: float = 0.1) -> Sample:
    return Sample(cpu=cpu, walls=(0.2,), requests=520, connections=0, replay=replay)


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(1, 101)]
    random.Random(1).shuffle(values)
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50, 99, 100)
    assert (percentile([7.0], 0.99), percentile([], 0.5)) == (7.0, 0.0)


def test_a_row_in_which_the_simulator_was_busy_is_void() -> None:
    calm, busy = (sample(0.1), sample(0.2), sample(0.3)), (sample(0.1, 0.71), sample(0.1, 0.8), sample(0.1))
    assert share_of_replay(calm) == (0.1, False)
    assert share_of_replay(busy) == (0.71, True)
    assert not Row(title="", ours=calm, theirs=()).void
    assert "void" in row(Row(title="", ours=calm, theirs=busy))[-1]


def test_the_ratio_is_of_medians_and_its_range_by_round() -> None:
    found = Row(title="", ours=(sample(0.1), sample(0.2)), theirs=(sample(0.4), sample(0.4)))
    assert found.ratio == pytest.approx(0.4 / 0.15)
    assert row(found)[3] == "2.7 (by round 2.0-4.0)"
    assert Row(title="", ours=found.ours, theirs=()).ratio == 0


def test_processor_time_is_that_of_the_tree() -> None:
    burn = "import time, sys\nwhile time.process_time() < 0.3: pass\nsys.stdin.read()"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        until = time.monotonic() + 60
        while tree.cpu(process.pid) < 0.3 and time.monotonic() < until:
            time.sleep(0.02)
        assert tree.cpu(process.pid) >= 0.3
        assert tree.rss(process.pid) <= tree.peak_rss(process.pid)
        process.stdin.close()


def test_the_time_of_children_that_have_ended_is_in_the_line_of_the_kernel() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    line = "12 (a (strange) name) S 1 12 12 0 -1 0 0 0 0 0 70 30 500 250 20 0 1 0 0 0 0"
    assert tree.reaped(line) == pytest.approx(750 / ticks)


async def test_messages_may_come_in_any_pieces() -> None:
    text = b'event: hello\ndata: {}\n\n: still here\n\nevent: update\ndata: {"fragments":[]}\n\n'

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    for size in (1, 2, 3, 7, len(text)):
        told = [f"{m.event} {m.data.decode()}" async for m in messages(pieces(size))]
        assert told == ["hello {}", 'update {"fragments":[]}']


def test_a_screen_keeps_what_an_update_leaves_out() -> None:
    screen = Screen()

    def update(**html: bytes) -> None:
        parts = [{"id": name, "html": text.decode()} for name, text in html.items()]
        screen.take(Message("update", json.dumps({"as": "page", "fragments": parts}).encode(), 1.0))

    update(one=CLUSTER % (b" calm", b"healthy"), two=CLUSTER % (b"", b"awaited"))
    assert (screen.healthy, screen.marks[b"awaited"]) == (1, 1)
    update(two=CLUSTER % (b"", b"healthy"))
    assert (screen.healthy, screen.marks[b"awaited"], screen.updates) == (2, 0, 2)


def test_only_clusters_are_counted_as_healthy() -> None:
    page = (
        b'<span class="mark" data-mark="healthy">'
        + CLUSTER % (b" calm", b"healthy")
        + CLUSTER % (b"", b"failed")
    )
    assert healthy_clusters(page) == 1


def test_a_slope_is_not_moved_by_peaks() -> None:
    xs = [float(n) for n in range(100)]
    ys = [3.0 + 0.5 * x + (50.0 if x % 10 == 0 else 0.0) for x in xs]
    assert slope(xs, ys) == pytest.approx(0.5, rel=0.1)
    assert slope([1.0], [1.0]) == 0.0


def test_growth_is_told_from_the_first_third_on() -> None:
    seconds = [float(n) for n in range(901)]
    filling = [min(n, 300.0) for n in seconds]
    assert growth(seconds, filling) == pytest.approx(0.0)
    assert growth(seconds, [100.0 + n / 9 for n in seconds]) == pytest.approx(66.7 / 166.7, rel=0.02)


def test_a_soak_is_good_only_when_all_of_it_is() -> None:
    flat = [Noted(float(n), 100.0, 50, 30, 10) for n in range(100)]
    rising = [Noted(float(n), 100.0 + n, 50, 30, 10) for n in range(100)]
    before, after = Noted(0, 100, 40, 20, 0), Noted(100, 100, 56, 33, 0)
    assert [good for *_, good in verdicts(flat, before, after)] == [True, True, True]
    leaking = Noted(100, 100, 57, 34, 0)
    assert [good for *_, good in verdicts(rising, before, leaking)] == [False, False, False]


def test_errors_are_found_in_a_log_and_the_first_one_s_place_is_told(tmp_path: Path) -> None:
    log = tmp_path / "callboard.log"
    raised = (
        "Traceback (most recent call last):\n"
        '  File "/srv/src/callboard/http/site.py", line 78, in _answer\n    await self._enter()\n'
        '  File "/srv/src/callboard/portal/asking/class_views.py", line 12, in view\n    return found[key]\n'
        '  File "/usr/lib/python3.11/json.py", line 3, in loads\n    raise KeyError\n'
        "KeyError: 'pods'"
    )
    entries: list[dict[str, object]] = [
        {"level": "warning", "event": "reviews-not-answered"},
        {"level": "error", "event": "request failed", "code": "internal", "exception": raised},
        {"level": "error", "event": "request failed", "code": "internal"},
        {"level": "error", "event": "a stream failed", "error": "ValueError", "frames": ["/x.py:3 f"]},
    ]
    lines = ["Callboard is ready. Open this link once:", *(json.dumps(entry) for entry in entries)]
    log.write_text("\n".join(lines))
    found = errors_of(log)
    assert found.kinds == Counter({"request failed (internal)": 2, "a stream failed (ValueError)": 1})
    assert found.first == "callboard/portal/asking/class_views.py:12 in view (KeyError: 'pods')"
    assert str(found).startswith("3: request failed (internal) 2 times")
    log.write_text(lines[0])
    assert (errors_of(log).count, str(errors_of(log))) == (0, "0")


def test_what_was_answered_instead_is_told_by_its_code_and_words() -> None:
    page = b"""<html><h1>Not available right now</h1>
<p class="error-message">The asking was given up.</p><p>Try again</p><code>0123</code></html>"""
    document = b'{"error":{"code":"internal","message":"It failed.","requestId":"0123"}}'
    assert (
        told(Refused("/a", 503, page)) == "/a: 503 Not available right now / The asking was given up. / 0123"
    )
    assert told(Refused("/b", 500, document)) == "/b: 500 internal: It failed."
    assert (
        told(Refused("/live", 200, b'{"as":"page","code":"gone","message":"No."}')) == "/live: 200 gone: No."
    )
    assert told(Refused("/c", 500, b"Internal Server Error")) == "/c: 500 Internal Server Error"
    assert told(TimeoutError("late")) == "TimeoutError('late')"


def test_a_graph_is_one_whole_document_with_foreign_words_escaped() -> None:
    text = graph(
        'a "title" <b>',
        "note & date",
        [0, 60, 120],
        [Line("memory", (1.0, 90.0, 45.0))],
        [Moment(60, "<cut>")],
    )
    root = ElementTree.fromstring(text)
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    ys = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
    assert ys[0] > ys[2] > ys[1]
    assert "prefers-color-scheme: dark" in text


async def test_no_service_is_asked_for_while_its_answer_is_kept() -> None:
    turns = Turns(["a", "b"], forgotten=0.2)
    asked = []
    for _ in range(5):
        asked.append((await turns.next(), time.monotonic()))
    assert [name for name, _ in asked] == ["a", "b", "a", "b", "a"]
    assert all(later - earlier >= 0.2 for (_, earlier), (_, later) in zip(asked, asked[2:], strict=False))
