"""Whether what a part gave of one cluster is what it should be; the objects in it, which a fetcher read, are not looked at."""

from callboard.base.fence import WrongAnswer
from callboard.base.shape import misfit_in, shown_type
from callboard.model.cluster import ClusterInfo
from callboard.model.outcome import Answer, Failure, Outcome, Question
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice

__all__ = ["cluster_misfit", "held_snapshot"]


def held_snapshot(value: object) -> ClusterSnapshot | None:
    """The value, where it is one or nothing. Raises WrongAnswer."""
    if value is None:
        return None
    if found := cluster_misfit(value):
        raise WrongAnswer(found)
    assert isinstance(value, ClusterSnapshot)  # noqa: S101 - that is what was looked at
    return value


def cluster_misfit(part: object) -> str:
    """What is wrong with it, in a clause; "" where nothing is."""
    if not isinstance(part, ClusterSnapshot):
        return f"expected ClusterSnapshot, got {shown_type(part)}"
    found = misfit_in(
        part,
        cluster=ClusterInfo,
        state=ClusterState,
        outcomes=tuple,
        references=tuple,
        failure=Failure | None,
        notices=tuple[Notice, ...],
    )
    return found or next(filter(None, map(_outcome, (*part.outcomes, *part.references))), "")


def _outcome(value: object) -> str:
    if not isinstance(value, Outcome):
        return f"expected Outcome, got {shown_type(value)}"
    return misfit_in(value, question=Question, answer=Answer, objects=tuple)
