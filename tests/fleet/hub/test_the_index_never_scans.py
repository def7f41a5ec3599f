"""Selector → objects and selector → readers: the same as looking at everything, without looking at everything."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callboard.fleet.hub.holdings.index import ObjectIndex, ReaderIndex, matches
from callboard.fleet.hub.scope import candidates
from callboard.kube.ingest.packing import Packer
from callboard.model.objects import PackedObject
from callboard.model.outcome import Question
from callboard.model.resource import KNOWN_TYPES
from support.kube_objects import kube_object

CONFIGMAPS = next(t for t in KNOWN_TYPES if t.plural == "configmaps")
KEEP = Packer()

KEYS = ("app", "tier", "backstage.io/kubernetes-id")
VALUES = ("", "a", "b", "c")
labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
requirement = st.one_of(
    st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.builds("{}!={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.builds("{} in (a,b)".format, st.sampled_from(KEYS)),
    st.builds("{} notin (b,c)".format, st.sampled_from(KEYS)),
    st.sampled_from(KEYS),
    st.builds("!{}".format, st.sampled_from(KEYS)),
)
question = st.builds(
    lambda namespace, parts, name: Question(
        type=CONFIGMAPS, namespace=namespace if not name else "one", label_selector=",".join(parts), name=name
    ),
    st.sampled_from(("", "one", "two")),
    st.lists(requirement, max_size=3),
    st.sampled_from(("", "", "", "n1")),
)
place = st.tuples(st.sampled_from(("one", "two", "three")), st.sampled_from([f"n{i}" for i in range(6)]))
change = st.one_of(st.tuples(place, labels), st.tuples(place, st.none()))


def config_map(namespace: str, name: str, with_labels: dict[str, str] | None) -> PackedObject:
    metadata = {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}", "labels": with_labels}
    return KEEP.of(kube_object("ConfigMap", {"metadata": metadata}))


@given(st.lists(change, max_size=30), st.lists(question, min_size=1, max_size=6), st.integers(1, 3))
def test_the_indexes_answer_as_a_scan_does(
    changes: list[tuple[tuple[str, str], dict[str, str] | None]], questions: list[Question], most_keys: int
) -> None:
    index = ObjectIndex(most_keys=most_keys)
    readers: ReaderIndex[int] = ReaderIndex()
    for number, asked in enumerate(questions):
        readers.add(number, asked)
    held: dict[tuple[str, str], PackedObject] = {}
    read: list[set[tuple[str, str]]] = [set() for _ in questions]
    for key, with_labels in changes:
        if with_labels is None:
            held.pop(key, None)
            old, new = index.drop(key), None
        else:
            new = held[key] = config_map(*key, with_labels)
            old = index.put(new)
        for number, has in readers.touched(old, new):
            (read[number].add if has else read[number].discard)(key)
        for number, asked in enumerate(questions):
            scan = sorted(k for k, o in held.items() if matches(asked, o))
            assert [(o.namespace, o.name) for o in index.select(asked)] == scan
            assert sorted(read[number]) == scan
    for number in range(len(questions)):
        readers.remove(number)
    assert not readers._buckets


def test_opening_a_service_among_ten_thousand_objects_looks_at_its_own_only() -> None:
    index = ObjectIndex()
    for number in range(10_000):
        index.put(
            config_map(f"ns{number % 100}", f"n{number}", {"backstage.io/kubernetes-id": f"s{number // 10}"})
        )
    ask = Question(type=CONFIGMAPS, label_selector="backstage.io/kubernetes-id=s1")
    assert len(index.select(ask)) == 10
    index.examined = 0
    for number in range(50):
        asked = msgspec.structs.replace(ask, label_selector=f"backstage.io/kubernetes-id=s{number}")
        assert len(index.select(asked)) == 10
    assert index.examined == 500
    index.examined = 0
    assert len(index.select(Question(type=CONFIGMAPS, namespace="ns7"))) == 100
    assert index.examined == 100


def test_a_change_reaches_its_readers_without_asking_the_others() -> None:
    readers: ReaderIndex[int] = ReaderIndex()
    for number in range(10_000):
        readers.add(number, Question(type=CONFIGMAPS, label_selector=f"app=s{number}"))
    before = config_map("one", "n", {"app": "s7"})
    after = config_map("one", "n", {"app": "s8"})
    assert sorted(readers.touched(before, after)) == [(7, False), (8, True)]


def test_a_selector_that_only_the_server_can_read_is_left_to_it() -> None:
    unreadable = Question(type=CONFIGMAPS, namespace="one", label_selector="a in b in c")
    assert candidates(unreadable, "cluster") == (unreadable,)
    readable = Question(type=CONFIGMAPS, namespace="one", label_selector="a=b")
    assert [(c.namespace, c.label_selector) for c in candidates(readable, "cluster")] == [
        ("", ""),
        ("one", ""),
        ("one", "a=b"),
    ]
