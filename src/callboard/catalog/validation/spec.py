"""The rules of each kind: which fields `spec` must have, of what form, and whether their references can be read."""

from collections.abc import Mapping

from callboard.base.errors import UsageError
from callboard.catalog.kinds import FieldRelation, Form, SpecField, kind_of
from callboard.catalog.sources.document import Path
from callboard.catalog.validation.findings import Findings, named, shown
from callboard.model.entity import EntityRef

__all__ = ["check_spec"]


def check_spec(findings: Findings, root: Mapping[str, object]) -> None:
    """Note everything that is wrong with `spec`, or that no kind claims the entity.

    Expects that `apiVersion` and `kind` are strings; says nothing otherwise, the envelope has said it.
    """
    api_version, name = root.get("apiVersion"), root.get("kind")
    if not isinstance(api_version, str) or not isinstance(name, str) or not api_version or not name:
        return
    spec = root.get("spec")
    kind = kind_of(api_version, name, spec.get("type") if isinstance(spec, dict) else None)
    if kind is None:
        findings.add(
            ("kind",),
            f"No processor recognized the entity {_described(root)} as valid, possibly caused by a foreign kind or apiVersion",
            found=f"kind {shown(name)} in apiVersion {shown(api_version)}",
            expected="a kind of the Backstage catalog model, spelled with its capitals",
        )
        return
    if "spec" not in root:
        findings.add(("spec",), "is missing", expected="an object")
    elif isinstance(spec, dict):
        for field in kind.fields:
            _check_field(findings, spec, ("spec", field.name), field)


def _described(root: Mapping[str, object]) -> str:
    metadata = root.get("metadata")
    held = metadata if isinstance(metadata, dict) else {}
    parts = (root.get("kind"), held.get("namespace", "default"), held.get("name", ""))
    kind, namespace, name = (named(part) if part else "" for part in parts)
    return f"{kind}:{namespace}/{name}".lower()


def _check_field(findings: Findings, parent: Mapping[str, object], path: Path, field: SpecField) -> None:
    if field.name not in parent:
        if field.required:
            findings.add(path, "is missing", expected=field.form.value)
        return
    value = parent[field.name]
    if field.form is Form.TEXT or (field.form is Form.TEXT_OR_TEXTS and not isinstance(value, list)):
        text = findings.text(parent, path)
        if text is not None and field.choices and text not in field.choices:
            findings.add(path, "is not valid", found=shown(text), expected=" or ".join(field.choices))
        if text is not None and field.link is not None:
            _check_reference(findings, text, path, field.link)
    elif isinstance(value, list) and field.form is not Form.OBJECT:
        if len(value) < field.least:
            findings.add(path, "has too few items", found=f"{len(value)}", expected=f"at least {field.least}")
        for index, item in enumerate(value):
            _check_item(findings, item, (*path, index), field)
    elif isinstance(value, dict) and field.form in (Form.OBJECT, Form.OBJECT_OR_OBJECTS):
        _check_object(findings, value, path, field)
    else:
        findings.add(path, "is malformed", found=shown(value), expected=field.form.value)


def _check_item(findings: Findings, item: object, path: Path, field: SpecField) -> None:
    if field.form not in (Form.TEXTS, Form.TEXT_OR_TEXTS):
        if isinstance(item, dict):
            _check_object(findings, item, path, field)
        else:
            findings.add(path, "is malformed", found=shown(item), expected="an object")
    elif not isinstance(item, str) or not item:
        findings.add(path, "is malformed", found=shown(item), expected="a non-empty string")
    elif field.link is not None:
        _check_reference(findings, item, path, field.link)


def _check_object(findings: Findings, value: Mapping[str, object], path: Path, field: SpecField) -> None:
    for inner in field.fields:
        _check_field(findings, value, (*path, inner.name), inner)


def _check_reference(findings: Findings, text: str, path: Path, link: FieldRelation) -> None:
    try:
        EntityRef.parse(text, default_kind=link.default_kind)
    except UsageError:
        expected = (
            "[kind:][namespace/]name" if link.default_kind else "kind:[namespace/]name, the kind written out"
        )
        findings.add(path, "is not an entity reference", found=shown(text), expected=expected)
