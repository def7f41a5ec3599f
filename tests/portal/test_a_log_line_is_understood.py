"""A line says how bad it is in the formats there are, keeps its colours and nothing else of its escapes, and is filtered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import UsageError
from callboard.kube.reads.logs import LogLine
from callboard.portal.logs.escapes import MOST_SPANS, coloured
from callboard.portal.logs.filtering import LogFilter
from callboard.portal.logs.merging import merged_rows
from callboard.portal.logs.rows import LONGEST_ROW, line_name, row_of
from callboard.portal.views import LogRow
from callboard.web.log_page import line_name as named_on_the_page

LEVELS = [
    ('time=2026-12-01T03:18:46Z level=warn msg="slow query"', "warn"),
    ("ts=2026 lvl=eror caller=main.go:7", ""),
    ("I1201 03:18:46.123456       1 main.go:42] started", "info"),
    ("E1201 03:18:46.123456       1 main.go:42] failed", "error"),
    ("2026-12-01 03:18:46,123 ERROR [main] c.e.App - boom", "error"),
    ("2026-12-01T03:18:46.1Z  WARN 1 --- [           main] c.e.App : careful", "warn"),
    ("ERROR:root:boom", "error"),
    ("[2026-12-01 03:18:46 +0000] [1] [INFO] Booting worker", "info"),
    ("[critical] out of coffee", "fatal"),
    ("Traceback (most recent call last):", "error"),
    ("panic: runtime error: index out of range", "fatal"),
    ('Exception in thread "main" java.lang.IllegalStateException', "error"),
    ("<11>Dec  1 03:18:46 host app: no", "error"),
    ("2026-12-01T03:18:46Z DEBUG hyper::client > polling", "debug"),
    ("TRACE entering", "trace"),
    ('10.0.0.1 - - [01/Dec/2026] "GET /errors HTTP/1.1" 200', ""),
    ("the user said ERRORS are fine", ""),
    ("", ""),
]
JSON = [
    ('{"level":"error","ts":1,"msg":"no","code":7}', "error", "no  code=7"),
    ('{"level":50,"time":1,"pid":3,"msg":"pino"}', "error", "pino  pid=3"),
    ('{"severity":"WARNING","message":"cloud"}', "warn", "cloud"),
    ('{"@t":"2026","@m":"serilog","@l":"Fatal","a b":"c d"}', "fatal", 'serilog  a b="c d"'),
    ('{"log.level":"info","message":"ecs","labels":{"a":[1]}}', "info", 'ecs  labels={"a":[1]}'),
    ('{"msg":"two\\nlines","level":"dbg"}', "debug", "two ↵ lines"),
    ('{"msg":"evil\\u001b[31m\\u202e"}', "", "evil"),
    ('{"nothing":"said"}', "", '{"nothing":"said"}'),
    ('{"msg": 7}', "", '{"msg": 7}'),
    ('{"msg":"broken"', "", '{"msg":"broken"'),
]


def row(text: str, **more: object) -> LogRow:
    return row_of(LogLine(text, at="2026-12-01T03:18:46.000000000Z"), 0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("line", "level"), LEVELS)
def test_a_line_says_how_bad_it_is(line: str, level: str) -> None:
    assert row(line).level == level


@pytest.mark.parametrize(("line", "level", "text"), JSON)
def test_json_is_its_message_and_then_its_fields(line: str, level: str, text: str) -> None:
    found = row(line)
    assert (found.level, found.text) == (level, text)
    assert row(line, as_written=True).text == line
    assert row(line, as_written=True).level == level


@pytest.mark.parametrize(
    ("line", "text", "spans"),
    [
        ("\x1b[31mred\x1b[0m plain", "red plain", [(0, 3, "red")]),
        ("\x1b[1;32mgo\x1b[39m on\x1b[m", "go on", [(0, 2, "bold green"), (2, 5, "bold")]),
        ("\x1b[38;5;196mred\x1b[38;2;0;0;255mblue", "redblue", [(0, 3, "red"), (3, 7, "blue")]),
        ("\x1b[8mseen\x1b[0m \x1b[30;40mtoo", "seen too", [(5, 8, "black")]),
        ("\x1b]0;title\x07\x1b[2Jtext\x1b[3A", "text", []),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link", []),
        ("10%\r20%\r\x00", "10%␍20%␍", []),
        ("\x1b[31m\x1b[", "", []),
        ("\x9b31mc1", "c1", []),
    ],
)
def test_colours_stay_and_nothing_else(line: str, text: str, spans: list[tuple[int, int, str]]) -> None:
    found, styled = coloured(line)
    assert found == text
    assert [(s.start, s.end, s.style) for s in styled] == spans


ODD_PARTS = (
    *("\x1b[", "\x1b", "31m", "0m", ";", "38;5;", "a", "é", "\r", "\x00", "\u202e"),
    *("{", '"msg":', '"x"', "}", "\x9b", "]8;;"),
)
ODD = st.lists(st.sampled_from(ODD_PARTS)).map("".join)


@given(st.one_of(ODD, st.text(max_size=300)))
def test_any_line_is_a_row_that_is_safe(line: str) -> None:
    found = row(line)
    assert not [
        c for c in found.text if c != "\t" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066")
    ]
    ends = [0, *(n for span in found.spans for n in (span.start, span.end))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(found.text)
    assert len(found.spans) <= MOST_SPANS
    assert line_name(found) == named_on_the_page(found)


def test_a_line_of_a_megabyte_is_short() -> None:
    found = row("\x1b[31m" + "x" * 1_000_000)
    assert (len(found.text), found.cut, found.spans[-1].end) == (LONGEST_ROW, True, LONGEST_ROW)


def test_a_filter_looks_for_text_and_for_patterns_whatever_their_case() -> None:
    lines = [row(text) for text in ("GET /a 200", "get /b 500", "INFO done")]

    def passing(chosen: LogFilter) -> list[int]:
        return [n for n, each in enumerate(lines) if chosen.passes(each)]

    assert passing(LogFilter("get")) == [0, 1]
    assert passing(LogFilter("/.", pattern=True)) == [0, 1]
    assert passing(LogFilter("/.")) == []
    assert passing(LogFilter(r"\b5\d\d$", pattern=True)) == [1]
    assert not LogFilter().any


def test_what_goes_on_from_a_line_passes_with_it() -> None:
    chosen = LogFilter(level="error")
    texts = ["INFO fine", "  more", "ERROR bad", "  at Main.java:1", "INFO fine", "  more"]
    assert [chosen.passes(row(text)) for text in texts] == [False, False, True, True, False, False]


@pytest.mark.parametrize("pattern", ["(", "a{1,5000}", "(?=a)", r"(a)\1", "x" * 501])
def test_a_pattern_that_cannot_be_used_is_told(pattern: str) -> None:
    with pytest.raises(UsageError):
        LogFilter(pattern, pattern=True)


def test_no_pattern_hangs() -> None:
    chosen = LogFilter("(a+)+(b*)*c$", pattern=True)
    for _ in range(20):  # an engine that tries all ways would not end in a lifetime
        assert not chosen.passes(row("a" * LONGEST_ROW))


def test_lines_of_several_containers_are_in_the_order_they_were_written() -> None:
    def rows(source: int, *ats: str) -> list[LogRow]:
        return [LogRow(at, source, "", f"{source}{at}") for at in ats]

    one, two = rows(0, "1", "3", "2", "5"), rows(1, "2", "4")
    assert [r.text for r in merged_rows([one, two])] == ["01", "12", "03", "02", "14", "05"]
    assert [r.text for r in merged_rows([one, two], "3")] == ["03", "02", "14", "05"]
