"""The choke point: whatever Callboard reads of a cluster for itself passes `redact` before anything is kept.

Gone afterwards: `kind` and `apiVersion` (list items lack them, watched objects carry them: one form for both),
`metadata.managedFields`, copies of whole objects in annotations, and the values of Secrets, wherever in the object a
Secret stands, as a text in YAML or JSON or as whatever type it was asked for. Keys of Secrets stay, each with the value `***`.
What a probe proves itself with (`Authorization` in `httpHeaders`), and `stringData` of anything, count as such values.
"""

import re
from typing import Final

import msgspec

__all__ = ["MASK", "Item", "PodItem", "redact", "redact_pod"]

Item = dict[str, msgspec.Raw]
"""One object with its top level taken apart, each value as the bytes that came."""


class PodItem(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A Pod with its top level and its metadata taken apart in one go. There are more pods than of all other types together,
    and this is twice as fast as an Item; what has any other field is none and is read as an Item."""

    metadata: Item
    spec: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    status: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    kind: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    api_version: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="apiVersion")


MASK: Final = "***"

_COPIES: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "objectset.rio.cattle.io/applied",
        "banzaicloud.com/last-applied",
    }
)
"""Annotations in which a tool keeps the whole object as it was applied."""

_SECRET_KINDS: Final = ("Secret", "SecretList")
_SECRET_FIELDS: Final = ("metadata", "type", "immutable", "data", "stringData")
_SECRET_VALUES: Final = ("data", "stringData")

_HEADERS: Final = b'"httpHeaders"'

_LONGEST_SECRET_ANNOTATION: Final = 256
"""A longer annotation of a Secret, or one that holds JSON, is taken for one more copy of it, by a tool unknown to us."""

_ESCAPED_LETTER: Final = re.compile(rb"\\u00(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|2[def])", re.IGNORECASE)

_MANIFEST: Final = re.compile(r"""kind\\*["']?\s*:\s*\\*["']?Secret(?:List)?\b""")
_MANIFEST_RAW: Final = re.compile(_MANIFEST.pattern.encode())
"""A Secret written out in a text, in YAML or JSON, however often it was quoted."""
_PROVING: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"})
"""Fields of a request, in small letters, by which who asks proves themselves."""

_item: Final = msgspec.json.Decoder(Item).decode
_text: Final = msgspec.json.Decoder(str).decode
_any: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


def redact(item: Item, *, secret: bool = False, closed_kind: str = "") -> bytes:
    """The object as Callboard may keep it: JSON bytes of its own, never a view of what came.

    `secret` says that the object is a Secret by where it was found (asked for as one, in a SecretList); one that says
    so itself is taken for one anyway. `closed_kind` names a built-in kind in which no other object and no pod template can
    stand, because the API server keeps only fields it knows: such an object is not searched below its top, unless it says
    that it is of another kind. Raises msgspec.DecodeError (ValidationError where the shape is wrong) for what is
    no object with `metadata`.
    """
    fields: dict[str, object] = {**item}
    kind = item.get("kind")
    if kind is not None:
        del fields["kind"]
        said = "" if _is_null(kind) else _text(kind)
        secret = secret or said in _SECRET_KINDS
        closed_kind = closed_kind if said == closed_kind else ""
    fields.pop("apiVersion", None)
    metadata = item.get("metadata")
    if metadata is None:
        raise msgspec.ValidationError("Object missing required field `metadata`")
    fields["metadata"] = _metadata(_item(metadata), secret=secret)
    if secret:
        fields = {
            k: _masked(item[k]) if k in _SECRET_VALUES else v
            for k, v in fields.items()
            if k in _SECRET_FIELDS
        }
    raw = _encode(fields)
    hides = _HEADERS in raw if closed_kind else _might_hide(raw)
    return _encode(_without_secrets(_any(raw))) if hides else raw


def redact_pod(item: PodItem) -> bytes:
    """`redact` for a Pod of a list or watch of pods; one that says it is something else goes the long way."""
    if item.kind is not msgspec.UNSET and bytes(item.kind) != b'"Pod"':
        return redact(_item(_encode(item)))
    item.kind = item.api_version = msgspec.UNSET
    _metadata(item.metadata, secret=False)
    raw = _encode(item)
    return _encode(_without_secrets(_any(raw))) if _HEADERS in raw else raw


def _metadata(fields: Item, *, secret: bool) -> Item:
    fields.pop("managedFields", None)
    annotations = fields.get("annotations")
    if annotations is not None and not _is_null(annotations):
        kept = _item(annotations)
        written_out = (
            _MANIFEST_RAW.search(annotations) is not None or _ESCAPED_LETTER.search(annotations) is not None
        )
        if secret or written_out or not _COPIES.isdisjoint(kept):
            left = {
                k: _copy_masked(v, secret=secret) if secret or written_out else v
                for k, v in kept.items()
                if k not in _COPIES
            }
            fields["annotations"] = msgspec.Raw(_encode(left))
    return fields


def _is_null(value: msgspec.Raw) -> bool:
    """Raw compares by identity: its bytes must be asked for."""
    return len(memoryview(value)) == 4 and bytes(value) == b"null"


def _masked(values: msgspec.Raw) -> object:
    """`data` of a Secret: its keys. What is no object (which no API server sends) is masked whole."""
    if _is_null(values):
        return None
    try:
        return dict.fromkeys(_item(values), MASK)
    except msgspec.ValidationError:
        return MASK


def _copy_masked(annotation: msgspec.Raw, *, secret: bool) -> msgspec.Raw:
    text = _any(annotation)
    hides = not isinstance(text, str) or (secret and _is_copy(text)) or _MANIFEST.search(text) is not None
    return msgspec.Raw(_encode(MASK)) if hides else annotation


def _is_copy(text: str) -> bool:
    return len(text) > _LONGEST_SECRET_ANNOTATION or text.lstrip()[:1] in ("{", "[")


def _might_hide(raw: bytes) -> bool:
    """Whether these bytes could hold, below the top of the object, something that must go; False is certain.

    A name written with escapes (`\\u0053ecret`) counts: no API server does that, and reading it must not show more.
    """
    return (
        b'"Secret' in raw
        or b"last-applied" in raw
        or b'"stringData"' in raw
        or _HEADERS in raw
        or _MANIFEST_RAW.search(raw) is not None
        or (b"\\" in raw and _ESCAPED_LETTER.search(raw) is not None)
    )


def _without_secrets(value: object, *, secret: bool = False) -> object:
    """The same for what stands deeper: a Secret within a template or a List, a copy in a pod template's annotations.

    Walks the whole tree; only the few objects that could hide something come here.
    """
    if isinstance(value, list):
        return [_without_secrets(v, secret=secret) for v in value]
    if isinstance(value, str):
        return MASK if (secret and _is_copy(value)) or _MANIFEST.search(value) else value
    if not isinstance(value, dict):
        return value
    if value.get("kind") in _SECRET_KINDS:
        secret = True
    out: dict[object, object] = {}
    for key, inner in value.items():
        if key in _COPIES or key == "managedFields":
            continue
        if (secret and key in _SECRET_VALUES and inner is not None) or key == "stringData":
            out[key] = dict.fromkeys(inner, MASK) if isinstance(inner, dict) else MASK
        elif key == "httpHeaders" and isinstance(inner, list):
            out[key] = [_header(each) for each in inner]
        else:
            out[key] = _without_secrets(inner, secret=secret)
    return out


def _header(field: object) -> object:
    """One of a probe's `httpHeaders`."""
    if isinstance(field, dict) and str(field.get("name")).lower() in _PROVING and "value" in field:
        return {**field, "value": MASK}
    return field
