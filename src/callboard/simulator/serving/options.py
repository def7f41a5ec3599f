"""ListOptions: what a list or watch asks for, checked as an API server checks it."""

import base64
import binascii
from collections.abc import Mapping

import msgspec

from callboard.simulator.machinery.refusal import ApiRefusal, bad_request, cause
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.selectors import (
    FieldTerm,
    SelectorTerm,
    match_fields,
    match_labels,
    parse_fields,
    parse_labels,
)
from callboard.simulator.machinery.tree import Tree, decode, encode
from callboard.simulator.serving.request import truthy

__all__ = ["ListOptions", "continue_token", "read_options", "read_version"]


class ListOptions(msgspec.Struct, frozen=True):
    """`version` is None where no resourceVersion was given. `start` is the last key of the page before."""

    labels: list[SelectorTerm]
    fields: list[FieldTerm]
    limit: int = 0
    version: int | None = None
    match: str = ""
    start: tuple[str, str] | None = None
    watch: bool = False
    bookmarks: bool = False
    initial_events: bool | None = None
    timeout: float | None = None

    @property
    def selective(self) -> bool:
        return bool(self.labels or self.fields)

    def selects(self, tree: Tree) -> bool:
        return (not self.labels or match_labels(self.labels, tree)) and (
            not self.fields or match_fields(self.fields, tree)
        )


def continue_token(version: int, key: tuple[str, str], namespace: str) -> str:
    start = (key[1] if namespace else "/".join(part for part in key if part)) + "\0"
    return (
        base64.urlsafe_b64encode(encode({"v": "meta.k8s.io/v1", "rv": version, "start": start}))
        .decode()
        .rstrip("=")
    )


def read_options(
    query: Mapping[str, str], kind: ServedResource, namespace: str, name: str, *, streaming_lists: bool
) -> ListOptions:
    """Read and check the query of a list or watch. Raises 400 or 422."""
    watch = truthy(query.get("watch"))
    labels = parse_labels(query["labelSelector"]) if query.get("labelSelector") else []
    fields = parse_fields(query["fieldSelector"], kind) if query.get("fieldSelector") else []
    if name and watch and not any(term.path == "metadata.name" for term in fields):
        fields.append(FieldTerm("metadata.name", name))
    version = read_version(query)
    match = query.get("resourceVersionMatch", "")
    initial = truthy(query["sendInitialEvents"]) if "sendInitialEvents" in query else None
    token = query.get("continue", "")
    _check(watch, version, match, initial, token, streaming_lists=streaming_lists)
    start = None
    if token:
        if version:
            raise bad_request("specifying resource version is not allowed when using continue")
        version, start = _continued(token, namespace)
        match = "Continue"
    return ListOptions(
        labels=labels,
        fields=fields,
        limit=max(0, _number(query.get("limit", "")) or 0),
        version=version,
        match=match,
        start=start,
        watch=watch,
        bookmarks=truthy(query.get("allowWatchBookmarks")),
        initial_events=initial,
        timeout=_number(query.get("timeoutSeconds", "")),
    )


def _number(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def read_version(query: Mapping[str, str]) -> int | None:
    """The resourceVersion asked for, None where there is none. Raises 400."""
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isdecimal() or not text.isascii():
        told = (
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
        raise bad_request(told)
    return int(text)


def _check(
    watch: bool, version: int | None, match: str, initial: bool | None, token: str, *, streaming_lists: bool
) -> None:
    field, told = "resourceVersionMatch", ""
    if watch:
        if initial is not None and not streaming_lists:
            field = "sendInitialEvents"
            told = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        elif initial is not None and match != "NotOlderThan":
            told = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        elif initial is None and match:
            told = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    elif initial is not None:
        field, told = "sendInitialEvents", "sendInitialEvents is forbidden for list"
    elif match and token:
        told = "resourceVersionMatch is forbidden when continue is provided"
    elif match and version is None:
        told = "resourceVersionMatch is forbidden unless resourceVersion is provided"
    elif match == "Exact" and version == 0:
        told = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
    elif match not in ("", "Exact", "NotOlderThan"):
        causes = [
            cause(
                "FieldValueNotSupported",
                field,
                f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""',
            )
        ]
        raise _options_invalid(causes)
    if told:
        raise _options_invalid([cause("FieldValueForbidden", field, "Forbidden: " + told)])


def _options_invalid(causes: list[Tree]) -> ApiRefusal:
    told = f'ListOptions.meta.k8s.io "" is invalid: {causes[0]["field"]}: {causes[0]["message"]}'
    return ApiRefusal(
        422, "Invalid", told, details={"group": "meta.k8s.io", "kind": "ListOptions", "causes": causes}
    )


def _continued(token: str, namespace: str) -> tuple[int, tuple[str, str]]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad_request(
            "invalid continue token: continue key is not valid: illegal base64 data at input byte 0"
        ) from None
    try:
        content = decode(raw)
        start = str(content["start"]).rstrip("\0")
        version = int(content["rv"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        shown = f"\\u{raw[0]:04x}" if raw else ""
        told = f"invalid continue token: continue key is not valid: invalid character '{shown}' looking for beginning of value"
        raise bad_request(told) from None
    if namespace:
        return version, (namespace, start)
    place, _, name = start.rpartition("/")
    return version, (place, name)
