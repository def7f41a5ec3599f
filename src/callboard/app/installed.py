"""The extensions that are there: found by entry point, loaded, and asked for what they offer. What is wrong with one costs that
one."""

from importlib.metadata import EntryPoint, entry_points

import msgspec
import structlog

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


def installed(contexts: Contexts | None = None, leave: frozenset[str] = frozenset()) -> tuple[Extension, ...]:
    """The extensions found by entry point, by name, each loaded and asked but those that are to be left alone."""
    return tuple(
        msgspec.structs.replace(Extension(entry.name, {}, loaded=False), **_came_from(entry))
        if entry.name in leave
        else _loaded(entry, contexts)
        for entry in _entries()
    )


def loaded_now(name: str, contexts: Contexts | None = None) -> Extension | None:
    """One of them that was left alone, loaded and asked; None where there is none of that name. It blocks."""
    entry = next((e for e in _entries() if e.name == name), None)
    return _loaded(entry, contexts) if entry is not None else None


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name)[:MOST_EXTENSIONS]


def _loaded(entry: EntryPoint, contexts: Contexts | None) -> Extension:
    DEPRECATIONS.belongs(entry.value.partition(":")[0].partition(".")[0].strip(), entry.name)
    return msgspec.structs.replace(_asked(entry, contexts), **_came_from(entry))


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


def _came_from(entry: EntryPoint) -> dict[str, str]:
    try:
        if entry.dist is None:
            return {}
        return {
            "version": str(entry.dist.version)[:100],
            "origin": f"the package {str(entry.dist.name)[:100]}",
        }
    except Exception:  # metadata is foreign text
        return {}
