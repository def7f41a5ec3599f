"""Labels → services: the same as asking every service's selector, without asking every service's selector."""

from hypothesis import given
from hypothesis import strategies as st

from callboard.fleet.hub.following.services import Interest, ServiceIndex
from callboard.model.selector import LabelSelector

KEYS = ("app", "tier", "backstage.io/kubernetes-id")
VALUES = ("", "1", "2", "c")
NAMESPACES = ("one", "two", "three")
labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
requirement = st.one_of(
    st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.builds("{}!={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.builds("{} in (1,c)".format, st.sampled_from(KEYS)),
    st.builds("{} notin (2,c)".format, st.sampled_from(KEYS)),
    st.builds("{}>1".format, st.sampled_from(KEYS)),
    st.sampled_from(KEYS),
    st.builds("!{}".format, st.sampled_from(KEYS)),
)
interest = st.builds(
    lambda parts, namespaces: Interest(LabelSelector.parse(",".join(parts)), tuple(sorted(namespaces))),
    st.lists(requirement, max_size=3),
    st.sets(st.sampled_from(NAMESPACES), max_size=2),
)
step = st.tuples(st.integers(0, 5), st.one_of(st.none(), st.lists(interest, max_size=3)))


def selects(each: Interest, of: dict[str, str], namespace: str) -> bool:
    return (not each.namespaces or namespace in each.namespaces) and each.selector.matches(of)


@given(st.lists(step, max_size=15), st.lists(st.tuples(labels, st.sampled_from(NAMESPACES)), max_size=8))
def test_the_touched_are_those_whose_selector_matches(
    steps: list[tuple[int, list[Interest] | None]], objects: list[tuple[dict[str, str], str]]
) -> None:
    index: ServiceIndex[int] = ServiceIndex()
    known: dict[int, list[Interest]] = {}
    for service, interests in steps:
        if interests is None:
            index.drop(service)
            known.pop(service, None)
        else:
            index.put(service, interests)
            known[service] = interests
        for of, namespace in objects:
            naive = {s for s, wanted in known.items() if any(selects(i, of, namespace) for i in wanted)}
            assert set(index.touched(of, namespace)) == naive
    for service in list(known):
        index.drop(service)
    assert len(index) == 0
    assert (index._by_value, index._by_key) == ({}, {})
    assert not index._rest


def test_a_change_looks_at_its_own_services_however_many_there_are() -> None:
    index: ServiceIndex[int] = ServiceIndex()
    for number in range(5000):
        selector = LabelSelector.equals("backstage.io/kubernetes-id", f"service-{number}")
        index.put(number, [Interest(selector)])
    found = index.touched({"backstage.io/kubernetes-id": "service-42", "app": "x", "hash": "abc"}, "shop")
    assert set(found) == {42}
    assert index.examined == 1
    assert not index.touched({"app": "service-42"}, "shop")
    assert index.examined == 1
