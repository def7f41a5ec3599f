"""A checkpoint as bytes: written block by block, read block by block, and worth nothing until its end has been seen.

    magic · header · blocks of objects … · an empty block · a digest of all that

A length of four bytes stands before the header and before each block; both are MessagePack. The digest is for what was torn
or has decayed: against whoever may write the file, its mode stands (`files`).
"""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from callboard.kube.keeping import Dictionary
from callboard.model.objects import Kept
from callboard.model.outcome import Malformed, Question
from callboard.model.resource import ResourceType

__all__ = ["BLOCK", "FORM", "Header", "NotWhole", "Reader", "TooLarge", "write"]

FORM: Final = 1
"""Raised when the form changes, and when less may be kept of an object than before: older files are then not read."""
BLOCK: Final = 500
"""Objects in one block: half a megabyte, encoded in a millisecond or two."""

_MAGIC: Final = b"callboard hub\r\n\x1a"
_DIGEST: Final = 32
_LENGTH: Final = 4
_MOST_DICTIONARIES: Final = 16
"""Beyond it, objects are written unpacked: a stream makes a new dictionary when it lists anew, and lets old ones go."""


class NotWhole(Exception):
    """These bytes are no checkpoint that may be used. `args[0]` says why, in words for the log."""


class TooLarge(Exception):
    """The checkpoint would take more room than it may."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint is of. `source` is a digest of the source's key; `resource` is the question's type as the objects
    carry it; `version` is "" where nothing can be resumed."""

    form: int = FORM
    source: str
    question: Question
    resource: ResourceType
    version: str
    as_of: datetime
    count: int
    malformed: tuple[Malformed, ...] = ()
    truncated: bool = False


class _Form(msgspec.Struct):
    form: int = 0


_Record = tuple[str, str, str, str, int, int, bytes]
"""Namespace, name, uid, resourceVersion, number of its labels, number of its dictionary, packed. Numbers count from 1; 0 is
none. A tuple is made and taken apart in half the time a struct takes, and there are hundreds of thousands."""


class _Block(msgspec.Struct, frozen=True, array_like=True):
    """Sets of labels and dictionaries are numbered through all blocks and stand in the first that uses them."""

    labels: list[dict[str, str]]
    dictionaries: list[bytes]
    records: list[_Record]


class _Writes(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


_encode: Final = msgspec.msgpack.Encoder().encode
_header: Final = msgspec.msgpack.Decoder(Header).decode
_form: Final = msgspec.msgpack.Decoder(_Form).decode
_block: Final = msgspec.msgpack.Decoder(_Block).decode
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def write(
    file: _Writes,
    header: Header,
    objects: Sequence[Kept],
    *,
    most: int,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Write it; returns its size. Raises TooLarge beyond `most` bytes, InterruptedError when `stopped` says so between two
    blocks, OSError."""
    digest = hashlib.sha256()
    size = 0

    def put(*pieces: bytes) -> None:
        nonlocal size
        for data in pieces:
            size += len(data)
            digest.update(data)
        if size > most:
            raise TooLarge
        for data in pieces:
            file.write(data)

    head = _encode(header)
    put(_MAGIC, len(head).to_bytes(_LENGTH), head)
    blocks = _Blocks()
    for start in range(0, len(objects), BLOCK):
        if stopped():
            raise InterruptedError
        block = _encode(blocks.of(objects[start : start + BLOCK]))
        put(len(block).to_bytes(_LENGTH), block)
    put(bytes(_LENGTH))
    put(digest.digest())
    return size


class _Blocks:
    """Numbers what many objects share as it comes up. It lives as long as the objects do, so an id is one thing."""

    def __init__(self) -> None:
        self._labels: dict[int, int] = {}
        self._dictionaries: dict[int, int] = {}

    def of(self, objects: Sequence[Kept]) -> _Block:
        block = _Block([], [], [])
        for obj in objects:
            labels = self._labels_of(obj, block) if obj.labels else 0
            dictionary = self._dictionary_of(obj, block)
            packed = obj.packed if dictionary else obj.json()
            block.records.append(
                (obj.namespace, obj.name, obj.uid, obj.resource_version, labels, dictionary, packed)
            )
        return block

    def _labels_of(self, obj: Kept, block: _Block) -> int:
        number = self._labels.get(id(obj.labels))
        if number is None:
            number = self._labels[id(obj.labels)] = len(self._labels) + 1
            block.labels.append(dict(obj.labels))
        return number

    def _dictionary_of(self, obj: Kept, block: _Block) -> int:
        unpack = obj.unpack
        if not isinstance(unpack, Dictionary):
            return 0
        number = self._dictionaries.get(id(unpack))
        if number is None:
            if len(self._dictionaries) >= _MOST_DICTIONARIES:
                return 0
            number = self._dictionaries[id(unpack)] = len(self._dictionaries) + 1
            block.dictionaries.append(unpack.samples)
        return number


class Reader:
    """Reads one checkpoint of `size` bytes: `header`, then `block` until it returns None. Only then is what it gave to be
    believed."""

    def __init__(self, file: _Reads, size: int) -> None:
        self._file = file
        self._size = size
        self._digest = hashlib.sha256()
        self._type = ResourceType("", "", "")
        self._left = 0
        self._labels: list[Mapping[str, str]] = [{}]
        self._unpack: list[Dictionary | None] = [None]

    def header(self) -> Header:
        """What it is of. Raises NotWhole, OSError."""
        if self._take(len(_MAGIC)) != _MAGIC:
            raise NotWhole("it is no checkpoint")
        head = self._take(int.from_bytes(self._take(_LENGTH)))
        try:
            form = _form(head).form
            if form != FORM:
                raise NotWhole(f"it is of form {form}, and this version of Callboard writes form {FORM}")
            header = _header(head)
        except _UNREADABLE:
            raise NotWhole("its header cannot be read") from None
        self._type, self._left = header.resource, header.count
        return header

    def block(self) -> list[Kept] | None:
        """The next objects; None when that was all and the file was whole. Raises NotWhole, OSError."""
        data = self._take(int.from_bytes(self._take(_LENGTH)))
        if not data:
            self._end()
            return None
        try:
            block = _block(data)
        except _UNREADABLE:
            raise NotWhole("a block of it cannot be read") from None
        self._left -= len(block.records)
        self._labels += block.labels
        self._unpack += [Dictionary(samples) for samples in block.dictionaries]
        resource, labels, unpack, intern = self._type, self._labels, self._unpack, sys.intern
        try:
            return [
                Kept(resource, intern(namespace), name, uid, version, labels[its], packed, unpack[of])
                for namespace, name, uid, version, its, of, packed in block.records
            ]
        except IndexError:
            raise NotWhole("an object of it points to what is not there") from None

    def _end(self) -> None:
        wanted = self._digest.digest()
        if self._file.read(_DIGEST) != wanted:
            raise NotWhole("its digest is wrong")
        if self._left or self._file.read(1):
            raise NotWhole("it is longer or shorter than it says")

    def _take(self, size: int) -> bytes:
        self._size -= size  # a length that is wrong must not make us set four gigabytes aside
        data = self._file.read(size) if size > 0 and self._size >= 0 else b""
        if len(data) != size:
            raise NotWhole("it is cut off")
        self._digest.update(data)
        return data
