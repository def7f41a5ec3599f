"""The directory of checkpoints: nobody else may read or write it, and what somebody else might have written is not read.

Everything here blocks: call it in a thread.
"""

import io
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from callboard.base import own_files
from callboard.base.own_files import UNFINISHED, NotOurs, own_directory
from callboard.fleet.hub.checkpoint.form import Header, NotWhole, write
from callboard.model.objects import PackedObject

__all__ = ["UNSEEN", "Files"]

UNSEEN: Final = 24 * 3600.0
"""Seconds after which a file that nobody wrote anew is removed: its stream has gone, with its cluster or with its readers."""

_SUFFIX: Final = ".checkpoint"

log = structlog.get_logger(__name__)


class Files:
    """The checkpoints in one directory. `prepare` first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def prepare(self) -> None:
        """Make the directory, and take away what others may do there. Raises NotOurs where it cannot be ours alone."""
        own_directory(self._directory.absolute().parent)
        own_directory(self._directory, alone=True)

    def open(self, name: str) -> io.FileIO | None:
        """The file, or None where there is none. Raises NotWhole where others may have written it, OSError."""
        try:
            return own_files.read(self._path(name))
        except NotOurs as error:
            raise NotWhole(error.problem.message) from error

    def write(
        self,
        name: str,
        header: Header,
        objects: Sequence[PackedObject],
        *,
        most: int,
        stopped: Callable[[], bool] = lambda: False,
        lasting: bool = True,
    ) -> int:
        """Put a whole file in the place of the old one; returns its size. Raises as `form.write`, and then the old one
        stands. `lasting` waits until the disk has it: without, a machine that loses its power may lose the file, and then
        has none."""
        return own_files.replace(
            self._path(name),
            lambda file: write(file, header, objects, most=most, stopped=stopped),
            lasting=lasting,
        )

    def remove(self, name: str) -> None:
        """Take the file away if it is ours."""
        self._unlink(self._path(name))

    def tidy(self, most: int) -> int:
        """Remove what has not been written for a day, what was left unfinished, and the oldest files beyond `most` bytes in
        all; returns how many bytes are left."""
        now = time.time()
        total = 0
        for path, found in self._newest_first():
            old = now - found.st_mtime
            left_over = path.suffix == UNFINISHED and old > 600  # a writer is never that slow
            if old > UNSEEN or left_over or total + found.st_size > most:
                self._unlink(path)
            else:
                total += found.st_size
        return total

    def clear(self) -> None:
        """Remove all of them, where there is a directory."""
        for path, _ in self._newest_first():
            self._unlink(path)

    def _newest_first(self) -> list[tuple[Path, os.stat_result]]:
        found: list[tuple[Path, os.stat_result]] = []
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.endswith((_SUFFIX, UNFINISHED)):
                    with suppress(FileNotFoundError):
                        found.append((Path(entry.path), entry.stat(follow_symlinks=False)))
        return sorted(found, key=lambda each: each[1].st_mtime, reverse=True)

    def _path(self, name: str) -> Path:
        return self._directory / (name + _SUFFIX)

    @staticmethod
    def _unlink(path: Path) -> None:
        with suppress(OSError):
            if path.lstat().st_uid == os.geteuid():
                path.unlink()
