"""The extensions that are there: found by entry point, loaded, and asked for what they offer. What is wrong with one costs that
one."""

import os
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

import msgspec
import structlog

from callboard.app.extension_folder import WHERE, FoundExtension, read_folder
from callboard.app.plugins import LOADING, Extension, asked, problem_of
from callboard.base.in_time import in_time
from callboard.base.shape import shown_type
from callboard.extend.deprecation import DEPRECATIONS
from callboard.extend.version import API_VERSION
from callboard.host.contexts import Contexts

__all__ = ["ENTRY_POINT_GROUP", "installed", "loaded_now"]

ENTRY_POINT_GROUP = "callboard"
MOST_EXTENSIONS = 200

_log = structlog.get_logger(__name__)


def installed(
    contexts: Contexts | None = None, leave: frozenset[str] = frozenset(), folder: Path | None = None
) -> tuple[Extension, ...]:
    """The extensions found by entry point, by name, each loaded and asked but those that are to be left alone; then those of the
    folder. What is wrong with the folder itself comes as an extension of the folder's name that offers nothing."""
    found, problems = _found(folder)
    broken: tuple[Extension, ...] = ()
    if problems:
        broken = (Extension(str(folder), {}, problems, origin=f"the folder {folder}"),)
    return (*_each(found, contexts, leave), *broken)


def loaded_now(name: str, contexts: Contexts | None = None, folder: Path | None = None) -> Extension | None:
    """One of them that was left alone, loaded and asked as at the start; None where there is none of that name. It blocks."""
    found = next((f for f in _found(folder)[0] if f.entry.name == name), None)
    return None if found is None else next(_each([found], contexts, frozenset()))


def _found(folder: Path | None) -> tuple[list[FoundExtension], tuple[str, ...]]:
    """Those that are installed, then those of the folder; what is wrong with the folder."""
    found = [FoundExtension(entry, Path()) for entry in _entries() if not _lies_in(entry, folder)]
    if folder is None:
        return found, ()
    read = read_folder(folder, ENTRY_POINT_GROUP)
    return [*found, *read.found][:MOST_EXTENSIONS], read.problems


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name)[:MOST_EXTENSIONS]


def _lies_in(entry: EntryPoint, folder: Path | None) -> bool:
    """Whether it was found in the folder, which is importable once it was read."""
    if folder is None or entry.dist is None:
        return False
    try:
        return Path(str(entry.dist.locate_file(""))).is_relative_to(folder)
    except Exception:  # a finder of somebody else's
        return False


def _each(
    found: Iterable[FoundExtension], contexts: Contexts | None, leave: frozenset[str]
) -> Iterator[Extension]:
    taken: dict[str, str] = {}
    for each in found:
        origin = _came_from(each)
        if (first := taken.get(each.entry.name)) is not None:
            if first != str(origin):  # an editable install and its wheel are one
                words = f"{origin.get('origin', 'another package')} brings a second one of this name, which is left out"
                yield msgspec.structs.replace(
                    Extension(each.entry.name, {}, (problem_of(each.entry.name, words),)), **origin
                )
            continue
        taken[each.entry.name] = str(origin)
        if each.entry.name in leave:
            yield msgspec.structs.replace(Extension(each.entry.name, {}, loaded=False), **origin)
            continue
        package = each.entry.value.partition(":")[0].partition(".")[0].strip()
        DEPRECATIONS.belongs(package, each.entry.name)
        words = _elsewhere(package, each.place)
        extension = (
            Extension(each.entry.name, {}, (problem_of(each.entry.name, words),))
            if words
            else _asked(each.entry, contexts)
        )
        yield msgspec.structs.replace(extension, **origin)


def _elsewhere(package: str, place: Path) -> str:
    """Why what would be imported is not what lies in the folder; "" where it is, or where nothing is to be imported from it."""
    if place == Path():
        return ""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return ""  # importing it says so
    origin = str(spec.origin or next(iter(spec.submodule_search_locations or ()), "")) if spec else ""
    there = f"{place}{os.sep}{package}"
    if not origin or origin == there or origin.startswith((f"{there}{os.sep}", f"{there}.")):
        return ""  # a wheel that lies in an unpacked folder is another place than the folder
    return f"its package {package} is there already, at {origin}: {WHERE} adds packages and replaces none"


def _asked(entry: EntryPoint, contexts: Contexts | None) -> Extension:
    try:
        plugin = in_time(f"the extension {entry.name!r}", entry.load, within=LOADING)
    except BaseException as error:
        _log.debug("an extension cannot be loaded", extension=entry.name, exc_info=error)
        words = f"it cannot be loaded from {entry.value}: {shown_type(error)}: {str(error)[:300]}; "
        if isinstance(error, ImportError) and str(error.name).startswith("callboard."):
            words += f"it was written for another version of callboard.extend than {API_VERSION}"
        else:
            words += "expected is a module or object with functions marked @hookimpl"
        return Extension(entry.name, {}, (problem_of(entry.name, words),))
    return asked(entry.name, plugin, contexts)


def _came_from(found: FoundExtension) -> dict[str, str]:
    place = f" in {found.place}" if found.place != Path() else ""
    try:
        dist = found.entry.dist
        if dist is None:
            return {}
        return {"version": str(dist.version)[:100], "origin": f"the package {str(dist.name)[:100]}{place}"}
    except Exception:  # metadata is foreign text
        return {}
