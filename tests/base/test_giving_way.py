"""Work of many pieces lets others have their turn, and comes to the same as all of it at once."""

import asyncio
from collections.abc import Generator

import pytest

from callboard.base import giving_way
from callboard.base.giving_way import at_once


def counted(done: list[str], until: int = 4) -> Generator[None, None, int]:
    for number in range(until):
        done.append(f"piece {number}")
        yield
    return until


async def test_others_have_their_turn_between_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving_way, "GIVE_WAY", -1.0)
    done: list[str] = []

    async def other() -> None:
        done.append("other")

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        assert await giving_way.giving_way(counted(done)) == 4
    assert done == ["piece 0", "other", "piece 1", "piece 2", "piece 3"]


async def test_little_work_is_done_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving_way, "GIVE_WAY", 3600.0)
    done: list[str] = []
    asyncio.get_running_loop().call_soon(done.append, "other")
    await giving_way.giving_way(counted(done))
    assert "other" not in done


async def test_what_goes_wrong_is_raised() -> None:
    def broken() -> Generator[None, None, None]:
        yield
        raise ValueError("third piece")

    with pytest.raises(ValueError, match="third piece"):
        await giving_way.giving_way(broken())
    with pytest.raises(ValueError, match="third piece"):
        at_once(broken())
    assert at_once(counted([])) == 4
