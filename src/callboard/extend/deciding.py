"""Another engine that says who may do what, beside the policies: what it is asked, and what it answers.

It is asked about what the policies allow, and may take it away; what they forbid stays forbidden, and it is not asked. Whatever
it does not answer, in time and in form, is not allowed.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from callboard.model.caller import CallerKind
from callboard.model.permission import Action

__all__ = ["AccessAnswer", "AccessAnswers", "AccessQuestion", "DecisionEngine"]


class AccessQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """May somebody do something to something? Refs are whole and in small letters; "" and empty is what is not there, or what
    the engine ignores."""

    action: Action
    caller: CallerKind = CallerKind.PERSON
    """A person or a service."""
    subject: str = ""
    """The ref of a User, `ISSUER#ACCOUNT` of people who are none, the name of a service."""
    groups: frozenset[str] = frozenset()
    """Every group they are in, those above included, and they themselves."""
    entity: str = ""
    """The ref of the entity, of what is done to one or to its objects."""
    kind: str = ""
    """Its kind."""
    type: str = ""
    """Its `spec.type`."""
    lifecycle: str = ""
    """Its `spec.lifecycle`."""
    system: str = ""
    """The ref of its system."""
    owners: frozenset[str] = frozenset()
    """The refs of whoever owns it."""
    dependents: frozenset[str] = frozenset()
    """The refs of whoever owns what depends on it."""
    tags: frozenset[str] = frozenset()
    """Its tags."""
    labels: tuple[tuple[str, str], ...] = ()
    """Its labels, by key."""
    cluster: str = ""
    """The cluster's name, of what is done to one, or to objects in it."""
    cluster_labels: tuple[tuple[str, str], ...] = ()
    """The cluster's labels, by key; `environment` is one."""
    namespace: str = ""
    """The namespace of objects; "" for what lies in none."""
    resource: str = ""
    """The type of objects: the plural in small letters (`pods`, `rollouts.argoproj.io`)."""


class AccessAnswer(msgspec.Struct, frozen=True):
    """Whether they may, and why, in a clause for whoever asks why."""

    allowed: bool
    why: str = ""


class AccessAnswers(msgspec.Struct, frozen=True):
    """One answer for each question, in their order; None for what the engine cannot tell, which is not allowed and asked again
    in seconds. `lifetime` is how many seconds they hold: from 1 to 300; they are asked for again before that where somebody
    looks."""

    answers: tuple[AccessAnswer | None, ...]
    lifetime: float = 30.0


class DecisionEngine(Protocol):
    """Asked for many questions at once, each of them different, and for a few such batches at a time. It may have `start` and
    `close`."""

    @property
    def ignores(self) -> frozenset[str]:
        """Names of fields of `AccessQuestion` that it does not look at: what they hold makes no two questions different. An
        engine that ignores `subject` and no more than that is asked once for all people of the same groups."""
        ...

    async def decide(self, questions: Sequence[AccessQuestion]) -> AccessAnswers:
        """The answers, within five seconds."""
        ...
