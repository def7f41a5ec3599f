"""What to ask second: what the selected objects make or point to. Pure; called again until it asks for nothing more.

Children without the label (a Deployment's ReplicaSets and pods, a CronJob's Jobs), Warning events and quotas of their
namespaces, the claims their pods mount, and the nodes on which pods run that are not ready: one question a node is what a
healthy service would pay most for, and learn nothing from (`model/belonging.nodes_of` says why). Quotas are asked for whatever
the health: a namespace that is nearly full is what an owner wants to know before pods are missing. Each is asked for narrowly,
each may be refused, and what was refused once is not asked again in the same look.
"""

from collections.abc import Sequence

import msgspec

from callboard.model.belonging import claims_of, members, nodes_of, short_of
from callboard.model.objects import KubeObject
from callboard.model.objects.config import ConfigMap
from callboard.model.objects.network import Service
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import ReplicaSet
from callboard.model.outcome import Answer, Outcome, Purpose, Question
from callboard.model.resource import EVENTS, NODES, POD_METRICS, ResourceType, known_type
from callboard.model.selection import Selection
from callboard.model.snapshot import CHILD_TYPES
from callboard.model.workloads import cron_template_of, pod_labels, workload_of

__all__ = ["MOST_QUESTIONS", "NextQuestions", "children", "leads_on", "questions", "withheld"]

MOST_QUESTIONS = 60
"""References asked of one cluster for one look: about four times the selection's own, and well below what a page may cost."""
MOST_NAMESPACES = 20
"""Namespaces whose events and quotas are asked for."""
MOST_NODES = 20
"""Nodes asked for by name."""
MOST_CLAIMS_BY_NAME = 10
"""Claims of one namespace asked for by name; more of them are one list."""

WARNINGS = "type!=Normal"

_MAKE_NOTHING = (Pod, ConfigMap, Service)


class NextQuestions(msgspec.Struct, frozen=True):
    """What to ask next, and how many further references the bounds left out."""

    questions: tuple[Question, ...]
    left_out: int = 0


def questions(
    selection: Selection, outcomes: Sequence[Outcome], references: Sequence[Outcome] = ()
) -> NextQuestions:
    """The questions that follow from what is known by now and have not been asked.

    `outcomes` are the selection's, `references` all answers to earlier rounds, as they came. At most MOST_QUESTIONS over all
    rounds. Ends: every round asks only what no round asked, out of a finite set.
    """
    objects = members(outcomes, references)
    if not objects:
        return NextQuestions(())
    wanted: list[Question] = []
    left_out = 0
    wanted += _children(selection, objects)
    namespaces = list(dict.fromkeys(o.namespace for o in objects if o.namespace))
    left_out += 2 * max(0, len(namespaces) - MOST_NAMESPACES)
    for namespace in namespaces[:MOST_NAMESPACES]:
        wanted.append(_ask(EVENTS, namespace, field_selector=WARNINGS))
        wanted.append(_ask(_type(selection, "resourcequotas"), namespace))
    wanted += _claims(selection, objects)
    if not selection.namespaces:
        nodes, more = _nodes(objects, references)
        wanted += nodes
        left_out += more
    if selection.usage:
        wanted += _usage((*outcomes, *references))
    fresh, more = _fresh(wanted, references)
    return NextQuestions(fresh, left_out + more)


def children(
    selection: Selection, outcomes: Sequence[Outcome], references: Sequence[Outcome] = ()
) -> tuple[Question, ...]:
    """Those of `questions` that ask for children, which stand before all others: what a verdict needs."""
    return _fresh(_children(selection, members(outcomes, references)), references)[0]


def leads_on(question: Question) -> bool:
    """Whether the answer to a reference can make `questions` ask for more: children have pods, nodes and claims of their own,
    and behind the first node stand the others. What is about the service, as events and quotas are, leads to nothing."""
    return question.type.key in CHILD_TYPES or question.type.key == NODES.key


def withheld(selection: Selection) -> tuple[Outcome, ...]:
    """References that are not asked for on purpose: nodes belong to no namespace, so an entity that names namespaces
    (and a credential that may read only those) does without."""
    if not selection.namespaces:
        return ()
    return (Outcome(question=_ask(NODES, ""), answer=Answer.NOT_ASKED),)


def _fresh(wanted: Sequence[Question], references: Sequence[Outcome]) -> tuple[tuple[Question, ...], int]:
    """Those that were not asked yet and may be, and how many more the bound left out."""
    if not wanted:
        return (), 0
    asked = {r.question for r in references}
    refused = {
        (r.question.type.key, r.question.namespace)
        for r in references
        if r.answer in (Answer.FORBIDDEN, Answer.UNAUTHORIZED)
        or (r.answer is Answer.ABSENT and not r.question.name)  # with a name, that one object is absent
    }
    fresh = [q for q in dict.fromkeys(wanted) if q not in asked and (q.type.key, q.namespace) not in refused]
    room = max(0, MOST_QUESTIONS - len(asked))
    return tuple(fresh[:room]), max(0, len(fresh) - room)


def _children(selection: Selection, objects: Sequence[KubeObject]) -> list[Question]:
    # Pods and configuration are most of what there is, and make nothing.
    makers = [o for o in objects if not isinstance(o.body, _MAKE_NOTHING)]
    wanted: list[Question] = []
    if not makers:
        return wanted
    types = {t.key for t in selection.types}
    for obj in makers:
        cron = cron_template_of(obj)
        if cron is not None and "jobs.batch" in types and not selection.selector.matches(cron.labels):
            wanted.append(_ask(_type(selection, "jobs"), obj.namespace, label_selector=str(cron.selector)))
    if "pods" not in types:
        return wanted
    uids = {o.meta.uid for o in makers if o.meta.uid}
    for obj in makers:
        owner = obj.meta.controller
        if isinstance(obj.body, ReplicaSet) and owner is not None and owner.uid in uids:
            continue  # covered by its Deployment's own question
        labels = pod_labels(obj)
        if labels is None or selection.selector.matches(labels):
            continue
        workload = workload_of(obj)
        if workload is None:
            continue
        text = str(workload.selector)
        if workload.through_replica_sets:
            wanted.append(_ask(_type(selection, "replicasets"), obj.namespace, label_selector=text))
        wanted.append(_ask(_type(selection, "pods"), obj.namespace, label_selector=text))
    return wanted


def _claims(selection: Selection, objects: Sequence[KubeObject]) -> list[Question]:
    resource = _type(selection, "persistentvolumeclaims")
    here = {(o.namespace, o.name) for o in objects if o.type.key == resource.key}
    by_namespace: dict[str, list[str]] = {}
    for namespace, name in sorted(claims_of(objects) - here):
        by_namespace.setdefault(namespace, []).append(name)
    wanted: list[Question] = []
    for namespace, names in by_namespace.items():
        if len(names) > MOST_CLAIMS_BY_NAME:
            wanted.append(_ask(resource, namespace))
        else:
            wanted += [_ask(resource, namespace, name=name) for name in names]
    return wanted


def _nodes(objects: Sequence[KubeObject], references: Sequence[Outcome]) -> tuple[list[Question], int]:
    """One node first: many credentials may not read nodes, and then it is one refusal instead of twenty."""
    if short_of(objects):
        return [_ask(NODES, "")], 0  # all of them, among which are those that pods run on
    names = nodes_of(objects)
    tried = any(r.question.type.key == NODES.key for r in references)  # refused: the caller drops the rest
    most = MOST_NODES if tried else 1
    more = max(0, len(names) - MOST_NODES) if tried else 0
    return [_ask(NODES, "", name=n) for n in names[:most]], more


def _usage(outcomes: Sequence[Outcome]) -> list[Question]:
    """What pods use, asked as the pods themselves were: metrics-server hands their labels on."""
    return [
        _ask(POD_METRICS, o.question.namespace, label_selector=o.question.label_selector)
        for o in outcomes
        if o.question.type.key == "pods" and o.objects and not o.question.name
    ]


def _type(selection: Selection, plural: str) -> ResourceType:
    """The type in the version the selection asks for, where it does."""
    known = known_type(plural)
    if known is None:
        raise LookupError(plural)
    return next((t for t in selection.types if t.key == known.key), known)


def _ask(
    resource: ResourceType,
    namespace: str,
    *,
    label_selector: str = "",
    field_selector: str = "",
    name: str = "",
) -> Question:
    return Question(
        type=resource,
        namespace=namespace,
        label_selector=label_selector,
        field_selector=field_selector,
        name=name,
        purpose=Purpose.REFERENCE,
    )
