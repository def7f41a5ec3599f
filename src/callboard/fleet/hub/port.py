"""What goes in and out of the hub: values, so that it could stand in another process.

A reader subscribes for one source (a cluster as seen by one identity), says which questions it wants answered, and is given
first everything there is (`Held`), then what changes (`Changed`). What a reader has not taken is merged, and beyond a bound
replaced by a new `Held`: a slow reader is brought up to date, never queued for.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from callboard.base.settings import HubSettings
from callboard.extend.parts import Fetcher
from callboard.kube.watching.watch import Change
from callboard.model.cluster import Cluster, Credential, Trust
from callboard.model.objects import KubeObject, PackedObject
from callboard.model.outcome import Answer, Failure, Freshness, Malformed, Outcome, Question
from callboard.model.resource import ResourceType
from callboard.model.snapshot import ClusterSnapshot

__all__ = [
    "MOST_OF_ONE",
    "AnswerStatus",
    "Changed",
    "CredentialSource",
    "Held",
    "HubPort",
    "Key",
    "Source",
    "SourceKey",
    "Subscription",
    "Update",
    "Watcher",
]

Key = tuple[str, str]
"""Namespace and name: what tells objects of one type apart at one moment."""
SourceKey = tuple[str, str, Trust, str]
MOST_OF_ONE = 5000
"""Objects that one question of one service is answered with: as many as a cluster may have nodes, and so a DaemonSet pods. Of
more it is told that they are there; whoever can make a watch go on for ever chooses how much others have to judge."""
CredentialSource = Callable[[], Awaitable[Credential]]


class Source(msgspec.Struct, frozen=True):
    """One cluster as seen by one identity. `credential` gives the credential to use now and is called before every
    request; it raises CallboardError when there is none, or when it would be somebody else's."""

    cluster: Cluster
    identity: str
    credential: CredentialSource
    fetcher: Fetcher
    settings: HubSettings

    @property
    def key(self) -> SourceKey:
        """Sources with the same key share their streams."""
        return (self.cluster.name, self.cluster.url, self.cluster.trust, self.identity)


class AnswerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far the answer to a question can be trusted. `answer` is EMPTY where it is known what is there, whatever it is.

    The other fields mean what they mean in an Outcome.
    """

    answer: Answer = Answer.AWAITED
    freshness: Freshness = Freshness.ASKED
    as_of: datetime | None = None
    stale_since: datetime | None = None
    failure: Failure | None = None
    malformed: tuple[Malformed, ...] = ()
    truncated: bool = False

    def outcome(self, question: Question, objects: tuple[KubeObject, ...]) -> Outcome:
        """The outcome of a question with these objects, or with the first of them and that there are more."""
        known = self.answer is Answer.EMPTY
        beyond = len(objects) > MOST_OF_ONE
        if beyond:
            objects = objects[:MOST_OF_ONE]
        return Outcome(
            question=question,
            answer=Answer.OBJECTS if known and objects else self.answer,
            objects=objects if known else (),
            malformed=self.malformed,
            failure=self.failure,
            as_of=self.as_of,
            stale_since=self.stale_since,
            truncated=self.truncated or beyond,
            freshness=self.freshness,
        )


class Held(msgspec.Struct, frozen=True):
    """Everything there is for a question, by namespace and name; what was known before is void. Of more than MOST_OF_ONE
    objects, one more than that."""

    question: Question
    status: AnswerStatus
    objects: tuple[PackedObject, ...]


class Changed(msgspec.Struct, frozen=True):
    """What has changed for a question since the last update; both may be empty when only the status did."""

    question: Question
    status: AnswerStatus
    upserts: tuple[PackedObject, ...] = ()
    deletes: tuple[Key, ...] = ()


Update = Held | Changed


class Subscription(Protocol):
    """One reader's wishes at one source."""

    @property
    def imminent(self) -> bool:
        """Whether there is something to take, or may be before anybody answers: it is being read from disk."""
        ...

    def want(self, questions: Collection[Question]) -> None:
        """From now on exactly these questions; a new one is answered with a Held, a dropped one not any more."""
        ...

    def take(self) -> tuple[Update, ...]:
        """What has changed since the last call, each question once; empty when nothing has."""
        ...

    def look_again(self) -> None:
        """Somebody looks anew: what was refused is asked for again, though not more often than once a second."""
        ...

    async def wait(self) -> None:
        """Until `take` has something, or `nudge` is called."""
        ...

    def nudge(self) -> None:
        """Whoever waits is to look, although there is nothing to take."""
        ...

    def close(self) -> None:
        """The reader has left."""
        ...


class HubPort(Protocol):
    """The hub, as its readers know it."""

    revisit: Callable[[ClusterSnapshot], datetime | None]
    """When a part means another thing although nothing of it has changed, by the cluster's time."""

    def subscribe(self, source: Source) -> Subscription:
        """A reader of this source who wants nothing yet. The source's credential must not be a caller's own."""
        ...


class Watcher(Protocol):
    """The way to a cluster that a stream watches through. Raises only what the credential source raises."""

    async def check(self, source: Source, credential: CredentialSource, within: float) -> Failure | None:
        """Ask something small that everybody may ask. None when an answer has come within so many seconds, whatever it
        was; else why not, or that the cluster does not know who asks (401)."""
        ...

    async def resolve(self, source: Source, resource: ResourceType) -> ResourceType | Failure:
        """The type with its kind and scope, asking the cluster only where they are not known."""
        ...

    def watch(
        self,
        source: Source,
        question: Question,
        credential: CredentialSource,
        since: str,
        progress: Callable[[], None],
    ) -> AsyncGenerator[Sequence[Change], None]:
        """As `kube.watch.watch_together`: changes without end, `credential` called before every request, `progress` whenever
        something of a list has come. `since` is the resourceVersion of what is known, "" for nothing."""
        ...
