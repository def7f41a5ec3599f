"""How current each type of a cluster is, types that are alike told together. Pure."""

from collections.abc import Iterable

from callboard.model.outcome import FailureCode, Freshness, Outcome
from callboard.model.resource import POD_METRICS, words_of
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.views import FreshnessRow

__all__ = ["freshness_of"]

_ORDER = (Freshness.LIVE, Freshness.POLLED, Freshness.ASKED)


def freshness_of(cluster: ClusterSnapshot) -> tuple[FreshnessRow, ...]:
    """Stale types first, then live, polled, and asked once. Empty where nothing is kept current: all was asked once, and
    the cluster's own as-of says when."""
    every = (*cluster.outcomes, *cluster.references)
    # What pods use is a measurement: it has a time of its own, and cannot be kept current.
    known = [o for o in every if o.answer.known and o.question.type.key != POD_METRICS.key]
    if all(o.freshness is Freshness.ASKED and o.stale_since is None for o in known):
        return ()
    groups: dict[tuple[Freshness, bool, str, bool], list[Outcome]] = {}
    for outcome in known:
        stale = outcome.stale_since is not None
        failure = outcome.failure if stale else None
        restarted = failure is not None and failure.code is FailureCode.RESTARTED
        key = (outcome.freshness, stale, failure.message if failure else "", restarted)
        groups.setdefault(key, []).append(outcome)
    rows = [_row(*key, found) for key, found in groups.items()]
    return tuple(sorted(rows, key=lambda r: (r.stale_since is None, _ORDER.index(r.freshness), r.types)))


def _row(
    freshness: Freshness, stale: bool, words: str, restarted: bool, outcomes: Iterable[Outcome]
) -> FreshnessRow:
    found = list(outcomes)
    return FreshnessRow(
        freshness=freshness,
        types=tuple(dict.fromkeys(words_of(o.question.type) for o in found)),
        as_of=min((o.as_of for o in found if o.as_of), default=None),
        stale_since=min((o.stale_since for o in found if o.stale_since), default=None) if stale else None,
        words=words,
        restarted=restarted,
    )
