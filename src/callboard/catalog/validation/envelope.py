"""The rules every entity obeys, whatever its kind: root fields, names, labels, annotations, tags and links."""

from collections.abc import Mapping

from callboard.catalog.leaves import case_clashes
from callboard.catalog.sources.document import Path
from callboard.catalog.validation import formats
from callboard.catalog.validation.findings import Findings, named, shown

__all__ = ["check_envelope"]

ROOT_FIELDS = ("apiVersion", "kind", "metadata", "spec")
"""What a file may say. Backstage adds `relations` and `status` itself and refuses them in a file."""


def check_envelope(findings: Findings, root: Mapping[str, object]) -> None:
    """Note everything that is wrong with the envelope of an entity as a file gives it, before defaults are added."""
    for field in root:
        if field not in ROOT_FIELDS:
            findings.add((str(field),), f"Unknown field {named(field)}", expected=", ".join(ROOT_FIELDS))
    findings.formatted(
        findings.text(root, ("apiVersion",), required=True), ("apiVersion",), formats.API_VERSION
    )
    findings.formatted(findings.text(root, ("kind",), required=True), ("kind",), formats.KIND)
    findings.mapping(root, ("spec",))
    metadata = findings.mapping(root, ("metadata",), required=True)
    if metadata is not None:
        _check_metadata(findings, metadata)
    for before, after in case_clashes(root):
        findings.add(
            tuple(after.split(".")),
            "Entity has duplicate keys that vary only in casing",
            found=f"{named(before)} and {named(after)}",
        )


def _check_metadata(findings: Findings, metadata: Mapping[str, object]) -> None:
    name = findings.text(metadata, ("metadata", "name"), required=True)
    findings.formatted(name, ("metadata", "name"), formats.NAME)
    namespace = findings.text(metadata, ("metadata", "namespace"))
    findings.formatted(namespace, ("metadata", "namespace"), formats.NAMESPACE)
    findings.text(metadata, ("metadata", "title"))
    findings.text(metadata, ("metadata", "description"), empty=True)
    findings.text(metadata, ("metadata", "uid"))
    findings.text(metadata, ("metadata", "etag"))
    _check_strings(findings, metadata, ("metadata", "labels"), formats.LABEL_KEY, formats.LABEL_VALUE)
    _check_strings(findings, metadata, ("metadata", "annotations"), formats.ANNOTATION_KEY, None)
    tags = findings.items(metadata, ("metadata", "tags"), of="strings") or []
    for index, tag in enumerate(tags):
        place: Path = ("metadata", "tags", index)
        if isinstance(tag, str):
            findings.formatted(tag, place, formats.TAG)
        else:
            findings.add(place, "is malformed", found=shown(tag), expected="a string")
    links = findings.items(metadata, ("metadata", "links"), of="objects") or []
    for index, link in enumerate(links):
        _check_link(findings, link, ("metadata", "links", index))


def _check_strings(
    findings: Findings,
    metadata: Mapping[str, object],
    path: Path,
    key_format: formats.Format,
    value_format: formats.Format | None,
) -> None:
    """Labels and annotations: keys of one format to strings."""
    for key, value in (findings.mapping(metadata, path) or {}).items():
        place: Path = (*path, str(key))
        if not key_format.accepts(str(key)):
            findings.add(
                place, "has a key that is not valid", found=shown(str(key)), expected=key_format.expected
            )
        if not isinstance(value, str):
            hint = "" if value is None or isinstance(value, dict | list) else "put it in quotes"
            findings.add(place, "is malformed", found=shown(value), expected="a string", hint=hint)
        elif value_format is not None:
            findings.formatted(value, place, value_format)


def _check_link(findings: Findings, link: object, path: Path) -> None:
    if not isinstance(link, dict):
        findings.add(path, "is malformed", found=shown(link), expected="an object with url")
        return
    findings.formatted(findings.text(link, (*path, "url"), required=True), (*path, "url"), formats.URL)
    for field in ("title", "icon", "type"):
        text = findings.text(link, (*path, field))
        if text is not None and not text.strip():
            findings.add((*path, field), "is not valid", found=shown(text), expected="more than blanks")
