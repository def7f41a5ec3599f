"""Why something is not shown, in words for whoever asked. Pure."""

from callboard.access.visible import NO_USER_STEP
from callboard.base.errors import CallboardError, NotAllowed, NotFound, Unavailable
from callboard.model.entity import Entity
from callboard.model.grants import Why
from callboard.model.outcome import Answer, FailureCode, Outcome
from callboard.model.resource import words_of
from callboard.model.snapshot import ClusterSnapshot, ClusterState
from callboard.portal.permissions import no_such_cluster
from callboard.portal.views import ObjectKey

__all__ = ["not_found", "why_not"]

_WHY = {
    Why.DENIED: "You may not see {what}.",
    Why.AWAITED: "It is not decided yet whether you may see {what}.",
    Why.UNDECIDED: "It could not be decided whether you may see {what}; try again in a moment.",
    Why.NO_USER: "This cluster shows {what} only to its own users, and you are not set up as one; "
    + NO_USER_STEP
    + ".",
}


def why_not(why: Why, what: str) -> str:
    """Why a caller may not see that, in a sentence."""
    return _WHY[why].format(what=what)


def not_found(entity: Entity, key: ObjectKey, part: ClusterSnapshot | None) -> CallboardError:
    """Why an object is not to be had: it is not there, or it cannot be told whether it is. `part` is what may be seen."""
    name = f"{key.namespace}/{key.name}" if key.namespace else key.name
    if part is None:
        return no_such_cluster(entity.ref, key.cluster)
    asked = [o for o in part.outcomes if o.question.type.key == key.type]
    refused = next((o for o in asked if o.answer is Answer.FORBIDDEN), None)
    if refused is not None and refused.question.namespace in ("", key.namespace):
        return _refused(key, refused)
    if part.state is not ClusterState.ANSWERED or any(o.answer.failed for o in asked):
        words = next((o.failure.message for o in asked if o.failure), "")
        words = part.failure.message if part.failure else words or "no answer in time"
        return Unavailable(
            f"It cannot be told whether {name} is there: cluster {key.cluster} could not be asked ({words}).",
            code="cluster-unavailable",
        )
    return NotFound(
        f"Cluster {key.cluster} answered, and there is no {name} among the {key.type} of {entity.ref}: "
        "it was replaced or removed, or belongs to something else.",
        code="no-such-object",
    )


def _refused(key: ObjectKey, outcome: Outcome) -> NotAllowed:
    """Why the types of an object may not be seen, and who can change that."""
    what = words_of(outcome.question.type)
    code = outcome.failure.code if outcome.failure else FailureCode.FORBIDDEN
    if code in (FailureCode.NOT_GRANTED, FailureCode.NO_USER):
        words = f"You may not see {what} in cluster {key.cluster}. Ask whoever runs that cluster for the right to list them."
    elif code is FailureCode.UNDECIDED:
        words = f"It could not be decided whether you may see {what} in cluster {key.cluster}; try again in a moment."
    else:
        words = (
            f"Callboard may not see {what} in cluster {key.cluster}. Ask whoever runs this Callboard to let it list them: "
            "`callboard rbac` writes the role, `callboard clusters check` says what is missing."
        )
    return NotAllowed(words, code="type-not-visible")
