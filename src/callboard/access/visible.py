"""What a caller may know of a snapshot. Runs before anything is counted, diagnosed, searched, grouped or drawn."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from callboard.model.belonging import belonging, claims_of, members, nodes_of
from callboard.model.grants import Grants, Why
from callboard.model.notice import COUNTS_HIDDEN, NoticeCode
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question, none_read
from callboard.model.resource import NODES, POD_METRICS
from callboard.model.snapshot import CHILD_TYPES, ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.workloads import cron_template_of, workloads

__all__ = ["NO_USER_STEP", "visible", "visible_cluster", "visible_notices"]

_WITHHELD = {
    Why.DENIED: Failure(code=FailureCode.NOT_GRANTED, message="not granted to you", status=403),
    Why.UNDECIDED: Failure(
        code=FailureCode.UNDECIDED, message="it could not be decided whether you may see this", status=403
    ),
    Why.NO_USER: Failure(
        code=FailureCode.NO_USER,
        message="what runs there is shown only to users of the cluster, and you are not set up as one",
        status=403,
    ),
}
NO_USER_STEP = (
    "whoever runs this Callboard sets it up: the setting callboard.access.users says who you are to the clusters "
    "(the person at Callboard's own machine is user:default/local)"
)
"""What somebody needs who is nobody's user, as a clause."""
NO_CLUSTER_OF_YOURS = Notice(
    NoticeCode.NO_CLUSTERS,
    "there is no cluster that you may see; whoever runs this Callboard can say why, and let you see more",
)
_CLAIMS = "persistentvolumeclaims"


def visible(snapshot: ServiceSnapshot, grants: Grants) -> ServiceSnapshot:
    """The snapshot of a fleet in which what is not granted does not exist.

    A cluster of which nothing is granted, nor withheld, is gone. A question whose whole scope is not granted is answered
    FORBIDDEN, or AWAITED while that is being decided, whether or not there is something; in a scope granted in part, hidden
    objects leave no trace, in counts and unreadable objects neither, nor in what was asked because of them.
    """
    clusters = tuple(seen for c in snapshot.clusters if (seen := visible_cluster(c, grants)) is not None)
    return msgspec.structs.replace(snapshot, clusters=clusters, notices=visible_notices(snapshot, grants))


def visible_notices(snapshot: ServiceSnapshot, grants: Grants) -> tuple[Notice, ...]:
    """What is to be told beside the clusters of it."""
    notices = tuple(n for n in snapshot.notices if not n.cluster or grants.any_of(n.cluster))
    notices += tuple(n for n in _next_step(grants) if n not in notices)
    if grants == Grants.everything() or any(grants.any_of(c.cluster.name) for c in snapshot.clusters):
        return notices
    if snapshot.clusters or _none_configured(notices):
        # Whether there is none at all, or none for this caller, is not theirs to know.
        return (*(n for n in notices if n.code != NoticeCode.NO_CLUSTERS), NO_CLUSTER_OF_YOURS)
    return notices


def _none_configured(notices: Iterable[Notice]) -> bool:
    return any(n.code == NoticeCode.NO_CLUSTERS for n in notices)


def _next_step(grants: Grants) -> tuple[Notice, ...]:
    """What to do about clusters that do not know the caller: once, however many they are."""
    names = sorted({w.cluster for w in grants.withheld if w.why is Why.NO_USER})
    if not names:
        return ()
    first, last = (
        (names[:-1], names[-1]) if len(names) < 4 else (names[:2], f"{len(names) - 2} more clusters")
    )
    told = f"{', '.join(first)} and {last}" if first else last
    return (Notice(NoticeCode.NO_USER, f"To see what runs in {told} you need a user there; {NO_USER_STEP}."),)


def visible_cluster(cluster: ClusterSnapshot, grants: Grants) -> ClusterSnapshot | None:
    """One cluster's part of that, None where nothing of it may be known. The very same object where all of it is granted."""
    name = cluster.cluster.name
    if not grants.any_of(name):
        return None
    asked = (*cluster.outcomes, *cluster.references)
    if all(_whole(o.question, name, grants) for o in asked):
        return cluster
    outcomes = tuple(_outcome(o, name, grants) for o in cluster.outcomes)
    references = _references(outcomes, tuple(_outcome(o, name, grants) for o in cluster.references))
    return msgspec.structs.replace(
        cluster,
        state=_state(cluster, outcomes),
        outcomes=outcomes,
        references=references,
        references_complete=cluster.references_complete and not grants.awaits(name),
        notices=tuple(n for n in cluster.notices if n.code not in COUNTS_HIDDEN),
    )


def _state(cluster: ClusterSnapshot, outcomes: Sequence[Outcome]) -> ClusterState:
    """A cluster that has answered has not, for whom it is still being decided what they may see of it."""
    awaited = sum(o.answer is Answer.AWAITED for o in outcomes)
    if cluster.state is not ClusterState.ANSWERED or not awaited:
        return cluster.state
    return ClusterState.AWAITED if awaited == len(outcomes) else ClusterState.PARTIAL


def _outcome(outcome: Outcome, cluster: str, grants: Grants) -> Outcome:
    question = outcome.question
    if _whole(question, cluster, grants):
        return outcome
    if not _any(question, cluster, grants):
        if outcome.answer in (Answer.AWAITED, Answer.NOT_ASKED):
            return outcome
        why = grants.why_not(cluster, question.namespace, question.type)
        if why is Why.AWAITED:
            return Outcome(question=question, answer=Answer.AWAITED)
        return Outcome(
            question=question, answer=Answer.FORBIDDEN, failure=_WITHHELD[why], as_of=outcome.as_of
        )
    return _granted_of(outcome, lambda namespace: grants.allow(cluster, namespace, question.type))


def _granted_of(outcome: Outcome, allowed: Callable[[str], bool]) -> Outcome:
    """The outcome as it would be if only what lies in these namespaces were there: what cannot be read of the others does not
    make it another answer. Unreadable objects that do not even tell their namespace are hidden as well."""
    objects = tuple(o for o in outcome.objects if allowed(o.namespace))
    malformed = tuple(m for m in outcome.malformed if m.namespace and allowed(m.namespace))
    answer, failure = outcome.answer, outcome.failure
    unread = answer is Answer.BROKEN and bool(outcome.malformed)  # nothing but what cannot be read
    if answer.known or unread:
        answer = Answer.OBJECTS if objects else Answer.BROKEN if malformed else Answer.EMPTY
        if unread or answer is Answer.BROKEN:
            failure = none_read(len(malformed)) if answer is Answer.BROKEN else None
    return msgspec.structs.replace(
        outcome,
        objects=objects,
        answer=answer,
        failure=failure,
        malformed=malformed,
        truncated=False,
        remaining=None,
    )


def _references(outcomes: Sequence[Outcome], references: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Only what would have been asked second, and found to belong, if hidden objects did not exist."""
    found = belonging(outcomes, references)
    mine = members(outcomes, found)
    namespaces = {o.namespace for o in mine}
    makers = {(w.object.namespace, str(w.selector)) for w in workloads(mine)}
    makers |= {(o.namespace, str(cron.selector)) for o in mine if (cron := cron_template_of(o)) is not None}
    nodes, claims = nodes_of(mine), claims_of(mine)
    pods = {
        (o.question.namespace, o.question.label_selector)
        for o in (*outcomes, *found)
        if o.objects and o.question.type.key == "pods"
    }

    def asked(question: Question) -> bool:
        if question.type == NODES:
            return not question.name or question.name in nodes
        if question.type.key == _CLAIMS:
            return (question.namespace, question.name) in claims if question.name else _in(question, claims)
        if question.type.key == POD_METRICS.key:
            return (question.namespace, question.label_selector) in pods
        if question.type.key in CHILD_TYPES:
            return (question.namespace, question.label_selector) in makers
        return question.namespace in namespaces

    kept = [o for o in found if asked(o.question) or (o.objects and o.question.type.key in CHILD_TYPES)]
    # They were asked in an order that hidden objects had a part in; they are told in one of their own.
    return tuple(sorted(kept, key=_place))


def _place(outcome: Outcome) -> tuple[str, str, str, str, str]:
    question = outcome.question
    key, selectors = question.type.key, (question.label_selector, question.field_selector)
    return (key, question.namespace, *selectors, question.name)


def _in(question: Question, claims: Iterable[tuple[str, str]]) -> bool:
    return any(namespace == question.namespace for namespace, _ in claims)


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
