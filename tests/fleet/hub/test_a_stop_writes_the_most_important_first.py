"""What there is no file of would be listed anew after a restart; what has changed a little is only a little older."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from callboard.base.clock import FakeClock
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints, Moment
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import Header
from callboard.fleet.hub.checkpoint.reading import Place
from callboard.fleet.hub.holdings.index import ObjectIndex
from callboard.fleet.hub.port import SourceKey
from callboard.model.cluster import Trust
from callboard.model.outcome import Question
from callboard.model.resource import KNOWN_TYPES
from support.listening import eventually

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
PODS = next(t for t in KNOWN_TYPES if t.plural == "pods")
SOURCE: SourceKey = ("eu-1", "https://eu-1.example.com", Trust(ca_pem="CA"), "reader at eu-1")


class Of:
    """Stands for a stream; notes in `order` when it is asked for what it holds."""

    def __init__(self, name: str, order: list[str], *, tier: int = 0) -> None:
        self.place = Place.of(SOURCE, Question(type=PODS, namespace=name))
        self.tier, self.changes, self.void = tier, 1, False
        self.as_of: datetime | None = NOW
        self._name, self._order = name, order

    def moment(self) -> Moment | None:
        self._order.append(self._name)
        return Moment(version="7", as_of=NOW, objects=(), malformed=(), truncated=False)


async def test_a_stop_writes_what_has_no_file_then_what_has_changed_and_nothing_else(tmp_path: Path) -> None:
    order: list[str] = []
    settings = msgspec.structs.replace(CheckpointSettings(), every=0.05)
    writer = Checkpoints(Files(tmp_path / "hub"), settings, FakeClock(NOW))
    same, changed, other, void = (Of(name, order) for name in ("same", "changed", "other", "void"))
    written = [same, changed, other, void]
    await _restored(writer)
    running = asyncio.create_task(writer.run(lambda: written))
    await eventually(lambda: writer.written >= len(written))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    new, late = Of("new", order), Of("late", order, tier=2)
    changed.changes += 1
    other.changes, other.tier = 2, 1
    void.void = True
    order.clear()
    await writer.finish([same, late, other, changed, void, new])
    assert order == ["new", "late", "changed", "other"]
    files = {path.stem for path in (tmp_path / "hub").glob("*.checkpoint")}
    assert files == {stream.place.name for stream in (same, changed, other, new, late)}


async def test_a_stream_that_is_current_but_whose_file_is_old_is_written_last(tmp_path: Path) -> None:
    order: list[str] = []
    writer = Checkpoints(Files(tmp_path / "hub"), CheckpointSettings(), FakeClock(NOW))
    await _restored(writer)
    quiet, changed = Of("quiet", order), Of("changed", order, tier=3)
    for stream in (quiet, changed):
        await writer._write(stream)
    order.clear()
    quiet.as_of = NOW + timedelta(hours=1)
    changed.changes += 1
    await writer.finish([quiet, changed])
    assert order == ["changed", "quiet"]


async def _restored(writer: Checkpoints) -> None:
    """Its directory is made when a stream first asks for its file."""
    await writer.restore(Place("nothing", "", Question(type=PODS)), Nothing())


class Nothing:
    """A stream of which there is no file."""

    def wanted(self) -> tuple[Question, ...]:
        return ()

    def restored(self, header: Header, objects: ObjectIndex) -> None:
        raise AssertionError

    def taken_in(self, objects: ObjectIndex) -> None:
        raise AssertionError

    def not_restored(self) -> None:
        raise AssertionError
