"""Of a log's last lines, the one that tells why the program ended, whatever it was written in; and which crashes are alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.portal.logs.alike import likeness, without_what_differs
from callboard.portal.logs.masking import masked
from callboard.portal.logs.telling import TellingLines, said_by, telling_lines

GO = """starting
panic: startup failed: dial tcp 10.96.14.7:5432: connect: connection refused

goroutine 1 [running]:
main.mustConnect({0xc00012c0c0, 0x2f})
\t/src/cmd/server/main.go:87 +0x1d4
main.(*Server).Run(0xc000010000)
\t/src/cmd/server/main.go:41 +0x2a5
exit status 2"""
JAVA = """2026-11-21 INFO starting
Exception in thread "main" org.springframework.beans.factory.BeanCreationException: Error creating bean
\tat org.springframework.boot.SpringApplication.refresh(SpringApplication.java:754)
\tat com.example.Application.main(Application.java:14)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\t... 31 more"""
PYTHON = """loading
Traceback (most recent call last):
  File "/app/server.py", line 62, in <module>
    main()
KeyError: 'PAYMENT_PROVIDER_URL'"""
NODE = """/app/index.js:3
const x = require('./nope')
          ^

Error: Cannot find module './nope'
Require stack:
    at Module._resolveFilename (node:internal/modules/cjs/loader:1140:15)
    at Object.<anonymous> (/app/index.js:3:11) {
  code: 'MODULE_NOT_FOUND'
}

Node.js v20.11.0"""
RUST = """thread 'main' panicked at src/main.rs:4:5:
called `Result::unwrap()` on an `Err` value: NotFound
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""
DOTNET = """Unhandled exception. System.InvalidOperationException: no connection string
   at Program.Main(String[] args) in /src/Program.cs:line 9"""
RUBY = """/app/server.rb:12:in `fetch': key not found: "DATABASE_URL" (KeyError)
\tfrom /app/server.rb:12:in `<main>'"""
JSON = """{"level":"info","msg":"starting"}
{"level":"fatal","msg":"cannot bind","error":"address already in use"}
{"level":"info","msg":"bye"}"""
KLOG = "I0101 10:00:00 start\nF1121 08:20:01.123456       1 main.go:9] no leader\n"
QUIET = "listening on :8080\nshutting down\n\n"


@pytest.mark.parametrize(
    ("log", "tells"),
    [
        (GO, "panic: startup failed: dial tcp 10.96.14.7:5432: connect: connection refused"),
        (JAVA, "Caused by: java.net.ConnectException: Connection refused"),
        (PYTHON, "KeyError: 'PAYMENT_PROVIDER_URL'"),
        (NODE, "Error: Cannot find module './nope'"),
        (RUST, "called `Result::unwrap()` on an `Err` value: NotFound"),
        (DOTNET, "Unhandled exception. System.InvalidOperationException: no connection string"),
        (RUBY, "/app/server.rb:12:in `fetch': key not found: \"DATABASE_URL\" (KeyError)"),
        (JSON, "cannot bind: address already in use"),
        (KLOG, "F1121 08:20:01.123456       1 main.go:9] no leader"),
        (QUIET, "shutting down"),
        ("\tall of it\n\tis indented", "\tis indented"),
    ],
)  # fmt: skip
def test_each_runtime_says_it_in_its_own_way(log: str, tells: str) -> None:
    lines = log.split("\n")
    assert said_by(lines[telling_lines(lines).told]) == tells


@pytest.mark.parametrize(
    ("log", "first", "last"),
    [
        (GO, "panic: startup", "/src/cmd/server/main.go:41"),
        (JAVA, "Exception in thread", "... 31 more"),
        (PYTHON, "Traceback", "KeyError"),
    ],
)
def test_the_first_exception_is_marked_with_its_stack(log: str, first: str, last: str) -> None:
    lines = log.split("\n")
    found = telling_lines(lines)
    assert first in lines[found.first]
    assert last in lines[found.last]


def test_where_nothing_was_written_nothing_tells() -> None:
    assert telling_lines([]) == TellingLines()
    assert telling_lines(["", "  "]).told == -1
    assert likeness([], TellingLines()) == ""


def test_the_same_crash_of_two_pods_at_two_times_is_one() -> None:
    other = (
        GO.replace("goroutine 1", "goroutine 17")
        .replace("0xc00012c0c0", "0xc0009f")
        .replace("+0x1d4", "+0x2b")
    )
    one, two = GO.split("\n"), other.split("\n")
    assert likeness(one, telling_lines(one)) == likeness(two, telling_lines(two)) != ""
    third = GO.replace("mustConnect", "mustListen").split("\n")
    assert likeness(third, telling_lines(third)) != likeness(one, telling_lines(one))


def test_times_ids_and_numbers_make_no_difference() -> None:
    one = without_what_differs(
        "2026-11-21T08:20:00.123Z order 17 of 3f2504e0-4f89-11d3-9a0c-0305e82c3301 failed at 0x7f3a"
    )
    two = without_what_differs(
        "2026-12-01T00:00:00Z order 99 of aaaaaaaa-4f89-11d3-9a0c-0305e82c3301 failed at 0x1"
    )
    assert one == two == "<time> order # of <id> failed at <address>"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("cannot reach postgres://app:hunter22@db:5432/x", "hunter22"),
        ("password=hunter22 refused", "hunter22"),
        ('{"api_key": "hunter22"}', "hunter22"),
        ("DB_PASSWORD=hunter22", "hunter22"),
        ("Authorization: Bearer abc.def-hunter22", "hunter22"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.hunter22 has expired", "hunter22"),
    ],
)
def test_what_looks_secret_is_hidden_in_the_line_on_the_page(line: str, secret: str) -> None:
    assert secret not in masked(line)
    assert "(hidden)" in masked(line)


def test_what_is_no_secret_stays() -> None:
    line = "panic: dial tcp 10.96.14.7:5432: connect: connection refused (user app)"
    assert masked(line) == line


LINES = st.lists(
    st.one_of(st.text(max_size=60), st.sampled_from("\n".join((GO, JAVA, PYTHON, NODE, RUST, JSON)).split("\n"))),
    max_size=40,
)  # fmt: skip


@given(LINES)
def test_it_is_total_over_any_lines(lines: list[str]) -> None:
    found = telling_lines(lines)
    assert -1 <= found.told < len(lines)
    assert -1 <= found.first <= found.last < max(len(lines), 1)
    assert (found.told == -1) == (not any(line.strip() for line in lines))
    likeness(lines, found)
    for line in lines:
        masked(said_by(line))


@pytest.mark.parametrize(
    "piece", ["(", "A", "A.", "at a(", "password=", "a:b@", "{", '{"msg":', "\x1b[", " ", "Error"]
)
def test_long_lines_of_one_piece_cost_little(piece: str) -> None:
    """Each regular expression is tried on what would make a careless one walk back and forth; a hang is a failure."""
    line = piece * (16_000 // len(piece))
    lines = [line] * 50
    assert telling_lines(lines).told >= -1
    masked(line[:1_000])
    without_what_differs(line)
