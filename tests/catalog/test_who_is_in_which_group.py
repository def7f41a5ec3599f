"""The groups somebody is in, those above them included, whatever shape the groups of a catalog have."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.directory import MOST_GROUPS, CatalogDirectory, directory_of

ANNA = "user:default/anna"


def group(name: object) -> str:
    return f"group:default/{name}"


def directory(above: dict[str, list[str]]) -> CatalogDirectory:
    """Out of the documents of a catalog: who is directly in what."""
    documents = []
    for ref, targets in above.items():
        kind, _, name = ref.partition(":default/")
        relation = "memberOf" if kind == "user" else "childOf"
        relations = [{"type": relation, "targetRef": target} for target in targets]
        documents.append(
            msgspec.json.encode({"kind": kind, "metadata": {"name": name}, "relations": relations})
        )
    return directory_of(documents)


def test_groups_in_a_circle_are_each_of_them_once() -> None:
    above = {ANNA: [group(0)], group(0): [group(1)], group(1): [group(2), group(1)], group(2): [group(0)]}
    assert directory(above).groups_of(ANNA) == {ANNA, group(0), group(1), group(2)}


def test_a_chain_of_ten_thousand_ends_at_the_bound_with_the_nearest() -> None:
    chain = {group(n): [group(n + 1)] for n in range(10_000)}
    found = directory({ANNA: [group(0), "group:default/own"], **chain}).groups_of(ANNA)
    assert len(found) == MOST_GROUPS
    assert {"group:default/own", *(group(n) for n in range(MOST_GROUPS - 2))} < found


def test_ten_thousand_groups_above_one_end_at_the_bound() -> None:
    found = directory({ANNA: [group("own")], group("own"): [group(n) for n in range(10_000)]}).groups_of(ANNA)
    assert len(found) == MOST_GROUPS
    assert group("own") in found


@given(st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=4), max_size=10))
def test_somebody_is_in_what_can_be_reached_and_in_nothing_else(above: dict[int, list[int]]) -> None:
    found = directory({ANNA: [group(0)], **{group(n): list(map(group, of)) for n, of in above.items()}})
    reached: set[int] = {0}
    for _ in range(10):
        reached |= {target for n in reached for target in above.get(n, ())}
    assert found.groups_of(ANNA) == {ANNA, *map(group, reached)}
