"""The list has the worst first: by health, by impact on users, production before the rest; and it can be chosen by place."""

import pytest

from callboard.extend.following import FollowedCluster
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta, EntityRef
from callboard.model.finding import Impact
from callboard.model.verdict import ClusterVerdict, Health, Verdict
from callboard.portal.health.service_state import ServiceState
from callboard.portal.listing.by_health import chosen, placed, tallied
from callboard.portal.protocol import ListOrder, ServicesQuery

BROKEN, WELL = Health.UNHEALTHY, Health.HEALTHY
STATES = {
    name: FollowedCluster(cluster=ClusterInfo(name=name, labels=labels))
    for name, labels in {
        "prod": {"env": "production"},
        "live": {"example.com/Stage": "live-eu"},
        "staging": {"environment": "staging", "tier": "prod"},
        "plain": {"region": "eu-1"},
    }.items()
}


def standing(
    name: str, parts: dict[str, tuple[Health, Impact | None]], lifecycle: str = "experimental"
) -> ServiceState:
    """A service that was judged to be so on each cluster."""
    spec = {"lifecycle": lifecycle}
    made = ServiceState(
        Entity(
            api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name=name), spec=spec
        ),
        (),
    )
    made.by_cluster = {
        c: ClusterVerdict(cluster=c, health=h, sentence="", impact=impact) for c, (h, impact) in parts.items()
    }
    made.clusters = frozenset(STATES)
    made.states = STATES
    worst = min(
        made.by_cluster.values(),
        key=lambda p: (p.health is not BROKEN, list(Impact).index(p.impact or Impact.NOTICE)),
    )
    made.verdict = Verdict(
        health=worst.health, sentence="", clusters=tuple(made.by_cluster.values()), impact=worst.impact
    )
    return made


SERVICES = {
    s.entity.ref: s
    for s in (
        standing("a-well", {"prod": (WELL, None), "staging": (WELL, None)}),
        standing("b-risk", {"prod": (BROKEN, Impact.AT_RISK)}),
        standing("c-down-staging", {"prod": (WELL, None), "staging": (BROKEN, Impact.DOWN)}),
        standing("d-degraded-prod", {"live": (BROKEN, Impact.DEGRADED), "staging": (BROKEN, Impact.AT_RISK)}),
        standing("e-down-live", {"live": (BROKEN, Impact.DOWN), "plain": (WELL, None)}),
        standing("f-down-by-lifecycle", {"plain": (BROKEN, Impact.DOWN)}, lifecycle="production"),
        standing("g-degraded", {"plain": (BROKEN, Impact.DEGRADED)}),
        standing("h-no-impact", {"prod": (BROKEN, None)}),
        standing("i-rolling", {"prod": (Health.PROGRESSING, None)}),
        standing("j-unseen", {"prod": (Health.UNKNOWN, None)}),
        standing("k-nowhere", {"prod": (Health.NOTHING, None)}),
    )
}  # fmt: skip
REFS = (*SERVICES, EntityRef("component", "default", "l-a-library"))


def listed(**query: object) -> list[str]:
    return [ref.name[0] for ref in chosen(SERVICES, REFS, ServicesQuery(**query))]  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [ListOrder.USUAL, ListOrder.TROUBLE])
def test_impact_decides_then_production_then_the_order_there_was(order: ListOrder) -> None:
    assert "".join(listed(order=order)) == "efcdgbhijkal"


def test_by_name_is_the_order_of_the_catalog() -> None:
    assert "".join(listed(order=ListOrder.NAME)) == "abcdefghijkl"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"cluster": ("live",)}, "de"),
        ({"cluster": ("live", "plain")}, "defg"),
        ({"environment": ("staging",)}, "acd"),
        ({"environment": ("production",), "health": (WELL,)}, "a"),
        ({"environment": ("production", "live-eu"), "cluster": ("live",)}, "de"),
        ({"environment": ("prod",)}, ""),  # a tier, where an environment is named
        ({"cluster": ("gone",)}, ""),
        ({"cluster": ("",)}, ""),
    ],
)
def test_only_what_runs_there_is_listed(query: dict[str, object], wanted: str) -> None:
    assert "".join(listed(**query)) == wanted


def test_what_runs_nowhere_is_counted_in_no_cluster() -> None:
    places = placed(SERVICES, REFS)
    assert places.environments == {"production": 6, "staging": 3, "live-eu": 2}
    assert places.clusters == {"prod": 6, "staging": 3, "live": 2, "plain": 3}
    assert tallied(SERVICES, REFS).total == len(SERVICES)
