"""The folder of `callboard.extensions.path`: wheels, or what `pip install --target` put there, without an image being built.

Whatever is loaded from it runs in our process, with all it may: so nobody but us or root may be able to change it. A wheel is
imported as it lies there, and nothing is unpacked. What is wrong with one file costs that one, and is told.
"""

import os
import stat
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Final

import msgspec

from callboard.base.errors import BadInput, Problem

__all__ = ["WHERE", "ExtensionFolder", "FoundExtension", "read_folder"]

WHERE: Final = "callboard.extensions.path"
MOST_WHEELS: Final = 100
MOST_FILES: Final = 20_000
MOST_BYTES: Final = 200 * 1024 * 1024
"""Of one wheel, unpacked."""


class FoundExtension(msgspec.Struct, frozen=True):
    """An entry point in the folder, and the file or folder that brings it."""

    entry: EntryPoint
    place: Path


class ExtensionFolder(msgspec.Struct, frozen=True):
    """What was found, by name, and what is wrong with the rest, a sentence each."""

    found: tuple[FoundExtension, ...] = ()
    problems: tuple[str, ...] = ()


def read_folder(folder: Path, group: str) -> ExtensionFolder:
    """Everything in it with entry points of a group, which can be imported from now on; behind all that is installed, so that it
    stands in for none of it. Blocks. Never raises for what is in the folder."""
    problems: list[str] = []
    found: list[FoundExtension] = []
    try:
        _may_be_trusted(folder)
        wheels = sorted(p for p in folder.iterdir() if p.suffix == ".whl")
        unpacked = sorted(folder.glob("*.dist-info"))
    except BadInput as error:
        return ExtensionFolder(problems=(error.message,))
    except OSError as error:
        why = error.strerror or "it cannot be read"
        return ExtensionFolder(problems=(f"{WHERE}: {folder}: {why}: the extensions in it are missing",))
    if len(wheels) > MOST_WHEELS:
        problems.append(f"{WHERE}: {folder} has more than {MOST_WHEELS} wheels; the last are left out")
    for wheel in wheels[:MOST_WHEELS]:
        _take(wheel, group, found, problems, _check_wheel)
    if unpacked:
        _take(folder, group, found, problems, _check_tree)
    return ExtensionFolder(tuple(sorted(found, key=lambda f: f.entry.name)), tuple(problems))


def _take(place: Path, group: str, found: list[FoundExtension], problems: list[str], check: object) -> None:
    try:
        check(place)  # type: ignore[operator]
        entries = [FoundExtension(entry, place) for entry in _entries(place, group)]
    except BadInput as error:
        problems.append(error.message)
        return
    except Exception as error:  # metadata are foreign text, archives foreign bytes
        problems.append(
            f"{WHERE}: {place}: it cannot be read ({type(error).__name__}): what is in it is left out"
        )
        return
    if not entries and place.suffix == ".whl":
        problems.append(
            f"{WHERE}: {place}: it has no entry point in the group {group!r}, so no extension is in it"
        )
    if str(place) not in sys.path:
        sys.path.append(str(place))
    found += entries


def _entries(place: Path, group: str) -> Iterator[EntryPoint]:
    for distribution in distributions(path=[str(place)]):
        assert isinstance(distribution, Distribution)  # noqa: S101 - so says the library
        yield from distribution.entry_points.select(group=group)


def _check_wheel(wheel: Path) -> None:
    """Raises BadInput."""
    _may_be_trusted(wheel)
    if not wheel.name.endswith("-none-any.whl"):
        raise _refused(
            wheel,
            "it is for one kind of machine: install it into the image",
            "a wheel of Python alone: …-none-any.whl",
        )
    if not zipfile.is_zipfile(wheel):
        raise _refused(wheel, "it is no wheel: it cannot be opened")
    with zipfile.ZipFile(wheel) as archive:
        files = archive.infolist()
    if len(files) > MOST_FILES or sum(f.file_size for f in files) > MOST_BYTES:
        raise _refused(
            wheel, f"it has more than {MOST_FILES} files, or more than {MOST_BYTES // 1024**2} MiB"
        )


def _check_tree(folder: Path) -> None:
    """Raises BadInput."""
    seen = 0
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            seen += 1
            if seen > MOST_FILES:
                raise _refused(
                    folder, f"it has more than {MOST_FILES} files: what is unpacked in it is left out"
                )
            _may_be_trusted(Path(root, name))


def _may_be_trusted(path: Path) -> None:
    """Raises BadInput where somebody else could put code of theirs there, or OSError."""
    found = path.stat()  # volumes of Kubernetes are full of links: what counts is what they lead to
    if found.st_uid not in (os.geteuid(), 0):
        raise _refused(
            path,
            f"it belongs to user {found.st_uid}, who could put code of theirs there; we are user {os.geteuid()}",
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o022 and not os.statvfs(path).f_flag & os.ST_RDONLY:
        who = "anyone on this machine" if mode & 0o002 else "others of its group"
        raise _refused(
            path,
            f"{who} may put code of theirs there (mode {mode:04o})",
            "a place that nobody but its owner may write, or a volume that is mounted to be read only",
        )


def _refused(path: Path, message: str, expected: str = "") -> BadInput:
    return BadInput(Problem(message, where=WHERE, path=str(path)[:400], expected=expected))
