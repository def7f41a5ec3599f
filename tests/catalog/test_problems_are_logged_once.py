"""Who runs the server reads in its log what is wrong with the catalog's files: once for each change, and without a secret."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from callboard.base.errors import Problem
from callboard.catalog import Catalog
from callboard.catalog.problem_log import MOST, ProblemLog
from support.catalog import entity, opened, settings, write


@pytest.fixture(autouse=True)
def plain_logging() -> None:
    structlog.reset_defaults()


async def test_a_broken_file_is_logged_with_its_place_and_once_for_each_change(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        with capture_logs() as told:
            async with running(catalog):
                file.write_text("kind: [\n")
                await until(lambda: len(problems(told)) == 1)
                (syntax,) = problems(told)
                assert (syntax["log_level"], syntax["file"]) == ("warning", str(file))
                assert syntax["line"] >= 1
                assert syntax["problem"]
                write(file, entity("Component", "one", owner=7))
                await until(lambda: len(problems(told)) == 2)
                field = problems(told)[1]
                assert (field["file"], field["path"], field["found"]) == (str(file), "spec.owner", "7")
                assert field["expected"]
                write(file, entity("Component", "one"))
                await until(lambda: mended(told) == [str(file)])
        assert len(problems(told)) == 2


async def test_what_was_wrong_at_the_start_is_logged_when_the_server_runs(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "kind: [\n")
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        with capture_logs() as told:
            await catalog.refresh()
            assert problems(told) == []
            async with running(catalog):
                await until(lambda: len(problems(told)) == 1)


def test_a_flood_is_counted() -> None:
    log = ProblemLog()
    many = [Problem("cannot be read", where=f"{i}.yaml") for i in range(MOST + 5)]
    with capture_logs() as told:
        log.tell(many)
        log.tell(many)
    assert len(problems(told)) == MOST
    assert [line["count"] for line in told if "count" in line] == [5]


@contextlib.asynccontextmanager
async def running(catalog: Catalog) -> Any:
    catalog._look_interval = 0.02
    task = asyncio.ensure_future(catalog.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def problems(told: list[Any]) -> list[Any]:
    return [line for line in told if "problem" in line]


def mended(told: list[Any]) -> list[str]:
    return [line["file"] for line in told if line["log_level"] == "info" and "in order" in line["event"]]
