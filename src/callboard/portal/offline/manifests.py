"""Objects out of text: what `kubectl get … -o json` or `-o yaml` wrote, or manifests as people keep them. Pure.

A List, a single object, several documents of YAML or of JSON one after another. A text that is none of these is refused with
its place; an object in it that cannot be read is told with its place, and the others stand. Each object passes the same gate as
a cluster's answer: nothing secret is kept.
"""

import json
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.base.yaml import iter_documents
from callboard.kube.ingest.decode import decode_object
from callboard.kube.ingest.mending import mended
from callboard.model.objects import KubeObject
from callboard.model.outcome import Malformed
from callboard.model.resource import KNOWN_TYPES, ResourceType

__all__ = ["MOST_BYTES", "MOST_OBJECTS", "ManifestFile", "read_manifests", "resource_type_of"]

MOST_BYTES: Final = 256 * 1024 * 1024
"""Of one text: some 50,000 pods."""
MOST_OBJECTS: Final = 200_000
_LISTS: Final = 3
"""How deep lists may stand in lists: kubectl writes one, and a person who joins files another."""

_KNOWN: Final = {(t.group, t.kind): t for t in KNOWN_TYPES}
_Object: TypeAlias = "dict[str, object] | msgspec.Raw"


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """What one text holds, in its order, and what of it could not be read."""

    objects: tuple[KubeObject, ...]
    malformed: tuple[Malformed, ...]


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    items: list[msgspec.Raw] | None = None


_head: Final = msgspec.json.Decoder(_Head).decode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)


def read_manifests(text: bytes, where: str) -> ManifestFile:
    """The objects of a text; `where` names it. Raises BadInput where it is no JSON and no YAML, or more than is read."""
    if len(text) > MOST_BYTES:
        raise BadInput(
            Problem(
                "too much to read",
                where=where,
                found=f"{len(text):,} bytes",
                expected=f"at most {MOST_BYTES:,}",
            )
        )
    objects: list[KubeObject] = []
    malformed: list[Malformed] = []
    for number, (place, raw) in enumerate(_single(text, where)):
        if number >= MOST_OBJECTS:
            raise BadInput(
                Problem("too much to read", where=where, found=f"more than {MOST_OBJECTS:,} objects")
            )
        made = _object(raw, place)
        if isinstance(made, Malformed):
            malformed.append(made)
        else:
            objects.append(made)
    return ManifestFile(objects=tuple(objects), malformed=tuple(malformed))


def resource_type_of(api_version: str, kind: str, *, namespaced: bool = True) -> ResourceType:
    """The type of objects of that kind; the plural of one that is not built in is guessed as Kubernetes does it
    (apimachinery, UnsafeGuessKindToResource)."""
    group, _, version = api_version.rpartition("/")
    known = _KNOWN.get((group, kind))
    if known is not None:
        return msgspec.structs.replace(known, version=version)
    lower = kind.lower()
    if lower.endswith(("s", "x", "ch", "sh")):
        plural = f"{lower}es"
    elif lower.endswith("y") and lower[-2:-1] not in "aeiou":
        plural = f"{lower[:-1]}ies"
    else:
        plural = f"{lower}s"
    return ResourceType(group, version, plural, kind, namespaced)


def _single(text: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """(place, JSON) of each object, lists taken apart."""
    for place, document in _documents(text, where):
        yield from _taken_apart(place, document, _LISTS)


def _taken_apart(place: str, raw: bytes, lists: int) -> Iterator[tuple[str, bytes]]:
    try:
        head = _head(raw)
    except _UNREADABLE:
        # Half a character in one object must not cost the others of its list.
        try:
            raw = mended(raw)
            head = _head(raw)
        except _UNREADABLE:
            yield place, raw
            return
    if head.items is None or not head.kind.endswith("List") or not lists:
        yield place, raw
        return
    for number, item in enumerate(head.items):
        inner = f"{place}: items[{number}]"
        if head.kind != "List" and not _head_or_none(item):
            item = msgspec.Raw(_named(item, head))
        yield from _taken_apart(inner, bytes(item), lists - 1)


def _head_or_none(item: msgspec.Raw) -> bool:
    try:
        return bool(_head(item).kind)
    except _UNREADABLE:
        return True


def _named(item: msgspec.Raw, head: _Head) -> bytes:
    """An API server's own list (a PodList) does not say of each item what the list is of."""
    fields = msgspec.json.decode(item, type=dict[str, msgspec.Raw])
    kind = msgspec.Raw(msgspec.json.encode(head.kind.removesuffix("List")))
    return msgspec.json.encode(
        {"apiVersion": msgspec.Raw(msgspec.json.encode(head.api_version)), "kind": kind, **fields}
    )


def _documents(text: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    body = text.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        raise BadInput(
            Problem("there is nothing in it", where=where, expected="objects as kubectl writes them")
        )
    if body[:1] in b"{[":
        yield from _json(body, where)
    else:
        yield from _yaml(body, where)


def _json(body: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """One document, or several one after another."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        yield where, body
        return
    except _UNREADABLE:
        pass
    try:
        written = body.decode()
    except UnicodeDecodeError:
        raise BadInput(Problem("not UTF-8", where=where, expected="text in UTF-8")) from None
    decoder, at, number = json.JSONDecoder(parse_constant=_no_json), 0, 0
    while at < len(written):
        try:
            value, end = decoder.raw_decode(written, at)
        except RecursionError:
            raise BadInput(
                Problem("nested too deep", where=where, expected="objects as kubectl writes them")
            ) from None
        except ValueError:
            line = written.count("\n", 0, at) + 1
            raise BadInput(
                Problem("this is no JSON", where=where, line=line, expected="objects as kubectl writes them")
            ) from None
        yield (
            (f"{where}: document {number + 1}" if number or end < len(written) else where),
            written[at:end].encode(),
        )
        del value
        number += 1
        at = end
        while at < len(written) and written[at].isspace():
            at += 1


def _no_json(constant: str) -> object:
    raise ValueError(constant)  # NaN and Infinity, which Python would take


def _yaml(body: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    for document in iter_documents(body, where):
        if document.problems:
            raise BadInput(document.problems[0])
        place = f"{where}:{document.line}"
        if not isinstance(document.value, dict):
            raise BadInput(
                Problem(
                    "this is no object",
                    where=where,
                    line=document.line,
                    found=type(document.value).__name__,
                    expected="objects as kubectl writes them (apiVersion, kind, metadata)",
                )
            )
        try:
            yield place, msgspec.json.encode(document.value)
        except (OverflowError, RecursionError, UnicodeEncodeError, TypeError):
            raise BadInput(Problem("a value in it cannot be read", where=where, line=document.line)) from None


def _object(raw: bytes, place: str) -> KubeObject | Malformed:
    try:
        head = _head(raw)
    except _UNREADABLE:
        return Malformed(place, "no object: expected apiVersion, kind and metadata")
    for name, value in (("kind", head.kind), ("apiVersion", head.api_version)):
        if not value or len(value) > 253:
            return Malformed(place, f"it has no {name}")
    found = decode_object(raw, resource_type_of(head.api_version, head.kind))
    if isinstance(found, Malformed):
        return Malformed(place, found.message)
    if not found.name:
        return Malformed(place, "it has no name")
    return found
