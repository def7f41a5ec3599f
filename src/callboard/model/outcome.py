"""What one question to one cluster came to."""

from datetime import datetime
from enum import StrEnum

import msgspec

from callboard.model.objects import KubeObject
from callboard.model.resource import ResourceType

__all__ = [
    "Answer",
    "Failure",
    "FailureCode",
    "Freshness",
    "Malformed",
    "Outcome",
    "Purpose",
    "Question",
    "none_read",
]


class Answer(StrEnum):
    """The kinds of answer. They are never folded into one another: unknown is not none."""

    OBJECTS = "objects"
    EMPTY = "empty"
    """Asked, answered, nothing there."""
    NOT_ASKED = "not asked"
    AWAITED = "awaited"
    """Asked, no answer yet."""
    FORBIDDEN = "forbidden"
    """The API server knows us and will not show this (403)."""
    UNAUTHORIZED = "unauthorized"
    """The API server does not accept our credential (401), or we could not get one."""
    ABSENT = "absent"
    """The API server does not serve this resource type (404)."""
    THROTTLED = "throttled"
    """The API server asks us to come back later (429)."""
    LATE = "late"
    """No whole answer before the deadline."""
    BROKEN = "broken"
    """An answer that is none: 5xx, TLS, a reset, bad JSON, half a body."""

    @property
    def known(self) -> bool:
        """Whether this tells what is there."""
        return self in (Answer.OBJECTS, Answer.EMPTY)

    @property
    def failed(self) -> bool:
        """Whether something was asked and cannot be told. ABSENT is a failure only of questions nobody expects to be served."""
        return self not in _NO_FAILURE


_NO_FAILURE = (Answer.OBJECTS, Answer.EMPTY, Answer.NOT_ASKED, Answer.AWAITED)


class Freshness(StrEnum):
    """How an answer is kept current; whether it is at this moment, `Outcome.stale_since` says."""

    ASKED = "asked"
    """Asked once, for this look."""
    LIVE = "live"
    """Watched: a change arrives by itself."""
    POLLED = "polled"
    """Asked again and again, at an interval."""


class FailureCode(StrEnum):
    """Stable reasons, for metrics, tests and machines."""

    FORBIDDEN = "forbidden"
    NOT_GRANTED = "not-granted"
    """We may see it; the caller may not."""
    UNDECIDED = "undecided"
    """Whether the caller may see it could not be found out."""
    NO_USER = "no-user"
    """The cluster decides who may see it, and does not know the caller as one of its users."""
    UNAUTHORIZED = "unauthorized"
    CREDENTIAL = "credential"
    """The auth strategy could not get a credential; nothing was sent."""
    NOT_SERVED = "not-served"
    THROTTLED = "throttled"
    GONE = "gone"
    CONNECT_TIMEOUT = "connect-timeout"
    RESPONSE_TIMEOUT = "response-timeout"
    BODY_TIMEOUT = "body-timeout"
    DEADLINE = "deadline"
    """The deadline of the whole cluster passed."""
    CONNECTION = "connection"
    """DNS, refused, unreachable, reset."""
    TLS = "tls"
    NOT_JSON = "not-json"
    TRUNCATED = "truncated"
    WRONG_SHAPE = "wrong-shape"
    TOO_LARGE = "too-large"
    REDIRECT = "redirect"
    SERVER_ERROR = "server-error"
    UNEXPECTED_STATUS = "unexpected-status"
    BREAKER_OPEN = "breaker-open"
    """Not sent: this cluster failed so often lately that it is left alone for a while."""
    RESTARTED = "restarted"
    """Callboard was restarted: what is shown is what was known before."""
    INTERNAL = "internal"
    """Callboard itself failed while asking or reading: a defect of ours, told as such."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer.

    `message` is the API server's own words where it spoke (Status.message), else ours; bounded, without URL or secret.
    `retry_after` is in seconds.
    """

    code: FailureCode
    message: str
    status: int | None = None
    reason: str = ""
    retry_after: float | None = None


class Purpose(StrEnum):
    """Why something was asked: the entity's selection, or what the selected objects point to."""

    SELECTION = "selection"
    REFERENCE = "reference"


class Question(msgspec.Struct, frozen=True, order=True):
    """One list request. `namespace` "" means all namespaces; the selectors are canonical strings; `name` asks for one object."""

    type: ResourceType
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    name: str = ""
    purpose: Purpose = Purpose.SELECTION


class Malformed(msgspec.Struct, frozen=True):
    """One object of an answer that could not be read; the others stand. `where` is its index, its name, or namespace/name.

    `labels` are its labels, by which selectors find it, where those can be read: by that it is known whom it concerns.
    """

    where: str
    message: str
    labels: tuple[tuple[str, str], ...] | None = None

    @property
    def namespace(self) -> str:
        """The namespace it lies in; "" where it lies in none, or does not tell."""
        namespace, slash, _ = self.where.partition("/")
        return namespace if slash else ""


def none_read(count: int) -> Failure:
    """Why an answer of that many objects tells nothing: none of them could be read."""
    return Failure(code=FailureCode.WRONG_SHAPE, message=f"none of the {count} objects could be read")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one question to one cluster came to. `took` is in seconds; `as_of` is when the answer was complete (our clock).

    `stale_since` is set when the objects are the last good ones and the newest attempt failed: `failure` then says why.
    `truncated` says that more exists than was read (a limit of ours), with `remaining` as the server's estimate.
    """

    question: Question
    answer: Answer
    objects: tuple[KubeObject, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    failure: Failure | None = None
    as_of: datetime | None = None
    took: float = 0.0
    resource_version: str = ""
    stale_since: datetime | None = None
    truncated: bool = False
    remaining: int | None = None
    freshness: Freshness = Freshness.ASKED
