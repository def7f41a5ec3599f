"""What is being decided stands as awaited, what could not be decided is told as such, and both hide as a refusal does."""

import msgspec
import pytest

from callboard.access.reviews import Decision
from callboard.access.scopes import scopes_of, seen_by
from callboard.access.subject import Subject, subject_of
from callboard.access.visible import visible_cluster
from callboard.base.settings import AccessSettings, UserSettings
from callboard.kube.reads.access_review import Attributes
from callboard.model.caller import Caller, CallerKind
from callboard.model.grants import Grants
from callboard.model.outcome import Answer, FailureCode, Outcome, Question
from callboard.model.snapshot import ClusterSnapshot, ClusterState
from support.kube_objects import TYPES, cluster, deployment, pod

PART = cluster("a", deployment(), pod())
Known = dict[tuple[str, str], Decision]


def seen(
    known: Known, part: ClusterSnapshot = PART, *, settled: bool = False
) -> tuple[ClusterSnapshot, bool]:
    """What is seen of a cluster by these decisions on (resource, namespace), all others being denied; and whether more comes."""

    def decision(wanted: Attributes) -> Decision:
        return known.get((wanted.resource, wanted.namespace), Decision.DENIED)

    found = seen_by("a", scopes_of(part), decision, settled=settled)
    shown = visible_cluster(part, Grants(found.grants, found.withheld))
    assert shown is not None
    return shown, found.open


def answers(part: ClusterSnapshot) -> dict[str, tuple[Answer, int]]:
    return {o.question.type.plural: (o.answer, len(o.objects)) for o in part.outcomes}


def test_what_is_open_is_awaited_and_the_cluster_has_not_answered() -> None:
    part, more = seen({("pods", ""): Decision.OPEN, ("deployments", ""): Decision.ALLOWED})
    assert more
    assert answers(part) == {"deployments": (Answer.OBJECTS, 1), "pods": (Answer.AWAITED, 0)}
    assert (part.state, part.references_complete) == (ClusterState.PARTIAL, False)
    nothing, _ = seen({("pods", ""): Decision.OPEN, ("deployments", ""): Decision.OPEN})
    assert nothing.state is ClusterState.AWAITED


def test_what_is_open_in_a_namespace_is_awaited_at_first_and_hidden_without_a_word_later() -> None:
    known = {("pods", "shop"): Decision.OPEN}
    first, more = seen(known)
    assert (answers(first)["pods"], more) == ((Answer.AWAITED, 0), True)
    later, more = seen(known, settled=True)
    assert (answers(later)["pods"], more) == ((Answer.FORBIDDEN, 0), True)
    assert later == seen({})[0]


def test_a_type_that_only_a_hidden_object_brought_makes_nobody_wait_who_has_seen_the_cluster() -> None:
    asked_second = Outcome(question=Question(type=TYPES["ReplicaSet"], namespace="shop"), answer=Answer.EMPTY)
    part = msgspec.structs.replace(PART, references=(asked_second,))
    later, more = seen({("replicasets", ""): Decision.OPEN}, part, settled=True)
    assert more
    assert later == seen({}, PART)[0]


def test_what_could_not_be_decided_is_hidden_and_says_so() -> None:
    part, more = seen({("pods", ""): Decision.UNDECIDED})
    assert not more
    told = {o.question.type.plural: o.failure.code for o in part.outcomes if o.failure}
    assert told == {"pods": FailureCode.UNDECIDED, "deployments": FailureCode.NOT_GRANTED}
    assert answers(part)["pods"] == (Answer.FORBIDDEN, 0)


def test_one_namespace_is_enough_to_tell_none_from_hidden() -> None:
    config_maps = Outcome(question=Question(type=TYPES["ConfigMap"]), answer=Answer.EMPTY)
    part = msgspec.structs.replace(PART, outcomes=(*PART.outcomes, config_maps))
    shop = {(r, "shop"): Decision.ALLOWED for r in ("pods", "configmaps")}
    assert answers(seen(shop, part)[0])["configmaps"] == (Answer.EMPTY, 0)
    assert answers(seen({("configmaps", "shop"): Decision.ALLOWED}, part)[0])["configmaps"] == (
        Answer.FORBIDDEN,
        0,
    )


def who(kind: CallerKind, subject: str, *groups: str) -> Caller:
    return Caller(kind=kind, subject=subject, groups=groups)


NAMED = AccessSettings(users={"user:default/local": UserSettings(user="anna", groups=("dev",))})


@pytest.mark.parametrize(
    ("caller", "subject"),
    [
        (who(CallerKind.PERSON, "anna", "b", "a"), Subject("anna", ("a", "b", "system:authenticated"))),
        (
            who(CallerKind.PERSON, "anna", "system:masters"),
            Subject("anna", ("system:authenticated",)),
        ),
        (who(CallerKind.PERSON, "system:admin"), None),
        (who(CallerKind.SERVICE, "robot"), None),
        (Caller.callboard(), None),
        (Caller.anonymous(), None),
        (Caller.loopback(), Subject("anna", ("dev", "system:authenticated"))),
    ],
)
def test_whom_a_cluster_is_asked_about(caller: Caller, subject: Subject | None) -> None:
    assert subject_of(caller, NAMED) == subject


def test_the_person_at_this_machine_is_nobody_unless_named() -> None:
    assert subject_of(Caller.loopback(), AccessSettings()) is None
