"""`$text`, `$json` and `$yaml` in the definition of an API: the name of another file, replaced by what it holds.

They are read only there: a local file from beside the file that names it or below, and whatever address may be read as a
`url` location. `$openapi` and `$asyncapi` are files that stand by themselves: references to other files in them are told, not
followed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from urllib.parse import urljoin

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.catalog.sources.definition import definition_of
from callboard.catalog.sources.document import Path, SourceDocument
from callboard.catalog.sources.files import is_inside
from callboard.catalog.sources.location import LONGEST, Location
from callboard.outbound import shown_url

__all__ = ["FORMS", "misplaced", "placeholder", "resolve_target", "substituted"]

FORMS = ("$text", "$json", "$yaml", "$openapi", "$asyncapi")
UNREAD = "(not read)"
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def placeholder(root: object) -> tuple[str, str] | None:
    """The form and target of an API definition's placeholder, or None when there is none."""
    spec = root.get("spec") if isinstance(root, dict) and root.get("kind") == "API" else None
    definition = spec.get("definition") if isinstance(spec, dict) else None
    if isinstance(definition, dict) and len(definition) == 1:
        form, target = next(iter(definition.items()))
        if form in FORMS and isinstance(target, str):
            return form, target
    return None


def resolve_target(base: Location, target: str, folders: Sequence[str] = ()) -> Location:
    """The location a placeholder means: an address, or a file beside `base`, below, or in one of `folders`. Raises BadInput.

    Which addresses may be read, whoever reads them decides.
    """
    if "\0" in target or len(target) > LONGEST:
        raise BadInput(_outside(base, target[:100].replace("\0", "�"), "a path or an address"))
    if _ADDRESS.match(target):
        return Location("url", target)
    if base.type == "url":
        url = urljoin(base.target, target)
        if not _ADDRESS.match(url):
            raise BadInput(_outside(base, target, "an address"))
        return Location("url", url)
    beside = str(FilePath(base.target).resolve().parent)
    file = str((FilePath(base.target).parent / target).resolve())
    if "://" in target or not is_inside(file, (beside, *folders)):
        expected = "a file beside the one that names it, or below, or an address"
        hint = "callboard.catalog.folders allows further folders"
        raise BadInput(replace(_outside(base, target, expected), hint=hint))
    return Location("file", file)


def substituted(document: SourceDocument, form: str, source: Location, data: bytes | None) -> SourceDocument:
    """The document with `spec.definition` filled in. Raises BadInput when `data` is not what `form` says; None stands for what
    was not read."""
    root = document.value
    if not isinstance(root, dict):
        raise TypeError("a document with a placeholder is an object")
    definition = UNREAD if data is None else definition_of(form, source, data)
    spec = root["spec"]
    if not isinstance(spec, dict):
        raise TypeError("a document with a placeholder has a spec")
    return msgspec.structs.replace(document, value={**root, "spec": {**spec, "definition": definition}})


def _outside(base: Location, target: str, expected: str) -> Problem:
    return Problem(
        "a placeholder may not read from there", where=base.shown, found=shown_url(target), expected=expected
    )


def misplaced(value: object, path: Path = ()) -> list[Path]:
    """Where an entity has a placeholder that is not read: everywhere but in the definition of an API."""
    found: list[Path] = []
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in FORMS:
            found.append(path)
        for key, inner in value.items():
            found += misplaced(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += misplaced(inner, (*path, index))
    return found
