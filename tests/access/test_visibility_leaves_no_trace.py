"""A caller sees the fleet in which what is hidden from them does not exist."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.access.visible import NO_USER_STEP, visible
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta
from callboard.model.grants import Grant, Grants, Why, Withheld
from callboard.model.notice import NoticeCode
from callboard.model.outcome import Answer, Malformed, Outcome, Question, none_read
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.portal.arranging.arrangement import arrange
from support.kube_objects import TYPES, kube_object

KINDS = ("Pod", "ConfigMap", "Service")
NAMESPACES = ("shop", "pay")
CLUSTERS = ("a", "b")

grants = st.frozensets(
    st.builds(
        Grant,
        cluster=st.sampled_from((*CLUSTERS, "*")),
        namespace=st.sampled_from((*NAMESPACES, "*")),
        type=st.sampled_from((*(TYPES[k].key for k in KINDS), "*")),
    ),
    max_size=4,
).map(Grants)

things = st.lists(
    st.tuples(
        st.sampled_from(CLUSTERS), st.sampled_from(KINDS), st.sampled_from(NAMESPACES), st.integers(0, 3)
    ),
    max_size=12,
    unique=True,
)


def snapshot(
    present: list[tuple[str, str, str, int]], unread: list[tuple[str, str, str, int]] | None = None
) -> ServiceSnapshot:
    """Every kind asked for in all namespaces of every cluster; these objects are there, and these that cannot be read."""
    clusters = []
    for name in CLUSTERS:
        outcomes = []
        for kind in KINDS:
            objects = tuple(
                kube_object(
                    kind, {"metadata": {"name": f"o{n}", "namespace": ns, "uid": f"{name}{kind}{ns}{n}"}}
                )
                for cluster, k, ns, n in present
                if (cluster, k) == (name, kind)
            )
            malformed = tuple(
                Malformed(f"{ns}/m{n}", "its metadata cannot be read")
                for cluster, k, ns, n in unread or ()
                if (cluster, k) == (name, kind)
            )
            nothing = Answer.BROKEN if malformed else Answer.EMPTY
            outcomes.append(
                Outcome(
                    question=Question(type=TYPES[kind]),
                    answer=Answer.OBJECTS if objects else nothing,
                    objects=objects,
                    malformed=malformed,
                    failure=none_read(len(malformed)) if malformed and not objects else None,
                )
            )
        clusters.append(
            ClusterSnapshot(
                cluster=ClusterInfo(name=name),
                state=ClusterState.ANSWERED,
                outcomes=tuple(outcomes),
                references_complete=True,
            )
        )
    entity = Entity(api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name="web"))
    return ServiceSnapshot(entity=entity, clusters=tuple(clusters))


@given(grants, things, things)
def test_hidden_objects_might_as_well_not_exist(
    granted: Grants, present: list[tuple[str, str, str, int]], unread: list[tuple[str, str, str, int]]
) -> None:
    def allowed(things: list[tuple[str, str, str, int]]) -> list[tuple[str, str, str, int]]:
        return [t for t in things if granted.allow(t[0], t[2], TYPES[t[1]])]

    seen = visible(snapshot(present, unread), granted)
    control = visible(snapshot(allowed(present), allowed(unread)), granted)
    assert seen == control
    assert msgspec.json.encode(arrange(seen)) == msgspec.json.encode(arrange(control))
    for cluster in seen.clusters:
        for obj in cluster.objects():
            assert granted.allow(cluster.cluster.name, obj.namespace, obj.type)


@given(things)
def test_everything_granted_changes_nothing(present: list[tuple[str, str, str, int]]) -> None:
    assert visible(snapshot(present), Grants.everything()) == snapshot(present)


def test_without_grants_not_even_a_clusters_name_is_seen() -> None:
    full = msgspec.structs.replace(
        snapshot([("a", "Pod", "shop", 1)]), notices=(Notice("n", "a is slow", cluster="a"),)
    )
    seen = visible(full, Grants())
    none = msgspec.structs.replace(full, clusters=(), notices=(Notice(NoticeCode.NO_CLUSTERS, "none"),))
    assert (seen.clusters, [n.code for n in seen.notices]) == ((), [NoticeCode.NO_CLUSTERS])
    assert seen == visible(none, Grants()), "a fleet without clusters is told in the same words"
    assert visible(none, Grants.everything()).notices == none.notices


def test_an_unreadable_object_does_not_betray_itself_in_a_scope_granted_in_part() -> None:
    full = snapshot([])
    broken = msgspec.structs.replace(
        full.clusters[0].outcomes[0], malformed=(Malformed("secret-pod", "no name"),), remaining=7
    )
    part = msgspec.structs.replace(full.clusters[0], outcomes=(broken,))
    full = msgspec.structs.replace(full, clusters=(part,))
    seen = visible(full, Grants(frozenset({Grant(namespace="shop")})))
    assert (seen.clusters[0].outcomes[0].malformed, seen.clusters[0].outcomes[0].remaining) == ((), None)


def test_an_unreadable_object_that_may_be_seen_is_told_of() -> None:
    full = snapshot([], [("a", "Pod", "shop", 1), ("a", "Pod", "pay", 1), ("a", "Pod", "pay", 2)])
    (pods, *_) = visible(full, Grants(frozenset({Grant("a", "shop")}))).clusters[0].outcomes
    assert (pods.answer, [m.where for m in pods.malformed]) == (Answer.BROKEN, ["shop/m1"])
    assert pods.failure == none_read(1)


def test_a_notice_that_counts_what_may_be_hidden_is_told_to_those_only_who_see_all() -> None:
    full = snapshot([("a", "Pod", "shop", 1)])
    counting = Notice(NoticeCode.REFERENCES_BOUNDED, "7 further nodes were not looked at", cluster="a")
    late = Notice(NoticeCode.LATE, "no whole answer within 3 seconds", cluster="a")
    part = msgspec.structs.replace(full.clusters[0], notices=(counting, late))
    full = msgspec.structs.replace(full, clusters=(part,))
    assert visible(full, Grants.everything()).clusters[0].notices == (counting, late)
    assert visible(full, Grants(frozenset({Grant("a", "shop")}))).clusters[0].notices == (late,)


@pytest.mark.parametrize(
    ("clusters", "told"),
    [
        (("a",), "a"),
        (("b", "a"), "a and b"),
        (("c", "a", "b"), "a, b and c"),
        (("d", "c", "a", "b"), "a, b and 2 more clusters"),
    ],
)
def test_who_is_nobodys_user_is_told_once_what_to_do(clusters: tuple[str, ...], told: str) -> None:
    mine = Notice(NoticeCode.SERVICE_LOCATOR_FAILED, "of the whole service")
    hidden = Notice(NoticeCode.LATE, "of a cluster that is hidden", cluster="z")
    seen = Notice(NoticeCode.LATE, "of one that is not", cluster="a")
    withheld = frozenset(Withheld(name, why=Why.NO_USER) for name in clusters)
    withheld |= {Withheld("denied", why=Why.DENIED)}
    whole = msgspec.structs.replace(snapshot([]), notices=(mine, hidden, seen))
    step = Notice(NoticeCode.NO_USER, f"To see what runs in {told} you need a user there; {NO_USER_STEP}.")
    found = visible(whole, Grants(frozenset(), withheld)).notices
    assert found == (mine, seen, step)
    again = msgspec.structs.replace(whole, notices=(mine, step))
    assert visible(again, Grants(frozenset(), withheld)).notices == (mine, step)


def test_why_something_is_not_seen_is_told_with_when_it_was_asked() -> None:
    whole = snapshot([("a", "Pod", "shop", 1)])
    for why, code in ((Why.DENIED, "not-granted"), (Why.UNDECIDED, "undecided"), (Why.NO_USER, "no-user")):
        withheld = frozenset({Withheld("a", type=TYPES["Pod"].key, why=why)})
        grants = Grants(frozenset({Grant("a", "shop", TYPES["Service"].key)}), withheld)
        (pods, *_) = visible(whole, grants).clusters[0].outcomes
        assert (pods.answer, pods.objects, pods.as_of) == (
            Answer.FORBIDDEN,
            (),
            whole.clusters[0].outcomes[0].as_of,
        )
        assert pods.failure is not None
        assert (pods.failure.code, pods.failure.status) == (code, 403)


def test_grants_are_whole_for_one_type_of_one_cluster_at_most() -> None:
    found = Grants(
        frozenset({Grant("a", "*", "pods"), Grant("b", "shop", "*")}),
        frozenset({Withheld("a", "pay", "services", Why.AWAITED), Withheld("b", why=Why.DENIED)}),
    )
    pods, services = TYPES["Pod"], TYPES["Service"]
    assert found.whole("a", pods)
    assert not any((found.whole("a", services), found.whole("b", pods), found.whole("c", pods)))
    assert (found.awaits("a"), found.awaits("b"), found.awaits("c")) == (True, False, False)
    assert found.why_not("a", "pay", services) is Why.AWAITED
    assert found.why_not("a", "", services) is Why.AWAITED or found.why_not("a", "", services) is Why.DENIED
