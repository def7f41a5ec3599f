"""A file on disk is taken whole, as ours and of the right stream, or not at all."""

import asyncio
import io
import os
import stat
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.base.own_files import NotOurs
from callboard.base.settings import CheckpointSettings
from callboard.diagnosis.rules.well import owners_if_well
from callboard.fleet.hub.checkpoint import form
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints, Moment
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import CheckpointReader, Header, NotWhole, TooLarge, write
from callboard.fleet.hub.checkpoint.reading import Place
from callboard.fleet.hub.holdings.index import ObjectIndex, key_of
from callboard.fleet.hub.port import SourceKey
from callboard.kube.ingest.decode import decode_object
from callboard.kube.ingest.packing import Packer, Packings
from callboard.model.cluster import Trust
from callboard.model.objects import PackedObject
from callboard.model.outcome import Malformed, Question
from callboard.model.resource import KNOWN_TYPES
from support.listening import eventually

CONFIGMAPS = next(t for t in KNOWN_TYPES if t.plural == "configmaps")
QUESTION = Question(type=CONFIGMAPS)
NOW = datetime(2026, 5, 1, tzinfo=UTC)
SOURCE: SourceKey = ("eu-1", "https://eu-1.example.com", Trust(ca_pem="CA"), "reader at eu-1")
PLACE = Place.of(SOURCE, QUESTION)


def objects(count: int, size: int = 400) -> list[PackedObject]:
    """Some packed, some not; some with labels and owners they share, some without; some well, some not."""
    keep = Packer(Packings(owners_if_well))
    found: list[PackedObject] = []
    for i in range(count):
        labels = {"app": f"a{i % 3}"} if i % 4 else None
        owner = {"kind": "Shop", "name": f"s{i % 3}", "uid": f"o{i % 3}", "controller": True}
        more = (
            {"deletionTimestamp": "2026-05-01T00:00:00Z"}
            if i % 5 == 4
            else {"ownerReferences": [owner][i % 2 :]}
        )
        meta = {"name": f"c{i}", "namespace": f"n{i % 5}", "uid": f"u{i}", "resourceVersion": str(i), **more}
        raw = msgspec.json.encode(
            {
                "metadata": {**meta, **({"labels": labels} if labels else {})},
                "data": {"k": f"{i} " * (size // 4)},
            }
        )
        kept = decode_object(raw, CONFIGMAPS, keep)
        assert isinstance(kept, PackedObject)
        found.append(kept)
    return found


def header(count: int, **more: object) -> Header:
    made = Header(
        source=PLACE.source,
        question=QUESTION,
        resource=CONFIGMAPS,
        version="77",
        as_of=NOW,
        count=count,
        malformed=(Malformed("n1/bad", "Expected `str`"),),
    )
    return msgspec.structs.replace(made, **more)


def written(found: list[PackedObject]) -> bytes:
    file = io.BytesIO()
    assert write(file, header(len(found)), found, most=1 << 30) == len(file.getvalue())
    return file.getvalue()


def read(data: bytes) -> tuple[Header, list[PackedObject]]:
    reader = CheckpointReader(io.BytesIO(data), len(data))
    head, found = reader.header(), list[PackedObject]()
    while (block := reader.block()) is not None:
        found += block
    return head, found


def plain(found: list[PackedObject]) -> list[object]:
    """By namespace and name."""
    return [
        (o.type, o.namespace, o.name, o.uid, o.resource_version, dict(o.labels), o.well, o.json())
        for o in sorted(found, key=key_of)
    ]


FEW = objects(20)
WHOLE = written(FEW)


@pytest.mark.parametrize("count", [0, 1, form.BLOCK, 2 * form.BLOCK + 3])
def test_what_was_written_is_read_again(count: int) -> None:
    found = objects(count)
    head, again = read(written(found))
    assert plain(again) == plain(found)
    assert head == header(count)


def test_what_many_objects_share_is_written_once_and_shared_again() -> None:
    found = objects(600, size=1000)
    data = written(found)
    assert len(data) < sum(len(o.json()) for o in found) / 2
    _, again = read(data)
    assert len({id(o.labels) for o in again if o.labels}) == len({id(o.labels) for o in found if o.labels})
    assert len({id(o.unpack) for o in again if o.unpack}) == 1
    assert len({id(o.well) for o in again if o.well}) == len({id(o.well) for o in found if o.well}) == 3


def test_of_many_dictionaries_the_last_objects_are_written_open() -> None:
    found = [o for _ in range(form._MOST_DICTIONARIES + 4) for o in objects(12)]
    _, again = read(written(found))
    assert sorted(o.json() for o in again) == sorted(o.json() for o in found)


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1))
def test_cut_anywhere_it_is_never_whole(at: int) -> None:
    with pytest.raises(NotWhole):
        read(WHOLE[:at])


@settings(max_examples=600)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_changed_anywhere_it_is_never_whole(at: int, by: int) -> None:
    changed = bytearray(WHOLE)
    changed[at] ^= by
    with pytest.raises(NotWhole):
        read(bytes(changed))


@given(st.binary(max_size=200))
def test_other_bytes_are_never_whole(data: bytes) -> None:
    for given_ in (data, WHOLE + data if data else b"", WHOLE[:40] + data):
        with pytest.raises(NotWhole):
            read(given_)


def test_another_form_is_not_read_whatever_its_header_holds() -> None:
    for newer in (header(0, form=form.FORM + 1), {"form": form.FORM + 1, "source": {"of": "another shape"}}):
        head = msgspec.msgpack.encode(newer)
        with pytest.raises(NotWhole, match="form"):
            read(form._MAGIC + len(head).to_bytes(4) + head)


def test_it_never_takes_more_room_than_it_may() -> None:
    file = io.BytesIO()
    with pytest.raises(TooLarge):
        write(file, header(len(FEW)), FEW, most=len(WHOLE) - 1)
    assert len(file.getvalue()) < len(WHOLE)


# ---- the directory


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path / "data" / "hub")
    made.prepare()
    return made


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_nobody_else_has_access_from_the_first_moment(tmp_path: Path) -> None:
    hub = tmp_path / "data" / "hub"
    files = Files(hub)
    files.prepare()
    assert (mode(hub), mode(hub.parent)) == (0o700, 0o700)
    seen: list[int] = []
    found = objects(form.BLOCK * 3)

    def look() -> bool:
        seen.extend(mode(path) for path in hub.iterdir())
        return False

    files.write("a", header(len(found)), found, most=1 << 30, stopped=look)
    assert seen == [0o600] * 3
    assert [mode(path) for path in hub.iterdir()] == [0o600]


def test_a_directory_that_others_may_enter_is_closed_and_a_foreign_one_refused(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    hub.mkdir(mode=0o755)
    Files(hub).prepare()
    assert mode(hub) == 0o700
    (tmp_path / "link").symlink_to(hub)
    (tmp_path / "file").touch()
    for other in ("link", "file"):
        with pytest.raises(NotOurs):
            Files(tmp_path / other).prepare()


def test_stopped_in_the_middle_the_old_file_stands(files: Files, tmp_path: Path) -> None:
    files.write("a", header(len(FEW)), FEW, most=1 << 30)
    more = objects(form.BLOCK * 2)
    blocks = iter([False, True])
    with pytest.raises(InterruptedError):
        files.write("a", header(len(more)), more, most=1 << 30, stopped=lambda: next(blocks))
    (only,) = (tmp_path / "data" / "hub").iterdir()
    assert only.read_bytes() == WHOLE


def test_the_oldest_go_and_what_nobody_wrote_for_a_day(files: Files, tmp_path: Path) -> None:
    hub = tmp_path / "data" / "hub"
    for number, name in enumerate("abcde"):
        files.write(name, header(len(FEW)), FEW, most=1 << 30)
        age = 90_000 if name == "a" else 1000 - number
        at = (hub / f"{name}.checkpoint").stat().st_mtime - age
        os.utime(hub / f"{name}.checkpoint", (at, at))
    (hub / "x.1.unfinished").touch()
    os.utime(hub / "x.1.unfinished", (1, 1))
    (hub / "mine.txt").touch()
    assert files.tidy(len(WHOLE) * 2) == len(WHOLE) * 2
    assert {p.name for p in hub.iterdir()} == {"d.checkpoint", "e.checkpoint", "mine.txt"}
    files.clear()
    assert {p.name for p in hub.iterdir()} == {"mine.txt"}


# ---- what a stream begins with


class Into:
    """Stands for a stream's holdings."""

    def __init__(self) -> None:
        self.objects: list[PackedObject] = []
        self.header: Header | None = None
        self.read: ObjectIndex | None = None

    def wanted(self) -> Collection[Question]:
        return ()

    def restored(self, header: Header, objects: ObjectIndex) -> None:
        self.header, self.read = header, objects

    def taken_in(self, objects: ObjectIndex) -> None:
        self.objects = objects.all()

    def not_restored(self) -> None:
        self.header, self.objects = None, []


class Of:
    """Stands for a stream."""

    def __init__(self, place: Place, found: list[PackedObject], changes: int = 1) -> None:
        self.place, self.changes, self.found, self.taken = place, changes, found, 0
        self.void, self.tier, self.as_of = False, 0, NOW

    def moment(self) -> Moment | None:
        self.taken += 1
        return Moment(version="77", as_of=NOW, objects=tuple(self.found), malformed=(), truncated=False)


async def checkpoints(directory: Path, **more: object) -> Checkpoints:
    said = msgspec.structs.replace(CheckpointSettings(), **more)
    made = Checkpoints(Files(directory), said, FakeClock(NOW + timedelta(minutes=1)))
    await made.restore(Place("nothing", "", QUESTION), Into())
    return made


async def test_a_stream_is_given_its_own_file_and_no_other(tmp_path: Path) -> None:
    await (await checkpoints(tmp_path / "hub")).finish([Of(PLACE, FEW)])
    into = Into()
    await (await checkpoints(tmp_path / "hub")).restore(PLACE, into)
    assert plain(into.objects) == plain(FEW)
    assert into.header is not None
    assert (into.header.version, into.header.as_of) == ("77", NOW)
    others: list[SourceKey] = [
        ("eu-2", *SOURCE[1:]),
        (SOURCE[0], "https://other", *SOURCE[2:]),
        (*SOURCE[:2], Trust(ca_pem="another CA"), SOURCE[3]),
        (*SOURCE[:3], "another reader"),
    ]
    for place in [
        *(Place.of(o, QUESTION) for o in others),
        Place.of(SOURCE, Question(CONFIGMAPS, namespace="a")),
    ]:
        again = await checkpoints(tmp_path / "hub")
        into = Into()
        await again.restore(place, into)
        assert (into.header, into.objects) == (None, [])
        # Nor is a file that somebody put in its place taken for it.
        foreign = tmp_path / "hub" / f"{place.name}.checkpoint"
        foreign.write_bytes((tmp_path / "hub" / f"{PLACE.name}.checkpoint").read_bytes())
        foreign.chmod(0o600)
        await again.restore(place, into)
        assert (into.header, into.objects) == (None, [])
        assert not foreign.exists()


@pytest.mark.parametrize(
    "trouble", ["torn", "others may write", "others may read", "a link", "from the future"]
)
async def test_what_cannot_be_trusted_is_ignored_and_removed(trouble: str, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    await (await checkpoints(hub)).finish([Of(PLACE, FEW)])
    file = hub / f"{PLACE.name}.checkpoint"
    again = await checkpoints(hub)
    match trouble:
        case "torn":
            file.write_bytes(file.read_bytes()[:-9])
        case "others may write":
            file.chmod(0o620)
        case "others may read":
            file.chmod(0o604)
        case "a link":
            file.rename(tmp_path / "elsewhere")
            file.symlink_to(tmp_path / "elsewhere")
        case _:
            again._reading._clock = FakeClock(NOW - timedelta(hours=1))
    into = Into()
    await again.restore(PLACE, into)
    assert (into.header, into.objects) == (None, [])
    assert list(hub.iterdir()) == []
    await again.finish([Of(PLACE, FEW)])
    assert file.is_file()


async def test_secrets_and_events_are_never_written(tmp_path: Path) -> None:
    for resource in (t for t in KNOWN_TYPES if t.plural in ("secrets", "events")):
        stream = Of(Place.of(SOURCE, Question(type=resource)), FEW)
        await (await checkpoints(tmp_path / "hub")).finish([stream])
        assert stream.taken == 0
    assert list((tmp_path / "hub").iterdir()) == []


async def test_switched_off_nothing_is_written_and_what_there_was_is_removed(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    off = await checkpoints(hub, enabled=False)
    await off.finish([Of(PLACE, FEW)])
    assert not hub.exists()
    await (await checkpoints(hub)).finish([Of(PLACE, FEW)])
    assert len(list(hub.iterdir())) == 1
    off = await checkpoints(hub, enabled=False)
    await off.run(lambda: ())
    await off.restore(PLACE, Into())
    assert (list(hub.iterdir()), off.read) == ([], 0)


async def test_what_is_refused_later_is_removed(tmp_path: Path) -> None:
    stream = Of(PLACE, FEW)
    await (await checkpoints(tmp_path / "hub")).finish([stream])
    assert len(list((tmp_path / "hub").iterdir())) == 1
    stream.void = True
    await (await checkpoints(tmp_path / "hub")).finish([stream])
    assert list((tmp_path / "hub").iterdir()) == []


async def test_what_has_not_changed_is_not_written_again_and_what_has_is_after_the_interval(
    tmp_path: Path,
) -> None:
    writer = await checkpoints(tmp_path / "hub", every=0.05)
    one, two = Of(PLACE, FEW), Of(Place.of(SOURCE, Question(CONFIGMAPS, namespace="a")), FEW)
    running = asyncio.create_task(writer.run(lambda: (one, two)))
    try:
        await eventually(lambda: writer.written == 2)
        for number in range(3):
            one.changes += 1
            await eventually(lambda: one.taken == 2 + number)  # noqa: B023 - waited for at once
        assert two.taken <= 2
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Tidied(Files):
    """Counts."""

    tidied = 0

    def tidy(self, most: int) -> int:
        self.tidied += 1
        return super().tidy(most)


async def test_the_directory_is_tidied_once_for_many_files_and_again_before_they_outgrow_it(
    tmp_path: Path,
) -> None:
    async def tidied(directory: Path, most: int) -> int:
        files = Tidied(directory)
        settings = CheckpointSettings(every=1.0, max_bytes=most)
        writer = Checkpoints(files, settings, FakeClock(NOW + timedelta(minutes=1)))
        await writer.restore(Place("nothing", "", QUESTION), Into())
        before = files.tidied
        streams = [Of(Place.of(SOURCE, Question(CONFIGMAPS, namespace=str(n))), FEW) for n in range(40)]
        running = asyncio.create_task(writer.run(lambda: streams))
        try:
            await eventually(lambda: writer.written >= 40)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return files.tidied - before

    assert 1 <= await tidied(tmp_path / "wide", 1 << 30) < 10
    whole = sum(f.stat().st_size for f in (tmp_path / "wide").iterdir())
    assert await tidied(tmp_path / "narrow", whole // 4) > 30
    assert sum(f.stat().st_size for f in (tmp_path / "narrow").iterdir()) <= whole // 3


async def test_a_stop_writes_what_has_changed_first_and_ends_in_time(tmp_path: Path) -> None:
    late = await checkpoints(tmp_path / "hub")
    await late.finish([Of(PLACE, FEW)], within=0.0)
    assert late.written <= 1
    assert not list((tmp_path / "hub").glob("*.unfinished"))


async def test_a_directory_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "hub").touch()
    none = await checkpoints(tmp_path / "hub")
    into = Into()
    await none.restore(PLACE, into)
    await none.finish([Of(PLACE, FEW)])
    assert into.header is None
