"""The version in force beside the one before: what differs, as somebody would name it, and nothing private for everybody."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.model.objects import KubeObject
from callboard.portal.arranging.changed import MOST_ROWS, changed
from support.kube_objects import kube_object, meta

OLD: dict[str, Any] = {
    "metadata": {"labels": {"app": "web", "pod-template-hash": "a"}},
    "spec": {
        "containers": [
            {
                "name": "app",
                "image": "web:1",
                "env": [{"name": "MODE", "value": "calm"}, {"name": "GONE", "value": "x"}],
                "args": ["--port=80"],
                "resources": {"requests": {"cpu": "100m"}},
            },
            {"name": "proxy", "image": "proxy:1"},
        ]
    },
}
NEW: dict[str, Any] = {
    "metadata": {"labels": {"app": "web", "pod-template-hash": "b"}},
    "spec": {
        "containers": [
            {"name": "proxy", "image": "proxy:1"},
            {
                "name": "app",
                "image": "web:2",
                "env": [{"name": "MODE", "value": "wild"}],
                "args": ["--port=8080"],
                "resources": {"requests": {"cpu": "64"}},
            },
        ],
        "nodeSelector": {"example.com/pool": "gpu"},
    },
}


def replica_set(number: int | str, template: Any, owner: str = "web") -> KubeObject:
    told = meta(
        f"{owner}-{number}",
        owner=("Deployment", owner, f"uid-{owner}"),
        annotations={"deployment.kubernetes.io/revision": str(number)},
    )
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return kube_object("ReplicaSet", {"metadata": told, "spec": spec})


def deployment(name: str = "web") -> KubeObject:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": NEW}
    return kube_object("Deployment", {"metadata": meta(name), "spec": spec})


def pod_of(number: int) -> KubeObject:
    told = meta("web-x", owner=("ReplicaSet", f"web-{number}", f"uid-web-{number}"))
    return kube_object("Pod", {"metadata": told, "spec": NEW["spec"], "status": {}})


def rows(*objects: KubeObject, of: KubeObject, values: bool = True) -> dict[str, tuple[str, str]]:
    found = changed(objects, of, values=values)
    return {row.label: (row.value, row.remark) for row in found.rows} if found else {}


def test_each_difference_is_one_row_by_name_and_order_is_none() -> None:
    told = rows(replica_set(9, OLD), replica_set(10, NEW), of=deployment())
    assert told == {
        "containers[app].image": ("web:2", "before: web:1"),
        "containers[app].env[MODE].value": ("wild", "before: calm"),
        "containers[app].env[GONE]": ("—", 'before: {"name":"GONE","value":"x"}'),
        "containers[app].args": ('["--port=8080"]', 'before: ["--port=80"]'),
        "containers[app].resources.requests.cpu": ("64", "before: 100m"),
        "nodeSelector": ('{"example.com/pool":"gpu"}', "was not there before"),
    }


def test_from_a_pod_its_replica_set_and_its_deployment_the_same_is_told() -> None:
    sets = (replica_set(2, NEW), replica_set(1, OLD), replica_set(7, OLD, owner="other"))
    from_all = [rows(*sets, of=each) for each in (deployment(), sets[0], sets[1], pod_of(2), pod_of(1))]
    assert from_all[0]
    assert all(each == from_all[0] for each in from_all)


def test_who_may_not_read_the_yaml_is_told_that_it_is_another_and_not_what() -> None:
    told = rows(replica_set(1, OLD), replica_set(2, NEW), of=deployment(), values=False)
    assert told["containers[app].env"][0] == told["containers[app].args"][0] == "is another"
    assert told["containers[app].image"] == ("web:2", "before: web:1")
    assert not any(word in str(told) for word in ("calm", "wild", "8080", "GONE"))


@pytest.mark.parametrize("turned", [False, True])
def test_a_whole_part_that_is_new_or_gone_tells_no_more_of_it(turned: bool) -> None:
    secret: dict[str, Any] = {
        "name": "s",
        "env": [{"name": "E", "value": "hush"}],
        "args": ["hush"],
        "command": ["hush"],
    }
    secret["lifecycle"] = {"preStop": {"exec": {"command": ["hush"]}}}
    more = {
        "metadata": {"annotations": {"a": "hush"}},
        "spec": {"containers": [{"name": "app", "image": "web:1"}, secret], "initContainers": [secret]},
    }
    less = {"spec": {"containers": [{"name": "app", "image": "web:1"}]}}
    before, after = (more, less) if turned else (less, more)
    sets = replica_set(1, before), replica_set(2, after)
    assert "hush" in str(rows(*sets, of=deployment()))
    told = rows(*sets, of=deployment(), values=False)
    assert "containers[s]" in told
    assert "hush" not in str(told)


def test_without_an_earlier_version_or_a_difference_there_is_nothing() -> None:
    assert rows(replica_set(1, OLD), of=deployment()) == {}
    assert rows(replica_set(1, OLD), replica_set(2, OLD), of=deployment()) == {}
    assert rows(replica_set("x", OLD), replica_set(2, NEW), of=deployment()) == {}
    assert rows(replica_set(1, OLD), replica_set(2, NEW), of=pod_of(3)) == {}


def test_of_very_many_differences_the_first_stand_and_the_rest_is_counted() -> None:
    labels = {f"l{n}": "1" for n in range(40)}
    many = {**OLD, "metadata": {"labels": labels}}
    more = {**OLD, "metadata": {"labels": dict.fromkeys(labels, "2")}}
    told = rows(replica_set(1, many), replica_set(2, more), of=deployment())
    assert len(told) == MOST_ROWS
    assert told["and more"] == (f"{40 - MOST_ROWS + 1} further differences", "")


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "env", "spec", "a", "b"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(trees, trees)
def test_any_two_templates_are_compared(before: Any, after: Any) -> None:
    template: dict[str, Any] = {"spec": {"containers": []}}
    old = replica_set(1, {**template, "metadata": {"annotations": {}}})
    raw = {"metadata": {}, "spec": {"template": before}}, {"metadata": {}, "spec": {"template": after}}
    first, second = (
        _with_raw(each, tree) for each, tree in zip((old, replica_set(2, template)), raw, strict=True)
    )
    for values in (True, False):
        found = changed((first, second), deployment(), values=values)
        if found is not None:
            assert 0 < len(found.rows) <= MOST_ROWS


def _with_raw(obj: KubeObject, tree: Any) -> KubeObject:
    return msgspec.structs.replace(obj, raw=msgspec.json.encode(tree))
