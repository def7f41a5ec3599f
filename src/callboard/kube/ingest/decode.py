"""Bytes of a cluster to objects, one by one: a malformed one is told, the others stand.

Nothing here builds a tree of an object. A list is taken apart into the top-level fields of its items, each item is
redacted into bytes of its own, and the typed fields are read from those bytes, so that what Callboard shows and what it
reasons about have passed the same gate. In what form an object leaves (open, or closed to be kept) is the caller's choice;
that its typed fields can be read is seen to here in any case.
"""

import gc
import typing
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec

from callboard.kube.ingest.mending import mended
from callboard.kube.ingest.nesting import as_deep_as_go, too_deep
from callboard.kube.ingest.redact import Item, PodItem, redact, redact_pod
from callboard.kube.ingest.secret_words import without_secret_words
from callboard.kube.ingest.typed import typed
from callboard.kube.text import clean
from callboard.model.objects import Body, Generic, KubeObject, PackedObject, body_type
from callboard.model.objects.cluster_state import Event
from callboard.model.objects.config import SecretMetadata
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Malformed
from callboard.model.resource import ResourceType

__all__ = [
    "SHORT",
    "Form",
    "Page",
    "WrongShape",
    "decode_event",
    "decode_object",
    "decode_page",
    "opened",
    "page_in_steps",
]

T = TypeVar("T")
Form = Callable[[ResourceType, Body, bytes], T]
"""What makes of an object that has been read the form in which it leaves: KubeObject, or a Keeper."""

STEP: Final = 100
"""Objects of a page between two moments at which others may have their turn: some 3 ms."""

SHORT: Final = 64 * 1024
"""Bytes of an answer that is read in one step, and too little for the collector to notice: of a service, nearly all are."""


class WrongShape(Exception):
    """JSON, but not what was asked for: an object where a list belongs, a list without items. `args[0]` says which."""


class Page(msgspec.Struct, typing.Generic[T], frozen=True, kw_only=True):
    """One page of a list. `remaining` is the server's estimate of what follows; `continue_` is "" on the last page."""

    objects: tuple[T, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    resource_version: str = ""
    continue_: str = ""
    remaining: int | None = None


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str | None = None
    continue_: str | None = msgspec.field(default=None, name="continue")
    remaining_item_count: int | None = None


class _List(msgspec.Struct):
    items: list[Item] | msgspec.UnsetType | None = msgspec.UNSET
    kind: str = ""
    metadata: _ListMeta | None = None


class _PodList(msgspec.Struct):
    items: list[PodItem] | msgspec.UnsetType | None = msgspec.UNSET
    kind: str = ""
    metadata: _ListMeta | None = None


class _LooseList(msgspec.Struct):
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    kind: str = ""
    metadata: _ListMeta | None = None


class _PodEvent(msgspec.Struct):
    type: str
    object: PodItem


class _ItemEvent(msgspec.Struct):
    type: str
    object: Item


class _LooseEvent(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Named(msgspec.Struct, frozen=True):
    name: str = ""
    namespace: str = ""


class _Nameable(msgspec.Struct):
    metadata: _Named = _Named()


class _Labelled(msgspec.Struct, frozen=True):
    name: str
    namespace: str = ""
    labels: dict[str, str] | None = None


class _Labelable(msgspec.Struct):
    metadata: _Labelled


_list: Final = msgspec.json.Decoder(_List).decode
_pod_list: Final = msgspec.json.Decoder(_PodList).decode
_loose_list: Final = msgspec.json.Decoder(_LooseList).decode
_item: Final = msgspec.json.Decoder(Item).decode
_pod_item: Final = msgspec.json.Decoder(PodItem).decode
_pod_event: Final = msgspec.json.Decoder(_PodEvent).decode
_item_event: Final = msgspec.json.Decoder(_ItemEvent).decode
_loose_event: Final = msgspec.json.Decoder(_LooseEvent).decode
_nameable: Final = msgspec.json.Decoder(_Nameable).decode
_labelable: Final = msgspec.json.Decoder(_Labelable).decode

_Source = PodItem | Item | msgspec.Raw
_AnyList = _PodList | _List | _LooseList

_CLOSED: Final = (Pod, Event)
"""The kinds that come in thousands, in whose fields no other object can stand (see `redact`)."""

_QUOTING: Final = (Event, Generic)
"""What quotes in its words what somebody else was given: events, and the conditions of custom resources."""

_NO_TEXT: Final = (msgspec.DecodeError, UnicodeDecodeError)
_MOST_LABELS: Final = 16 * 1024
"""Characters of an unreadable object's labels that are kept."""
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


@typing.overload
def decode_page(body: bytes, resource: ResourceType, *, max_nesting: int = 64) -> Page[KubeObject]: ...
@typing.overload
def decode_page(body: bytes, resource: ResourceType, form: Form[T], *, max_nesting: int = 64) -> Page[T]: ...
def decode_page(
    body: bytes, resource: ResourceType, form: Callable[..., object] = KubeObject, *, max_nesting: int = 64
) -> Page[typing.Any]:
    """A list answer. Raises msgspec.DecodeError for what is no JSON, WrongShape for what is no list.

    `items: null` in a list is an empty one: Go writes an empty slice so, and every Kubernetes client reads it so. A list
    without `items` at all, or an object that does not call itself a list, is of the wrong shape.
    """
    answer = _page(body, resource)
    if not answer.items:
        return _made(answer, (), ())
    reading = _Reading(answer, body, resource, form, max_nesting)
    reading.read(len(answer.items))
    return _made(answer, tuple(reading.objects), tuple(reading.malformed))


def page_in_steps(
    body: bytes, resource: ResourceType, form: Form[T], *, max_nesting: int = 64
) -> Generator[None, None, Page[T]]:
    """`decode_page`, standing still after every hundred objects. Holds on to nothing of an item once it has been read."""
    with _without_collector():
        answer = _page(body, resource)
    reading = _Reading(answer, body, resource, form, max_nesting)
    count = len(answer.items or ())
    for start in range(0, count, STEP):
        if start:
            yield
        with _without_collector():
            reading.read(min(STEP, count - start))
    return _made(answer, tuple(reading.objects), tuple(reading.malformed))


class _Reading(typing.Generic[T]):
    """The items of a page, taken out of it and read one after another."""

    def __init__(
        self, answer: _AnyList, body: bytes, resource: ResourceType, form: Form[T], max_nesting: int
    ) -> None:
        self._items: list[typing.Any] = answer.items or []
        self._items.reverse()
        self._number = 0
        self._secret = answer.kind == "SecretList"
        self._checked = body.isascii()
        self._resource = resource
        self._form = form
        self._max_nesting = max_nesting
        self.objects: list[T] = []
        self.malformed: list[Malformed] = []

    def read(self, count: int) -> None:
        resource, form, kind = self._resource, self._form, body_type(self._resource)
        for _ in range(count):
            made = _object(
                self._items.pop(),
                resource,
                kind,
                self._number,
                form,
                secret=self._secret,
                ascii_=self._checked,
                max_nesting=self._max_nesting,
            )
            self._number += 1
            if isinstance(made, Malformed):
                self.malformed.append(made)
            else:
                self.objects.append(made)


def _made(answer: _AnyList, objects: tuple[T, ...], malformed: tuple[Malformed, ...]) -> Page[T]:
    meta = answer.metadata or _ListMeta()
    return Page(
        objects=objects,
        malformed=malformed,
        resource_version=meta.resource_version or "",
        continue_=meta.continue_ or "",
        remaining=meta.remaining_item_count,
    )


def _list_of(body: bytes, resource: ResourceType) -> _AnyList:
    try:
        return _taken_apart(body, body_type(resource))
    except msgspec.ValidationError:
        return _as_loose_list(body)


def _page(body: bytes, resource: ResourceType) -> _AnyList:
    try:
        try:
            answer = _list_of(body, resource)
        except _NO_TEXT:
            whole = mended(body)
            if whole is body:
                raise
            answer = _list_of(whole, resource)
    except RecursionError:
        # One object is to blame, which will be told; the others stand.
        try:
            with as_deep_as_go():
                answer = _list_of(mended(body), resource)
        except RecursionError:
            raise WrongShape("the answer nests deeper than Kubernetes can follow") from None
    if not answer.kind.endswith("List"):
        raise WrongShape(f"expected a list, found {_what(answer.kind)}")
    if answer.items is msgspec.UNSET:
        raise WrongShape(f"the {clean(answer.kind, 64)} has no items")
    return answer


@typing.overload
def decode_object(
    raw: bytes | msgspec.Raw, resource: ResourceType, *, max_nesting: int = 64
) -> KubeObject | Malformed: ...
@typing.overload
def decode_object(
    raw: bytes | msgspec.Raw, resource: ResourceType, form: Form[T], *, max_nesting: int = 64
) -> T | Malformed: ...
def decode_object(
    raw: bytes | msgspec.Raw,
    resource: ResourceType,
    form: Callable[..., object] = KubeObject,
    *,
    max_nesting: int = 64,
) -> object:
    """A single object, as a named get brings it. Never raises: whatever cannot be read is a Malformed."""
    source: _Source | None = None
    if body_type(resource) is Pod:
        try:
            source = _pod_item(raw)
        except _UNREADABLE:
            pass  # no pod, or no JSON: what is wrong with it is told below
    if source is None:
        source = msgspec.Raw(bytes(raw))
    return _object(
        source, resource, body_type(resource), 0, form, secret=False, ascii_=False, max_nesting=max_nesting
    )


def decode_event(
    line: bytes, resource: ResourceType, form: Form[T], *, max_nesting: int = 64
) -> tuple[str, T | Malformed] | None:
    """The type of a watch's event, and its object, of one line; None where the line is anything but a change of an object.
    Never raises."""
    kind = body_type(resource)
    event = _event_of(line, kind)
    if event is None and (whole := mended(line)) is not line:
        event = _event_of(whole, kind)
    if event is None or event.type not in ("ADDED", "MODIFIED", "DELETED"):
        return None
    return event.type, _object(
        event.object, resource, kind, 0, form, secret=False, ascii_=False, max_nesting=max_nesting
    )


def _event_of(line: bytes, kind: type[Body]) -> _PodEvent | _ItemEvent | _LooseEvent | None:
    try:
        return _pod_event(line) if kind is Pod else _item_event(line)
    except _UNREADABLE:
        try:
            return _loose_event(line)
        except _UNREADABLE:
            return None


def opened(kept: PackedObject) -> KubeObject:
    """The open form of what was kept, as it was when it came."""
    raw = kept.json()
    return KubeObject(kept.type, typed(raw, body_type(kept.type)), raw)


@contextmanager
def _without_collector() -> Iterator[None]:
    """A page makes tens of thousands of objects and no cycles: looking for cycles among them doubles its cost."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _taken_apart(body: bytes, kind: type[Body]) -> _PodList | _List:
    """Raises msgspec.ValidationError where an item is no object."""
    if kind is Pod:
        try:
            return _pod_list(body)
        except msgspec.ValidationError:
            pass  # an item is of another shape than pods are
    return _list(body)


def _as_loose_list(body: bytes) -> _LooseList:
    try:
        return _loose_list(body)
    except msgspec.ValidationError as error:
        raise WrongShape(f"expected a list: {clean(str(error), 200)}") from None


def _what(kind: str) -> str:
    return f"an object of kind {clean(kind, 64)}" if kind else "JSON that names no kind"


def _object(
    source: _Source,
    resource: ResourceType,
    kind: type[Body],
    index: int,
    form: Form[T],
    *,
    secret: bool,
    ascii_: bool,
    max_nesting: int,
) -> T | Malformed:
    try:
        if isinstance(source, PodItem) and not secret:
            raw = redact_pod(source)
        else:
            raw = _redacted(source, resource, kind, secret=secret)
        if kind in _QUOTING:
            raw = without_secret_words(raw)
        if not ascii_ and not raw.isascii():
            raw = mended(raw)
        if too_deep(raw, max_nesting):
            raise msgspec.ValidationError(f"Nested deeper than {max_nesting}")
        return form(resource, typed(raw, kind), raw)
    except _UNREADABLE as error:
        if isinstance(source, msgspec.Raw) and (whole := mended(came := bytes(source))) is not came:
            return _object(
                msgspec.Raw(whole),
                resource,
                kind,
                index,
                form,
                secret=secret,
                ascii_=False,
                max_nesting=max_nesting,
            )
        return Malformed(_where(source, index), _words(error), _labels(source))


def _redacted(source: _Source, resource: ResourceType, kind: type[Body], *, secret: bool) -> bytes:
    if isinstance(source, PodItem):
        source = msgspec.Raw(msgspec.json.encode(source))
    item = source if isinstance(source, dict) else _item(source)
    said = item.get("kind")
    if said is not None and "items" in item and bytes(said).endswith(b'List"'):
        raise msgspec.ValidationError("Expected an object, got a list")
    return redact(
        item,
        secret=secret or kind is SecretMetadata,
        closed_kind=resource.kind if kind in _CLOSED else "",
    )


def _where(source: _Source, index: int) -> str:
    try:
        with as_deep_as_go():
            named = _nameable(msgspec.json.encode(source)).metadata
    except _UNREADABLE:
        named = _Named()
    if not named.name:
        return f"items[{index}]"
    return clean(f"{named.namespace}/{named.name}" if named.namespace else named.name, 320)


def _labels(source: _Source) -> tuple[tuple[str, str], ...] | None:
    """Those of an object that tells its name and has no more than an API server would take; None where they are not known."""
    try:
        with as_deep_as_go():
            labels = _labelable(msgspec.json.encode(source)).metadata.labels or {}
    except _UNREADABLE:
        return None
    if sum(len(key) + len(value) for key, value in labels.items()) > _MOST_LABELS:
        return None
    return tuple(sorted(labels.items()))


def _words(error: Exception) -> str:
    """msgspec names types and paths, never values."""
    if isinstance(error, RecursionError):
        return "nests deeper than Python can follow"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return clean(str(error), 300)
