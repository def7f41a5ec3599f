"""What a verdict needs of one service on one cluster, read from the streams there are. Asks nothing, waits for nothing."""

from datetime import datetime

import msgspec

from callboard.fleet.asking.asking import ROUNDS
from callboard.fleet.hub.composition import moment_of, state_of
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.port import Source
from callboard.fleet.hub.scope import candidates
from callboard.fleet.selection.references import children
from callboard.model.belonging import belonging
from callboard.model.outcome import Answer, Outcome, Question
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot

__all__ = ["read_held"]


def read_held(
    hub: Hub, source: Source, selection: Selection, now: datetime, clock_offset: float | None
) -> ClusterSnapshot | None:
    """The selected objects and their children; None where some of it is in no stream that is shared.

    Objects of the cluster that cannot be read count only in the namespaces the service is in: the streams hold everybody's.
    """
    outcomes: list[Outcome] = []
    for question in selection.questions():
        outcome = _outcome(hub, source, question)
        if outcome is None:
            return None
        outcomes.append(outcome)
    references: list[Outcome] = []
    if any(o.answer is Answer.OBJECTS for o in outcomes):
        for _ in range(ROUNDS):
            more = children(selection, outcomes, references)
            if not more:
                break
            for question in more:
                outcome = _outcome(hub, source, question)
                if outcome is None:
                    return None
                references.append(outcome)
    places = {*selection.namespaces, *(o.namespace for each in outcomes for o in each.objects)}
    outcomes = [_only_in(places, o) for o in outcomes]
    state, failure = state_of(outcomes)
    return ClusterSnapshot(
        cluster=source.cluster.info,
        state=state,
        outcomes=tuple(outcomes),
        references=belonging(outcomes, references),
        references_complete=True,
        failure=failure,
        asked_as=source.identity,
        as_of=moment_of(outcomes, now),
        clock_offset=clock_offset,
    )


def _outcome(hub: Hub, source: Source, question: Question) -> Outcome | None:
    """As the hub would place the question, among the shared streams there are."""
    refused: Holdings | None = None
    for option in candidates(question, source.settings.scope):
        if option.label_selector or option.name:
            continue
        held = hub.held(source, option)
        if held is None:
            continue
        if not held.refused:
            objects = held.outlined(question)  # before the status: a checkpoint may turn out to be broken
            status = held.status(question)
            return None if status.truncated else status.outcome(question, objects)
        refused = held
    return refused.status(question).outcome(question, ()) if refused is not None else None


def _only_in(namespaces: set[str], outcome: Outcome) -> Outcome:
    if not outcome.malformed:
        return outcome
    kept = tuple(m for m in outcome.malformed if m.where.partition("/")[0] in namespaces)
    return msgspec.structs.replace(outcome, malformed=kept)
