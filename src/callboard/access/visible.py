"""What a caller may know of a snapshot. Runs before anything is counted, diagnosed, searched, grouped or drawn."""

import msgspec

from callboard.model.grants import Grants
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot

__all__ = ["visible", "visible_cluster"]

_NOT_GRANTED = Failure(code=FailureCode.FORBIDDEN, message="not granted to you", status=403)


def visible(snapshot: ServiceSnapshot, grants: Grants) -> ServiceSnapshot:
    """The snapshot of a fleet in which what is not granted does not exist.

    A cluster without any grant is gone. A question whose whole scope is not granted is answered FORBIDDEN, whether or not
    there is something; in a scope granted in part, hidden objects leave no trace, in counts and unreadable objects neither.
    """
    clusters = tuple(seen for c in snapshot.clusters if (seen := visible_cluster(c, grants)) is not None)
    notices = tuple(n for n in snapshot.notices if not n.cluster or grants.any_of(n.cluster))
    return msgspec.structs.replace(snapshot, clusters=clusters, notices=notices)


def visible_cluster(cluster: ClusterSnapshot, grants: Grants) -> ClusterSnapshot | None:
    """One cluster's part of that, None where nothing of it is granted. The very same object where all of it is."""
    name = cluster.cluster.name
    if not grants.any_of(name):
        return None
    asked = (*cluster.outcomes, *cluster.references)
    if all(_whole(o.question, name, grants) for o in asked):
        return cluster
    return msgspec.structs.replace(
        cluster,
        outcomes=tuple(_outcome(o, name, grants) for o in cluster.outcomes),
        references=tuple(_outcome(o, name, grants) for o in cluster.references),
    )


def _outcome(outcome: Outcome, cluster: str, grants: Grants) -> Outcome:
    question = outcome.question
    if _whole(question, cluster, grants):
        return outcome
    if not _any(question, cluster, grants):
        if outcome.answer in (Answer.AWAITED, Answer.NOT_ASKED):
            return outcome
        return Outcome(question=question, answer=Answer.FORBIDDEN, failure=_NOT_GRANTED, as_of=outcome.as_of)
    objects = tuple(o for o in outcome.objects if grants.allow(cluster, o.namespace, question.type))
    answer = Answer.EMPTY if outcome.answer is Answer.OBJECTS and not objects else outcome.answer
    return msgspec.structs.replace(
        outcome, objects=objects, answer=answer, malformed=(), truncated=False, remaining=None
    )


def _whole(question: Question, cluster: str, grants: Grants) -> bool:
    """Whether everything the question can bring is granted."""
    if grants.whole(cluster, question.type):
        return True
    return bool(question.namespace) and grants.allow(cluster, question.namespace, question.type)


def _any(question: Question, cluster: str, grants: Grants) -> bool:
    """Whether anything the question can bring may be granted."""
    if question.namespace:
        return grants.allow(cluster, question.namespace, question.type)
    return any(g.cluster in ("*", cluster) and g.type in ("*", question.type.key) for g in grants.grants)
