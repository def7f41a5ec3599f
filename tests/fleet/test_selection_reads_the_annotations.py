"""What an entity's annotations and the settings make us ask for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import UsageError
from callboard.base.settings import CustomResourceSettings, KubernetesSettings
from callboard.extend import CustomResource, ResourceType
from callboard.fleet.selection.custom_resources import ConfiguredCustomResources
from callboard.fleet.selection.selection import namespaces_of, select, selector_of, types_of
from callboard.model.resource import ALL_OBJECT_TYPES, DEFAULT_OBJECT_TYPES
from support.fake_fleet import CALLER, cluster, entity

SETTINGS = KubernetesSettings()
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def test_without_annotations_the_name_is_the_id() -> None:
    assert str(selector_of(entity("dice-roller"))) == "backstage.io/kubernetes-id=dice-roller"


def test_the_id_annotation_wins_over_the_name_and_the_selector_over_both() -> None:
    assert str(selector_of(entity(id="dice"))) == "backstage.io/kubernetes-id=dice"
    both = entity(id="dice", label_selector=" app = dice , tier in (web,api) ")
    assert str(selector_of(both)) == "app=dice,tier in (api,web)"


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_annotation_is_no_annotation(blank: str) -> None:
    written = entity("dice", id=blank, label_selector=blank, namespace=blank)
    assert str(selector_of(written)) == "backstage.io/kubernetes-id=dice"
    assert namespaces_of(written) == ((), ())


@pytest.mark.parametrize("bad", ["app in (", "=x", "a b", "app notin", "app=<script>", "a,,b", "!"])
def test_a_bad_selector_names_its_annotation_and_what_is_wrong(bad: str) -> None:
    with pytest.raises(UsageError) as raised:
        selector_of(entity(label_selector=bad))
    assert raised.value.code == "bad-selector"
    assert "backstage.io/kubernetes-label-selector" in raised.value.message


def test_an_id_that_no_label_can_carry_is_told_apart_from_a_service_that_runs_nowhere() -> None:
    with pytest.raises(UsageError, match=r"metadata\.name"):
        selector_of(entity("x" * 64))
    with pytest.raises(UsageError, match=r"annotation backstage\.io/kubernetes-id"):
        selector_of(entity(id="a/b"))


def test_namespaces_are_several_in_their_order_and_each_once() -> None:
    assert namespaces_of(entity(namespace=" shop-b, shop-a ,shop-b,")) == (("shop-b", "shop-a"), ())


def test_an_impossible_namespace_is_left_out_and_told() -> None:
    names, notices = namespaces_of(entity(namespace="shop, Shop_2, ../kube-system"))
    assert names == ("shop",)
    assert [n.code for n in notices] == ["bad-namespace"] * 2
    assert "Shop_2" in notices[0].message


def test_when_no_namespace_is_left_nothing_is_asked_instead_of_everything() -> None:
    with pytest.raises(UsageError, match="names no namespace"):
        namespaces_of(entity(namespace="Shop, ,"))


PARTS = st.one_of(
    st.sampled_from(["shop", "shop-b", " a ", "", "Shop", "-", "x" * 64, "../a"]), st.text(max_size=8)
)


@given(st.lists(PARTS, max_size=6))
def test_any_namespace_annotation_gives_valid_names_or_is_refused_whole(parts: list[str]) -> None:
    text = ",".join(parts)
    written = {p.strip() for p in text.strip().split(",")} - {""}
    possible = {p for p in written if NAMESPACE.fullmatch(p)}
    if text.strip() and not possible:
        with pytest.raises(UsageError, match="names no namespace"):
            namespaces_of(entity(namespace=text))
        return
    names, notices = namespaces_of(entity(namespace=text))
    assert set(names) == possible
    assert len(names) == len(possible)
    assert len(notices) == len(written - possible)


TOKENS = st.sampled_from(
    ["app", "tier", "a/b", "=", "!=", "==", "in", "notin", "(", ")", ",", "!", " ", "x", "<", "3"]
)


@given(st.one_of(st.text(max_size=40), st.lists(TOKENS, max_size=12).map("".join)))
def test_any_selector_annotation_gives_a_stable_selector_or_a_usage_error(text: str) -> None:
    try:
        selector = selector_of(entity("dice", label_selector=text))
    except UsageError:
        return
    assert selector.requirements
    assert selector_of(entity("dice", label_selector=str(selector))) == selector


def test_object_types_are_upstreams_defaults_or_the_named_ones_in_upstreams_order() -> None:
    assert types_of(SETTINGS) == DEFAULT_OBJECT_TYPES
    named = types_of(KubernetesSettings(object_types=("secrets", "pods", "deployments")))
    assert [t.plural for t in named] == ["pods", "deployments", "secrets"]


def test_an_api_version_override_changes_the_version_and_not_the_group() -> None:
    types = types_of(KubernetesSettings(api_version_overrides={"cronjobs": "v1beta1"}))
    assert [(t.group, t.version) for t in types if t.plural == "cronjobs"] == [("batch", "v1beta1")]
    assert [t for t in types if t.plural != "cronjobs"] == [
        t for t in DEFAULT_OBJECT_TYPES if t.plural != "cronjobs"
    ]


def test_every_namespace_is_asked_for_every_type() -> None:
    questions = select(entity(namespace="a,b"), "eu-1", SETTINGS).selection.questions()
    assert len(questions) == 2 * len(DEFAULT_OBJECT_TYPES)
    assert {q.namespace for q in questions} == {"a", "b"}


@given(
    st.sets(st.sampled_from([t.plural for t in ALL_OBJECT_TYPES])),
    st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
    st.lists(st.sampled_from([None, True, False]), max_size=4),
)
def test_a_namespaced_selection_never_asks_for_a_cluster_scoped_type(
    plurals: set[str], namespaces: list[str], scopes: list[bool | None]
) -> None:
    custom = [ResourceType("example.com", "v1", f"things{i}", namespaced=s) for i, s in enumerate(scopes)]
    chosen = select(
        entity(namespace=",".join(namespaces)),
        "eu-1",
        KubernetesSettings(object_types=tuple(plurals)),
        custom,
    )
    asked = chosen.selection.questions()
    scoped = "persistentvolumes" in plurals, scopes.count(False)
    if namespaces:
        assert not [q for q in asked if q.type.namespaced is False]
        assert len(chosen.notices) == scoped[0] + scoped[1]
        assert {n.cluster for n in chosen.notices} <= {"eu-1"}
    else:
        assert len(asked) == len(plurals) + len(scopes)
        assert chosen.notices == ()


async def test_custom_resources_of_the_cluster_join_the_global_ones_and_win_on_version() -> None:
    settings = KubernetesSettings(
        custom_resources=(
            CustomResourceSettings(group="argoproj.io", api_version="v1alpha1", plural="rollouts"),
            CustomResourceSettings(group="example.com", api_version="v1", plural="databases"),
        )
    )
    here = cluster(
        "eu-1",
        custom_resources=(
            CustomResource("example.com", "v2", "databases"),
            CustomResource("knative.dev", "v1", "services"),
        ),
    )
    found = await ConfiguredCustomResources(settings).custom_resources(here, CALLER)
    assert [(t.key, t.version) for t in found] == [
        ("rollouts.argoproj.io", "v1alpha1"),
        ("databases.example.com", "v2"),
        ("services.knative.dev", "v1"),
    ]
    assert {t.namespaced for t in found} == {None}


def test_a_custom_resource_that_is_a_built_in_type_is_asked_once() -> None:
    chosen = select(entity(), "eu-1", SETTINGS, [ResourceType("apps", "v1", "deployments")])
    assert len(chosen.selection.types) == len(DEFAULT_OBJECT_TYPES)
