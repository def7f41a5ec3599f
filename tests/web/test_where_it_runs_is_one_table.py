"""All clusters of a service in one table: a line each, its pods as shapes, grouped by what its reader picks."""

import re

import msgspec

from callboard.model.verdict import ClusterVerdict, Health
from callboard.portal.views import ClusterPart
from callboard.web.matrix import (
    FOLD_ABOVE,
    MOST_CELLS,
    MOST_LINES,
    MatrixFold,
    MatrixGroup,
    MatrixRow,
    known_group,
    matrix,
)
from support.live import have_of, topic, watching
from support.live_portal import LivePortal
from support.web_scenes import HOSTILE, awaited, healthy, pod, troubled, workload
from support.web_server import get, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"


def labelled(part: ClusterPart, **labels: str) -> ClusterPart:
    return msgspec.structs.replace(part, cluster=msgspec.structs.replace(part.cluster, labels=labels))


def rows(parts: list[ClusterPart], group: str = "cluster") -> list[MatrixRow]:
    return [line for line in matrix(parts, group).lines if isinstance(line, MatrixRow)]


def titles(parts: list[ClusterPart], group: str = "") -> list[str]:
    return [line.title for line in matrix(parts, group).lines if isinstance(line, MatrixGroup)]


def test_what_is_broken_comes_first_and_unknown_before_what_is_well() -> None:
    found = rows([healthy("a"), awaited("b"), troubled("c"), healthy("d")])
    assert [row.name for row in found] == ["c", "b", "a", "d"]
    assert found[0].ready == 1
    assert found[0].total == 3
    assert found[0].restarts == 12
    assert found[0].since == troubled("c").verdict.since
    assert found[1].note == "no answer yet"
    assert found[2].since is None, "nothing is wrong there"


def test_few_clusters_have_a_line_each_and_of_many_the_healthy_share_one() -> None:
    few = [healthy(f"c{i:02}") for i in range(FOLD_ABOVE)]
    assert len(rows(few)) == FOLD_ABOVE
    lines = matrix([*few, troubled("z")], "cluster").lines
    assert [type(line) for line in lines] == [MatrixRow, MatrixFold]
    (fold,) = (line for line in lines if isinstance(line, MatrixFold))
    assert (fold.ready, fold.total, len(fold.clusters)) == (36, 36, FOLD_ABOVE)
    assert sum(fold.shapes) + fold.more == fold.ready


def test_what_could_not_be_seen_whole_never_hides_among_the_healthy() -> None:
    gaps = msgspec.structs.replace(healthy("gaps"), missing=troubled("x").missing)
    found = rows([*(healthy(f"c{i:02}") for i in range(FOLD_ABOVE)), gaps])
    assert [(row.name, row.note) for row in found] == [("gaps", "not all could be seen")]


def test_where_nothing_runs_it_is_said_in_the_line_of_the_healthy() -> None:
    verdict = ClusterVerdict(cluster="empty", health=Health.NOTHING, sentence="nothing runs here")
    empty = msgspec.structs.replace(healthy("empty"), verdict=verdict, workloads=())
    (fold,) = matrix([*(healthy(f"c{i:02}") for i in range(FOLD_ABOVE)), empty], "cluster").lines
    assert isinstance(fold, MatrixFold)
    assert fold.empty == 1


def test_lines_are_grouped_by_environment_where_clusters_tell_it_with_trouble_and_production_first() -> None:
    parts = [
        labelled(healthy("a"), environment="staging"),
        labelled(healthy("b"), environment="production"),
        labelled(healthy("c"), environment="dev"),
        labelled(healthy("d"), environment="dev"),
        healthy("e"),
    ]
    parts[4] = labelled(parts[4])
    assert titles(parts) == ["production", "dev", "staging", "not told"]
    parts[3] = labelled(troubled("d"), environment="dev")
    assert titles(parts) == ["dev", "production", "staging", "not told"]
    assert titles(parts, "cluster") == []


def test_pods_are_grouped_by_what_they_tell() -> None:
    old, new = pod("a", "one", version="1.42"), pod("a", "two", Health.UNHEALTHY, version="1.43")
    part = msgspec.structs.replace(healthy("a"), workloads=(workload("a", (old, new)),))
    lines = matrix([part], "version").lines
    assert [(x.title, x.unhealthy) for x in lines if isinstance(x, MatrixGroup)] == [("1.43", 1), ("1.42", 0)]
    assert [x.total for x in lines if isinstance(x, MatrixRow)] == [1, 1]
    assert len({line.id for line in lines}) == len(lines)
    for key in ("namespace", "workload", "node"):
        assert titles([part], key) in (["dice"], ["Deployment dice-roller"], ["node-3"])


def test_pods_are_grouped_by_any_label_and_by_zone() -> None:
    pods = tuple(
        pod(
            "a",
            f"p{i:02}",
            Health.UNHEALTHY if i == 33 else Health.HEALTHY,
            zone=f"z{i % 3}",
            labels=(("shard", f"s{i:02}"),),
        )
        for i in range(40)
    )
    part = msgspec.structs.replace(healthy("a"), workloads=(workload("a", (*pods, pod("a", "old"))),))
    by_label = matrix([part, healthy("b")], "pod-label:shard").lines
    heads = [line for line in by_label if isinstance(line, MatrixGroup)]
    assert [head.title for head in heads] == ["s33", *(f"s{i:02}" for i in range(40) if i != 33), "not told"]
    assert (heads[0].unhealthy, heads[0].pods, heads[0].ready) == (1, 1, 0)
    assert (heads[-1].clusters, heads[-1].pods) == (2, 4)
    assert known_group([part], "pod-label:shard") == "pod-label:shard"
    assert known_group([healthy("b")], "pod-label:shard") == ""
    assert titles([part], "zone") == ["z0", "z1", "z2", "not told"]


def test_of_very_many_pods_the_worst_are_shapes_and_the_rest_are_counted() -> None:
    pods = tuple(
        pod("a", f"p{i:04}", Health.UNHEALTHY if i % 1000 == 999 else Health.HEALTHY) for i in range(5000)
    )
    (row,) = rows([msgspec.structs.replace(healthy("a"), workloads=(workload("a", pods),))])
    assert len(row.pods) == MOST_CELLS
    assert [p.health for p in row.pods[:5]] == [Health.UNHEALTHY] * 5
    assert row.more == (("healthy", 5000 - MOST_CELLS),)


def test_on_very_many_nodes_the_lines_in_trouble_are_shown_and_the_rest_are_counted() -> None:
    pods = tuple(
        pod("a", f"p{i:04}", Health.UNHEALTHY if i == 2999 else Health.HEALTHY, node=f"n{i:04}")
        for i in range(3000)
    )
    part = msgspec.structs.replace(healthy("a"), workloads=(workload("a", pods),))
    table = matrix([part], "node")
    shown = len(table.lines)  # apart: a failure would write out thousands of lines
    assert shown == MOST_LINES
    assert table.head.more == 2 * 3000 - MOST_LINES, "of each node its head and its line"
    assert [line.title for line in table.lines[:1] if isinstance(line, MatrixGroup)] == ["n2999"]


def test_a_group_that_there_is_not_is_as_if_it_were_not_asked_for() -> None:
    parts = [troubled("a"), healthy("b")]
    for asked in ("", "nonsense", HOSTILE, "label:", "label:x" * 1000):
        assert known_group(parts, asked) == ""
    assert known_group(parts, "node") == "node"


async def test_an_open_page_is_kept_current_as_it_is_grouped() -> None:
    portal = LivePortal(troubled("eu-1"), healthy("eu-2"))
    async with serving(portal) as base:
        page = (await get(base, f"{PAGE}?group=node")).text
        told = re.search(r'data-topic="([^"]*)"', page)
        assert told is not None
        assert told[1] == f"{topic()}?group=node"
        assert "node-3" in page
        async with watching(base, {"1": told[1]}, have={"1": have_of(page)}) as reader:
            await reader.next("hello")
            await portal.change(troubled("eu-2"))
            update = await reader.next()
        assert [i for i in update.ids if i.startswith("line")] == ["line-eu-2/node-3"]


async def test_what_somebody_asked_for_in_vain_is_in_nobodys_page() -> None:
    async with serving(LivePortal()) as base:
        page = (await get(base, f"{PAGE}?group=made-up-by-someone")).text
        assert "made-up-by-someone" not in page
        assert (await get(base, PAGE)).text == page
