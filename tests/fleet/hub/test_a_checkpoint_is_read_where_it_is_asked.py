"""After a restart the blocks are read that somebody asks for, then all others; none of them twice."""

import asyncio
import io
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from unittest import mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint import reading as module
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints, Moment
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import BLOCK, CheckpointReader, Header, write
from callboard.fleet.hub.checkpoint.reading import Place
from callboard.fleet.hub.checkpoint.unread import Unread
from callboard.fleet.hub.holdings.index import ObjectIndex, key_of
from callboard.fleet.hub.port import SourceKey
from callboard.model.cluster import Trust
from callboard.model.objects import OwnerReference, PackedObject
from callboard.model.outcome import Question
from callboard.model.resource import KNOWN_TYPES

PODS: Final = next(t for t in KNOWN_TYPES if t.plural == "pods")
ALL: Final = Question(type=PODS)
NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)
SOURCE: Final[SourceKey] = ("eu-1", "https://eu-1.example.com", Trust(), "reader")
PLACE: Final = Place.of(SOURCE, ALL)


def pod(namespace: str, name: str, labels: dict[str, str]) -> PackedObject:
    raw = msgspec.json.encode({"metadata": {"namespace": namespace, "name": name, "labels": labels}})
    return PackedObject(PODS, namespace, name, f"u-{name}", "1", labels, raw)


def services(count: int, pods: int = 4) -> list[PackedObject]:
    return [
        pod(f"team-{s % 7}", f"svc-{s:04}-{p}", {"app": f"svc-{s:04}", "tier": "web"})
        for s in range(count)
        for p in range(pods)
    ]


def asked(selector: str, namespace: str = "") -> Question:
    return Question(type=PODS, namespace=namespace, label_selector=selector)


class Into:
    """Stands for a stream that somebody looks at, or nobody."""

    def __init__(self, *wanted: Question, told: Callable[["Into"], None] = lambda _: None) -> None:
        self._wanted, self._told = wanted, told
        self.first: Unread | None = None
        self.blocks_at_first = -1
        self.whole: ObjectIndex | None = None

    def wanted(self) -> Collection[Question]:
        return self._wanted

    def restored(self, header: Header, objects: ObjectIndex) -> None:
        assert isinstance(objects, Unread)
        self.first, self.blocks_at_first = objects, objects.blocks
        self._told(self)

    def taken_in(self, objects: ObjectIndex) -> None:
        self.whole = objects

    def not_restored(self) -> None:
        self.first = self.whole = None


class Of:
    """A stream to write."""

    tier, changes, void, as_of = 0, 1, False, NOW

    def __init__(self, place: Place, found: list[PackedObject]) -> None:
        self.place, self._found = place, found

    def moment(self) -> Moment:
        return Moment(version="7", as_of=NOW, objects=self._found, malformed=(), truncated=False)


async def ready(directory: Path, judged: str = "") -> Checkpoints:
    clock = FakeClock(NOW + timedelta(minutes=1))
    made = Checkpoints(Files(directory), CheckpointSettings(), clock, judged=judged)
    await made.restore(Place("nothing", "", ALL), Into())
    return made


async def written(directory: Path, found: list[PackedObject], *places: Place) -> Checkpoints:
    before = await ready(directory)
    await before.finish([Of(place, found) for place in places or (PLACE,)])
    assert before.written == len(places or (PLACE,))
    return await ready(directory)


@pytest.mark.parametrize("judged", ["", "other rules"])
async def test_what_others_found_to_be_well_is_not_believed(tmp_path: Path, judged: str) -> None:
    well = (OwnerReference(kind="ReplicaSet", name="web", uid="u"),)
    found = [msgspec.structs.replace(obj, well=well) for obj in services(3)]
    await written(tmp_path / "hub", found)
    into = Into()
    await (await ready(tmp_path / "hub", judged)).restore(PLACE, into)
    assert into.whole is not None
    outlines = {obj.well for obj in into.whole.select(ALL)}
    assert outlines == ({well} if not judged else {None})


async def test_of_a_large_stream_a_page_reads_its_own_blocks_and_nothing_is_read_twice(
    tmp_path: Path,
) -> None:
    found = services(400)
    blocks = -(-len(found) // BLOCK)
    assert blocks > 20
    again = await written(tmp_path / "hub", found)
    mine = asked("app=svc-0123")
    seen: list[tuple[PackedObject, ...]] = []

    def look(into: Into) -> None:
        assert into.first is not None
        assert into.blocks_at_first <= 2
        seen.append(into.first.select(mine))
        seen.append(into.first.select(asked("app=svc-0123,tier", "team-4")))
        assert into.first.select(asked("app=svc-0123", "team-5")) == ()
        assert into.first.blocks == into.blocks_at_first, "what is wanted was read before anybody was told"
        assert len(into.first) == len(found)

    into = Into(mine, told=look)
    await again.restore(PLACE, into)
    assert [len(each) for each in seen] == [4, 4]
    assert into.whole is not None
    assert into.whole.select(mine) == seen[0]
    assert len(into.whole) == len(found)
    assert again.blocks == blocks, "each block once"


async def test_what_a_page_waits_for_is_opened_before_what_is_only_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOGETHER", 2)
    places = [Place.of((f"c{n}", *SOURCE[1:]), ALL) for n in range(9)]
    again = await written(tmp_path / "hub", services(3), *places)
    order: list[int] = []

    def into(number: int) -> Into:
        wanted = [asked("app=svc-0001")] if number >= 7 else []
        return Into(*wanted, told=lambda _: order.append(number))

    await asyncio.gather(*(again.restore(place, into(n)) for n, place in enumerate(places)))
    assert order[:2] == [7, 8]
    assert sorted(order) == list(range(9))


async def test_a_block_that_has_decayed_ends_it_all_and_is_never_shown_as_nothing(tmp_path: Path) -> None:
    found = services(400)
    again = await written(tmp_path / "hub", found)
    (file,) = (tmp_path / "hub").iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    ended: list[object] = []

    def look(into: Into) -> None:
        first = into.first
        assert first is not None
        everything = first.select(ALL)
        ended.append((everything, into.first))

    into = Into(asked("app=svc-0000"), told=look)
    await again.restore(PLACE, into)
    assert ended == [((), None)], "told that nothing is known, before it could be taken for none"
    assert into.whole is None
    assert not file.exists()


LABELS = st.dictionaries(st.sampled_from(["app", "tier", "x/y"]), st.sampled_from(["a", "b", ""]), max_size=3)
OBJECTS = st.dictionaries(
    st.tuples(st.sampled_from(["", "a", "a-b", "b"]), st.sampled_from([f"n{i}" for i in range(30)])),
    LABELS,
    max_size=80,
)
SELECTORS = st.sampled_from(
    [
        "",
        "app=a",
        "app in (a,b)",
        "app",
        "!app",
        "app!=a",
        "app=a,tier=b",
        "app=a,!tier",
        "x/y notin (a)",
        "tier=",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    OBJECTS,
    st.lists(
        st.tuples(
            SELECTORS, st.sampled_from(["", "a", "a-b", "b", "c"]), st.sampled_from(["", "n3", "none"])
        ),
        max_size=6,
    ),
    st.integers(1, 7),
)
def test_whatever_is_asked_it_is_found_as_if_all_were_read(
    held: dict[tuple[str, str], dict[str, str]], questions: list[tuple[str, str, str]], block: int
) -> None:
    found = [pod(*key, labels) for key, labels in held.items()]
    file = io.BytesIO()
    header = Header(source="s", question=ALL, resource=PODS, version="1", as_of=NOW, count=len(found))
    with mock.patch("callboard.fleet.hub.checkpoint.form.BLOCK", block):
        size = write(file, header, found, most=1 << 30)
    data = file.getvalue()
    contents = CheckpointReader(file, size).contents()
    unread = Unread(contents, lambda: io.BytesIO(data), lambda: pytest.fail("it is whole"))
    index = ObjectIndex()
    index.fill(found)
    for selector, namespace, name in questions:
        question = Question(type=PODS, namespace=namespace, name=name, label_selector=selector)
        told = [(key_of(o), dict(o.labels)) for o in unread.select(question)]
        assert told == [(key_of(o), dict(o.labels)) for o in index.select(question)]
    assert {key_of(o) for o in unread.taken_in().all()} == set(held)
    assert unread.blocks == len(contents)
