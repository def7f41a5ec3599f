"""Noticing that files changed, by looking.

A look is one `stat` a file, so it works where change notices do not: network mounts, and ConfigMaps, which Kubernetes
swaps by turning a symbolic link (the stat follows it, so the inode changes).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import msgspec

__all__ = ["FileStamp", "stamp", "watch"]


class FileStamp(msgspec.Struct, frozen=True):
    """What tells one state of a file from another. A file that is not there has inode 0 and size -1."""

    path: Path
    inode: int = 0
    size: int = -1
    mtime_ns: int = 0


def stamp(path: Path) -> FileStamp:
    """The present state of `path`, links followed; a path that cannot be looked at counts as not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - Path.stat is the same call, slower
    except OSError:
        return FileStamp(path)
    return FileStamp(path, found.st_ino, found.st_size, found.st_mtime_ns)


async def watch(
    paths: Callable[[], Iterable[Path]] | Iterable[Path],
    interval: float,
    *,
    known: Iterable[FileStamp] = (),
) -> AsyncIterator[frozenset[Path]]:
    """Yield the paths that changed, appeared or vanished, each time some did; look every `interval` seconds.

    `paths` may be a function, asked at each look, where the set of files changes with their content (globs, includes).
    `known` are stamps taken when the files were read: what changed since then is told at the first look; for other paths the
    first look is the beginning. It never ends by itself; cancel its task. Stats run in a thread, so that a dead mount
    holds up nothing but this.
    """
    ask = paths if callable(paths) else (lambda fixed=tuple(paths): fixed)
    seen: dict[Path, FileStamp] = {each.path: each for each in known}
    first = True
    while True:
        wanted = tuple(dict.fromkeys(ask()))
        now = {each.path: each for each in await asyncio.to_thread(_look, wanted)}
        changed = {path for path, each in now.items() if path in seen and seen[path] != each}
        if not first:
            # a path asked for since the last look is news, as is one no longer asked for
            changed |= now.keys() ^ seen.keys()
        first = False
        seen = now
        if changed:
            yield frozenset(changed)
        await asyncio.sleep(interval)


def _look(paths: tuple[Path, ...]) -> list[FileStamp]:
    return [stamp(path) for path in paths]
