"""What `callboard rbac` prints is what Callboard asks for, and no more."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import UsageError
from callboard.base.settings import CustomResourceSettings, KubernetesSettings
from callboard.fleet.selection.selection import types_of
from callboard.fleet.tools.rbac import Feature, features_of, manifests
from callboard.model.resource import ALL_OBJECT_TYPES

SETTINGS = KubernetesSettings(
    custom_resources=(CustomResourceSettings(group="argoproj.io", api_version="v1alpha1", plural="rollouts"),)
)


def documents(**arguments: Any) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(manifests(arguments.pop("settings", SETTINGS), **arguments)))


def granted(found: list[dict[str, Any]], kind: str) -> dict[tuple[str, str], set[str]]:
    out: dict[tuple[str, str], set[str]] = {}
    for document in found:
        if document["kind"] == kind:
            for rule in document["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        out.setdefault((group, resource), set()).update(rule["verbs"])
    return out


def test_roles_and_bindings_for_each_namespace_and_nothing_for_the_whole_cluster() -> None:
    found = documents(namespaces=["shop-a", "shop-b", "shop-a"])
    assert [(d["kind"], d["metadata"].get("namespace")) for d in found] == [
        ("ServiceAccount", "callboard"),
        ("Role", "shop-a"),
        ("RoleBinding", "shop-a"),
        ("Role", "shop-b"),
        ("RoleBinding", "shop-b"),
    ]
    assert found[2]["subjects"] == [{"kind": "ServiceAccount", "name": "callboard", "namespace": "callboard"}]
    assert found[2]["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "callboard",
    }


def test_without_namespaces_one_cluster_role_holds_everything() -> None:
    found = documents(features=[Feature.OBJECTS, Feature.NODES])
    assert [d["kind"] for d in found] == ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
    assert ("", "nodes") in granted(found, "ClusterRole")


def test_nodes_beside_roles_get_a_cluster_role_of_their_own() -> None:
    found = documents(namespaces=["shop"], features=[Feature.OBJECTS, Feature.NODES])
    assert granted(found, "ClusterRole") == {("", "nodes"): {"get", "list", "watch"}}
    assert ("", "nodes") not in granted(found, "Role")


@given(
    st.sets(st.sampled_from([t.plural for t in ALL_OBJECT_TYPES])),
    st.sets(st.sampled_from(list(Feature))),
    st.booleans(),
)
def test_every_asked_type_is_granted_for_reading_only_and_secrets_only_on_demand(
    plurals: set[str], features: set[Feature], namespaced: bool
) -> None:
    settings = KubernetesSettings(object_types=tuple(plurals), custom_resources=SETTINGS.custom_resources)
    found = documents(settings=settings, features=sorted(features), namespaces=["shop"] if namespaced else [])
    everything = {**granted(found, "Role"), **granted(found, "ClusterRole")}
    reviews = everything.pop(("authorization.k8s.io", "subjectaccessreviews"), None)
    assert reviews == ({"create"} if Feature.VISIBILITY in features else None)
    assert {v for verbs in everything.values() for v in verbs} <= {"get", "list", "watch"}
    assert (("", "secrets") in everything) == (Feature.SECRETS in features)
    assert (("", "pods/log") in everything) == (Feature.LOGS in features)
    assert (("", "events") in everything) == (Feature.EVENTS in features)
    assert "*" not in {part for key in everything for part in key}
    if Feature.OBJECTS in features:
        for resource in types_of(settings):
            assert resource.plural == "secrets" or (resource.group, resource.plural) in everything
        assert ("argoproj.io", "rollouts") in everything
    if namespaced:
        assert ("", "persistentvolumes") not in granted(found, "Role")


def test_a_misspelt_feature_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean logs\?"):
        features_of(["objects", "log"])
    assert features_of([]) == (Feature.OBJECTS, Feature.LOGS, Feature.EVENTS, Feature.METRICS)


def test_an_impossible_namespace_is_refused() -> None:
    with pytest.raises(UsageError, match="Shop"):
        manifests(SETTINGS, namespaces=["Shop"])
