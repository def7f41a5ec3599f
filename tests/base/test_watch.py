"""A changed file is noticed, however it was changed, and a still one is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callboard.base.config import stamp, watch

INTERVAL = 0.01


async def next_change(changes: AsyncIterator[frozenset[Path]]) -> frozenset[Path]:
    async with asyncio.timeout(10):
        return await anext(changes)


async def test_a_file_written_created_replaced_and_removed_is_told(tmp_path: Path) -> None:
    file = tmp_path / "f"
    changes = watch([file], INTERVAL, known=[stamp(file)])
    file.write_text("one")
    assert await next_change(changes) == {file}
    file.write_text("three")
    assert await next_change(changes) == {file}
    other = tmp_path / "g"
    other.write_text("seven")
    os.utime(other, ns=(0, file.stat().st_mtime_ns))  # same size, same time: only the inode differs
    other.replace(file)
    assert await next_change(changes) == {file}
    file.unlink()
    assert await next_change(changes) == {file}


async def test_a_swapped_link_as_kubernetes_makes_it_is_told(tmp_path: Path) -> None:
    for name in ("..one", "..two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app-config.yaml").write_text("a: 1")
        os.utime(tmp_path / name / "app-config.yaml", ns=(0, 0))
    (tmp_path / "..data").symlink_to("..one")
    file = tmp_path / "app-config.yaml"
    file.symlink_to("..data/app-config.yaml")
    changes = watch([file], INTERVAL, known=[stamp(file)])
    (tmp_path / "..next").symlink_to("..two")
    (tmp_path / "..next").replace(tmp_path / "..data")
    assert await next_change(changes) == {file}


async def test_a_set_of_files_that_changes_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a")
    looks = 0

    def files() -> list[Path]:
        nonlocal looks
        looks += 1
        if looks == 2:
            (tmp_path / "b.yaml").write_text("b")
        return sorted(tmp_path.glob("*.yaml"))

    changes = watch(files, INTERVAL)
    assert await next_change(changes) == {tmp_path / "b.yaml"}
    (tmp_path / "a.yaml").unlink()
    assert await next_change(changes) == {tmp_path / "a.yaml"}


async def test_nothing_is_told_of_still_files_and_looks_are_an_interval_apart(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    looks = 0

    def files() -> list[Path]:
        nonlocal looks
        looks += 1
        return [tmp_path / "f", tmp_path / "never"]

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.35):
            await anext(watch(files, 0.1))
    assert 2 <= looks <= 4
