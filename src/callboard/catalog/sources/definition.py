"""What another file holds, as the definition of an API."""

import json
from collections.abc import Iterator

from callboard.base.errors import BadInput, Problem
from callboard.catalog.sources.document import read_documents
from callboard.catalog.sources.location import Location
from callboard.outbound import shown_url

__all__ = ["definition_of"]

WHOLE = ("$openapi", "$asyncapi")
"""Forms that Backstage's modules resolve, references to other files included."""
MAX_DEPTH = 100
"""Of JSON, as of YAML."""


def definition_of(form: str, source: Location, data: bytes) -> str:
    """What stands in for the placeholder. A definition is a string: JSON and YAML are read and written out as JSON. Raises
    BadInput when `data` is not what `form` says."""
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
        if form in WHOLE:
            _check_whole(form, value, source)
            return text
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


def _check_whole(form: str, value: object, source: Location) -> None:
    """Raises BadInput where a definition does not stand by itself."""
    if not isinstance(value, dict):
        raise BadInput(Problem(f"is no definition for {form}", where=source.shown, expected="an object"))
    for reference in _references(value):
        if not reference.startswith("#"):
            raise BadInput(
                Problem(
                    f"refers to another file, which {form} does not follow here",
                    where=source.shown,
                    found=shown_url(reference)[:100],
                    expected="references within the file (#/…)",
                    hint="bundle the definition into one file",
                )
            )


def _references(value: object) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str):
                yield reference
            left += each.values()
        elif isinstance(each, list):
            left += each


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
