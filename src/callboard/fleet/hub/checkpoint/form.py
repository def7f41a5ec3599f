"""A checkpoint as bytes: written block by block, of which those are read that something is asked of, and worth nothing without
its end.

    magic · header · blocks of objects … · where to find what · a digest

Four bytes of length stand before the header, eight behind the part that tells where to find what (`contents`); all of it is
MessagePack. The digest is of all but the blocks, whose own digests stand beside their places. It is for what was torn or has
decayed: against whoever may write the file, its mode stands (`files`).
"""

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from callboard.fleet.hub.checkpoint.places import BlockIndex, Sorter
from callboard.kube.ingest.packing import Dictionary
from callboard.model.objects import OwnerReference, PackedObject
from callboard.model.outcome import Malformed, Question
from callboard.model.resource import ResourceType

__all__ = ["BLOCK", "FORM", "CheckpointReader", "Contents", "Header", "NotWhole", "TooLarge", "write"]

FORM: Final = 3
"""Raised when the form changes, and when less may be kept of an object than before: older files are then not read."""
BLOCK: Final = 64
"""Objects in one block: some tens of kilobytes, read and taken apart in a quarter of a millisecond."""

_MAGIC: Final = b"callboard hub\r\n\x1a"
_DIGEST: Final = 32
_LENGTH: Final = 4
_END: Final = 8
_MOST_DICTIONARIES: Final = 16
"""Beyond it, objects are written unpacked: a stream makes a new dictionary when it lists anew, and lets old ones go."""


class NotWhole(Exception):
    """These bytes are no checkpoint that may be used. `args[0]` says why, in words for the log."""


class TooLarge(Exception):
    """The checkpoint would take more room than it may."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint is of. `source` is a digest of the source's key; `resource` is the question's type as the objects
    carry it; `version` is "" where nothing can be resumed; `judged` says by what its objects were found to be well."""

    form: int = FORM
    source: str
    question: Question
    resource: ResourceType
    version: str
    as_of: datetime
    count: int
    malformed: tuple[Malformed, ...] = ()
    truncated: bool = False
    judged: str = ""


class _Form(msgspec.Struct):
    form: int = 0


_Record = tuple[str, str, str, str, int, int, int, bytes]
"""Namespace, name, uid, resourceVersion, number of its labels, of its owners if it is well, of its dictionary, packed. Numbers
count from 1; 0 is none. A tuple is made and taken apart in half the time a struct takes, and there are hundreds of thousands."""


class _Block(msgspec.Struct, frozen=True, array_like=True):
    """Its sets of labels and of owners are its own; dictionaries stand at the end of the file."""

    labels: list[dict[str, str]]
    owners: list[tuple[OwnerReference, ...]]
    records: list[_Record]


class _End(msgspec.Struct, frozen=True, array_like=True):
    """What stands behind the blocks: how long they are and their digests, where to find what, and what all objects together
    take, packed."""

    sizes: list[int]
    digests: list[bytes]
    places: BlockIndex
    dictionaries: list[bytes]
    packed: int


class _Writes(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def seek(self, at: int, /) -> int: ...


_encode: Final = msgspec.msgpack.Encoder().encode
_header: Final = msgspec.msgpack.Decoder(Header).decode
_form: Final = msgspec.msgpack.Decoder(_Form).decode
_block: Final = msgspec.msgpack.Decoder(_Block).decode
_end: Final = msgspec.msgpack.Decoder(_End).decode
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def write(
    file: _Writes,
    header: Header,
    objects: Iterable[PackedObject],
    *,
    most: int,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Write it, by namespace and name; returns its size. Raises TooLarge beyond `most` bytes, InterruptedError when `stopped`
    says so between two blocks, OSError."""
    digest = hashlib.sha256()
    size = 0

    def put(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if size > most:
            raise TooLarge
        file.write(data)

    head = _encode(header)
    head = _MAGIC + len(head).to_bytes(_LENGTH) + head
    digest.update(head)
    put(head)
    blocks = _Blocks()
    sizes: list[int] = []
    digests: list[bytes] = []
    sorter = Sorter()
    for some in _in_order(objects):
        if stopped():
            raise InterruptedError
        block = _encode(blocks.of(some))
        sizes.append(len(block))
        digests.append(hashlib.sha256(block).digest())
        sorter.add(some)
        put(block)
    end = _encode(_End(sizes, digests, sorter.places(), blocks.dictionaries, blocks.packed))
    end += len(end).to_bytes(_END)
    digest.update(end)
    put(end + digest.digest())
    return size


def _in_order(objects: Iterable[PackedObject]) -> Iterator[list[PackedObject]]:
    """The objects of one block after the other. Sorted by namespace: sorting is one step, in which no other thread gets its
    turn."""
    namespaces: dict[str, list[PackedObject]] = {}
    for obj in objects:
        namespaces.setdefault(obj.namespace, []).append(obj)
    some: list[PackedObject] = []
    for namespace in sorted(namespaces):
        for obj in sorted(namespaces[namespace], key=_name):
            some.append(obj)
            if len(some) == BLOCK:
                yield some
                some = []
    if some:
        yield some


def _name(obj: PackedObject) -> str:
    return obj.name


class _Blocks:
    """Numbers what many objects share as it comes up. It lives as long as the objects do, so an id is one thing."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self.dictionaries: list[bytes] = []
        self.packed = 0

    def of(self, objects: Sequence[PackedObject]) -> _Block:
        block = _Block([], [], [])
        known: dict[int, int] = {}
        for obj in objects:
            labels = owners = 0
            if obj.labels:
                labels = known.get(id(obj.labels), 0)
                if not labels:
                    block.labels.append(dict(obj.labels))
                    labels = known[id(obj.labels)] = len(block.labels)
            if obj.well is not None:
                owners = known.get(id(obj.well), 0)
                if not owners:
                    block.owners.append(obj.well)
                    owners = known[id(obj.well)] = len(block.owners)
            dictionary = self._dictionary_of(obj)
            packed = obj.packed if dictionary else obj.json()
            self.packed += len(packed)
            block.records.append(
                (obj.namespace, obj.name, obj.uid, obj.resource_version, labels, owners, dictionary, packed)
            )
        return block

    def _dictionary_of(self, obj: PackedObject) -> int:
        unpack = obj.unpack
        if not isinstance(unpack, Dictionary):
            return 0
        number = self._numbers.get(id(unpack))
        if number is None:
            if len(self.dictionaries) >= _MOST_DICTIONARIES:
                return 0
            self.dictionaries.append(unpack.samples)
            number = self._numbers[id(unpack)] = len(self.dictionaries)
        return number


class Contents:
    """What a checkpoint holds, and where. Its end was whole; each block is found to be when it is read."""

    def __init__(self, header: Header, start: int, end: _End) -> None:
        self.header = header
        self.places = end.places
        self.packed = end.packed
        self._sizes, self._digests = end.sizes, end.digests
        self._starts: list[int] = []
        for size in end.sizes:
            self._starts.append(start)
            start += size
        self._labels: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._owners: dict[tuple[OwnerReference, ...], tuple[OwnerReference, ...]] = {}
        self._unpack: list[Dictionary | None] = [None, *map(Dictionary, end.dictionaries)]
        self._believed = True

    def __len__(self) -> int:
        """How many blocks there are."""
        return len(self._sizes)

    def judge_anew(self) -> None:
        """Others found what is well in it: whoever wants to know opens the objects."""
        self._believed = False

    def read(self, file: _Reads, number: int) -> list[PackedObject]:
        """The objects of one block. Raises NotWhole, OSError."""
        file.seek(self._starts[number])
        data = file.read(self._sizes[number])
        if hashlib.sha256(data).digest() != self._digests[number]:
            raise NotWhole("the digest of a block is wrong")
        try:
            block = _block(data)
        except _UNREADABLE:
            raise NotWhole("a block of it cannot be read") from None
        resource, unpack, intern = self.header.resource, self._unpack, sys.intern
        labels: list[Mapping[str, str]] = [_NO_LABELS, *map(self._shared, block.labels)]
        well: list[tuple[OwnerReference, ...] | None] = [
            None,
            *(self._owners.setdefault(owners, owners) for owners in block.owners),
        ]
        if not self._believed:
            well = [None] * len(well)
        try:
            return [
                PackedObject(
                    resource, intern(namespace), name, uid, version, labels[its], packed, unpack[of], well[by]
                )
                for namespace, name, uid, version, its, by, of, packed in block.records
            ]
        except IndexError:
            raise NotWhole("an object of it points to what is not there") from None

    def _shared(self, labels: dict[str, str]) -> Mapping[str, str]:
        return self._labels.setdefault((*labels, *labels.values()), labels)


_NO_LABELS: Final[Mapping[str, str]] = {}


class CheckpointReader:
    """Reads one checkpoint of `size` bytes: `header`, then `contents`, or one `block` after the other until it returns None."""

    def __init__(self, file: _Reads, size: int) -> None:
        self._file = file
        self._size = size
        self._read: tuple[Header, int, bytes] | None = None
        self._contents: Contents | None = None
        self._number = 0
        self._left = 0

    def header(self) -> Header:
        """What it is of. Raises NotWhole, OSError."""
        start = self._take(0, len(_MAGIC) + _LENGTH)
        if start[: len(_MAGIC)] != _MAGIC:
            raise NotWhole("it is no checkpoint")
        head = self._take(len(start), int.from_bytes(start[len(_MAGIC) :]))
        try:
            form = _form(head).form
            if form != FORM:
                raise NotWhole(f"it is of form {form}, and this version of Callboard writes form {FORM}")
            header = _header(head)
        except _UNREADABLE:
            raise NotWhole("its header cannot be read") from None
        self._read = header, len(start) + len(head), start + head
        return header

    def contents(self) -> Contents:
        """Where to find what. Raises NotWhole, OSError."""
        if self._read is None:
            self.header()
        assert self._read is not None  # noqa: S101 - `header` has set it, or raised
        header, start, head = self._read
        last = self._take(self._size - _DIGEST - _END, _END + _DIGEST)
        size = int.from_bytes(last[:_END])
        at = self._size - _DIGEST - _END - size
        data = self._take(at, size)
        if hashlib.sha256(head + data + last[:_END]).digest() != last[_END:]:
            raise NotWhole("its digest is wrong")
        try:
            end = _end(data)
        except _UNREADABLE:
            raise NotWhole("its end cannot be read") from None
        if start + sum(end.sizes) != at or len(end.sizes) != len(end.digests):
            raise NotWhole("it is longer or shorter than it says")
        self._left = header.count
        return Contents(header, start, end)

    def block(self) -> list[PackedObject] | None:
        """The next objects; None when that was all. Raises NotWhole, OSError."""
        if self._contents is None:
            self._contents = self.contents()
        if self._number == len(self._contents):
            if self._left:
                raise NotWhole("it holds more or less than it says")
            return None
        found = self._contents.read(self._file, self._number)
        self._number += 1
        self._left -= len(found)
        return found

    def _take(self, at: int, size: int) -> bytes:
        """A length that is wrong must not make us set four gigabytes aside."""
        if at < 0 or at + size > self._size:
            raise NotWhole("it is cut off")
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) != size:
            raise NotWhole("it is cut off")
        return data
