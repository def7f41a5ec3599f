"""Crashes of a service are grouped by what they have in common, wherever they were."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from callboard.model.cluster import ClusterInfo
from callboard.portal.logs.alike import likeness
from callboard.portal.logs.grouping import grouped
from callboard.portal.logs.telling import telling_lines
from callboard.portal.views import CrashLog, ObjectKey

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PANIC = """{time} level=error msg="cannot reach database" attempt={n}
panic: startup failed in {region}: dial tcp {ip}:5432: connect: connection refused (id 3f2b9c1e-77aa-4e0c-9b1f-0123456789{n}b)

goroutine 1 [running]:
main.mustConnect({{0xc00012c{n}c0, 0x2f}})
\t/src/cmd/server/main.go:87 +0x1d4
exit status 2"""


def crash(
    name: str, text: str = "", *, minutes: int = 0, region: str = "eu-west-1", **changes: object
) -> CrashLog:
    lines = tuple(text.splitlines())
    told = telling_lines(lines)
    made = {
        "key": ObjectKey(region, "pods", "pay", name),
        "cluster": ClusterInfo(name=region),
        "container": "app",
        "ended": NOW - timedelta(minutes=minutes),
        "how": "exit code 2",
        "lines": lines,
        "certain": told.certain,
        "alike": likeness(lines, told, (f"{region}-prod", region, name)),
    }
    return CrashLog(**{**made, **changes})  # type: ignore[arg-type]


def panic(n: int, region: str) -> str:
    return PANIC.format(time=f"2026-11-21T08:59:0{n}Z", n=n, region=region, ip=f"10.{n}.1.7")


def test_the_same_error_in_three_clusters_is_one() -> None:
    regions = enumerate(("eu-west-1", "ap-south-2", "us-east"))
    crashes = [crash(f"pay-{n}", panic(n, region), minutes=n, region=region) for n, region in regions]
    (group,) = grouped(reversed(crashes))
    assert [c.key.name for c in group.members] == ["pay-0", "pay-1", "pay-2"], "the newest first"
    assert [c.name for c in group.clusters] == ["eu-west-1", "ap-south-2", "us-east"]


def test_different_errors_are_different_and_the_most_frequent_comes_first() -> None:
    other = panic(1, "eu-west-1").replace("connection refused", "no route to host")
    groups = grouped(
        [crash("a", other), crash("b", panic(2, "eu-west-1")), crash("c", panic(3, "eu-west-1"))]
    )
    assert [[c.key.name for c in g.members] for g in groups] == [["b", "c"], ["a"]]


def test_who_runs_out_of_memory_is_alike_whatever_it_wrote_last() -> None:
    how = "OOMKilled, exit code 137"
    crashes = [crash("a", "GET /one 200", how=how), crash("b", "ERROR: heap\nGET /two", how=how)]
    assert len(grouped(crashes)) == 1


def test_last_lines_that_are_no_errors_tell_crashes_of_one_exit_code_not_apart() -> None:
    assert len(grouped([crash("a", "GET /one 200"), crash("b", "bye")])) == 1
    assert len(grouped([crash("a", "GET /one 200"), crash("b", "bye", how="exit code 3")])) == 2


def test_what_could_not_be_read_is_by_itself_and_last() -> None:
    unread = [crash(f"u{n}", failure="You may not see it.") for n in range(3)]
    groups = grouped([*unread, crash("a", panic(1, "eu-west-1")), crash("silent")])
    assert [g.unread for g in groups] == [False, False, True]
    assert len(groups[2].members) == 3


def test_a_place_is_a_whole_word() -> None:
    one = likeness(lines := ("Error: reproduce in prod",), told := telling_lines(lines), ("prod",))
    assert one != likeness(("Error: reprod in prod",), told, ("prod",))
    assert one != likeness(lines, told)


@given(st.lists(st.text()), st.lists(st.text(), max_size=30))
def test_it_is_total(lines: list[str], places: list[str]) -> None:
    likeness(lines, telling_lines(lines), places)
