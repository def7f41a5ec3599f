"""Whatever is written, and whenever history is cut: versions only grow, the past stays as it was, changes lead to the present."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.simulator.machinery.collection import Collection, Versions
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.resources import TypeRegistry

NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(st.tuples(st.sampled_from(["add", "replace", "remove", "compact"]), NAMES), max_size=25)

State = dict[str, int]


def write(held: Collection, step: str, name: str) -> None:
    there = held.get("n", name) is not None
    match step:
        case "add" if not there:
            held.add({"metadata": {"name": name, "namespace": "n"}})
        case "replace" if there:
            held.replace({"metadata": {"name": name, "namespace": "n"}})
        case "remove" if there:
            held.remove("n", name)
        case "compact":
            held.compact(1)
        case _:
            pass


def present(held: Collection) -> State:
    return {record.key[1]: record.version for record in held.records("n")}


@given(STEPS, st.integers(1, 8))
def test_versions_grow_and_every_version_kept_can_be_listed_and_watched_from(
    steps: list[tuple[str, str]], keep: int
) -> None:
    kind = TypeRegistry(metrics=False).find("", "v1", "configmaps")
    assert kind is not None
    versions = Versions()
    held = Collection(kind, versions, keep)
    snapshots: dict[int, State] = {versions.current: {}}
    for step, name in steps:
        before = versions.current
        write(held, step, name)
        assert versions.current in (before, before + 1)
        snapshots[versions.current] = present(held)
    for version, state in snapshots.items():
        changes = held.since(version)
        assert (changes is None) is (version < held.compacted)
        if changes is None:
            with pytest.raises(ApiRefusal, match="too old"):
                held.at(version)
            continue
        assert {record.key[1]: record.version for record in held.at(version)} == state
        told = [change.version for change in changes]
        assert told == sorted(set(told))
        followed = dict(state)
        for change in changes:
            name = change.record.key[1]
            assert change.version == change.record.version > version
            if change.type == "DELETED":
                del followed[name]
            else:
                assert (name in followed) is (change.type == "MODIFIED")
                followed[name] = change.version
        assert followed == present(held)
