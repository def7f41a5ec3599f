"""`$text`, `$json` and `$yaml` in the definition of an API: the name of another file, replaced by what it holds.

They are read only there, and only from beside the file that names them: a local file from its directory or below, a URL
from the same host, which `backend.reading.allow` must permit as well.
"""

import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from urllib.parse import urljoin, urlsplit

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.catalog.sources.document import Document, Path, read_documents
from callboard.catalog.sources.location import Location
from callboard.outbound import shown_url

__all__ = ["FORMS", "misplaced", "placeholder", "resolve_target", "substituted"]

FORMS = ("$text", "$json", "$yaml")
MAX_DEPTH = 100
"""Of JSON, as of YAML."""


def placeholder(root: object) -> tuple[str, str] | None:
    """The form and target of an API definition's placeholder, or None when there is none."""
    spec = root.get("spec") if isinstance(root, dict) and root.get("kind") == "API" else None
    definition = spec.get("definition") if isinstance(spec, dict) else None
    if isinstance(definition, dict) and len(definition) == 1:
        form, target = next(iter(definition.items()))
        if form in FORMS and isinstance(target, str):
            return form, target
    return None


def resolve_target(base: Location, target: str) -> Location:
    """The location a placeholder means. Raises BadInput when it is not beside `base`."""
    if base.type == "url":
        url = urljoin(base.target, target)
        if urlsplit(url)[:2] != urlsplit(base.target)[:2]:
            raise BadInput(_outside(base, target, "an address on the same host"))
        return Location("url", url)
    directory = FilePath(base.target).resolve().parent
    file = (FilePath(base.target).parent / target).resolve()
    if "://" in target or not file.is_relative_to(directory):
        raise BadInput(_outside(base, target, "a file beside the one that names it, or below"))
    return Location("file", str(file))


def substituted(document: Document, form: str, source: Location, data: bytes) -> Document:
    """The document with `spec.definition` filled in. Raises BadInput when `data` is not what `form` says."""
    root = document.value
    if not isinstance(root, dict):
        raise TypeError("a document with a placeholder is an object")
    definition = _text(form, source, data)
    spec = root["spec"]
    if not isinstance(spec, dict):
        raise TypeError("a document with a placeholder has a spec")
    return msgspec.structs.replace(document, value={**root, "spec": {**spec, "definition": definition}})


def _text(form: str, source: Location, data: bytes) -> str:
    """What stands in for the placeholder. A definition is a string: JSON and YAML are read and written out as JSON."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadInput(Problem("is not UTF-8 text", where=source.shown)) from error
    if form == "$text":
        return text
    if form == "$json":
        value: object = _json(text, source)
    else:
        documents = list(read_documents(data, source.shown))
        if broken := [problem for document in documents for problem in document.problems]:
            raise BadInput(broken[0])
        if len(documents) != 1:
            found = f"{len(documents)} documents"
            raise BadInput(Problem("holds not one document", where=source.shown, found=found))
        value = documents[0].value
    try:
        written = (
            value
            if isinstance(value, str)
            else json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
        )
        written.encode()
        return written
    except UnicodeError as error:
        raise BadInput(Problem("holds half of a character", where=source.shown)) from error
    except ValueError as error:
        problem = Problem("holds a number that JSON does not know", where=source.shown)
        raise BadInput(problem) from error


def _json(text: str, source: Location) -> object:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise BadInput(Problem("is not JSON", where=source.shown)) from error
    except RecursionError as error:
        raise BadInput(_too_deep(source)) from error
    if _depth(value) > MAX_DEPTH:
        raise BadInput(_too_deep(source))
    return value


def _depth(value: object) -> int:
    """How deep lists and objects nest, as far as it matters."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        inner = (v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list))
        level = [each for several in inner for each in several if isinstance(each, dict | list)]
        depth += 1
    return depth


def _too_deep(source: Location) -> Problem:
    return Problem("is nested too deep", where=source.shown, expected=f"at most {MAX_DEPTH} levels")


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
