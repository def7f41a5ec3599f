"""Label selectors and field selectors as an API server reads them (k8s.io/apimachinery/pkg/labels and pkg/fields)."""

import re
from collections.abc import Callable

import msgspec

from callboard.simulator.machinery.refusal import bad_request
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.tree import Tree, dig

__all__ = [
    "FieldTerm",
    "SelectorTerm",
    "match_fields",
    "match_labels",
    "matcher_of",
    "parse_fields",
    "parse_labels",
]

_TOKEN = re.compile(r"\s*(==|!=|=|,|\(|\)|!|<|>|[^\s,()=!<>]+)")
_SPECIAL = frozenset(["==", "!=", "=", ",", "(", ")", "!", "<", ">"])


class SelectorTerm(msgspec.Struct, frozen=True):
    """One term of a label selector. `operator` is in, notin, exists, !, gt or lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: dict[str, str]) -> bool:
        if self.operator == "in":
            return labels.get(self.key) in self.values if self.key in labels else False
        if self.operator == "notin":
            return self.key not in labels or labels[self.key] not in self.values
        if self.operator == "exists":
            return self.key in labels
        if self.operator == "!":
            return self.key not in labels
        try:
            have, want = int(labels[self.key]), int(next(iter(self.values)))
        except (KeyError, ValueError):
            return False
        return have > want if self.operator == "gt" else have < want


def parse_labels(text: str) -> list[SelectorTerm]:
    """Read a label selector. Raises the 400 an API server answers a bad one with."""
    tokens = _TOKEN.findall(text)
    requirements: list[SelectorTerm] = []
    position = 0

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def fail(found: str, expected: str) -> Exception:
        return bad_request(f"unable to parse requirement: found '{found}', expected: {expected}")

    while position < len(tokens):
        negated = peek() == "!"
        if negated:
            position += 1
        key = peek()
        if not key or key in _SPECIAL:
            raise fail(key, "identifier")
        _check_key(key)
        position += 1
        operator = peek()
        if negated or operator in ("", ","):
            if operator not in ("", ","):
                raise fail(operator, "',' or 'end of string'")
            requirements.append(SelectorTerm(key, "!" if negated else "exists"))
        elif operator in ("=", "==", "!="):
            position += 1
            value = peek()
            if value in _SPECIAL and value != ",":
                raise fail(value, "identifier")
            if value and value != ",":
                position += 1
            else:
                value = ""
            _check_value(key, value)
            requirements.append(SelectorTerm(key, "notin" if operator == "!=" else "in", frozenset([value])))
        elif operator in ("in", "notin"):
            position += 1
            if peek() != "(":
                raise fail(peek(), "'('")
            position += 1
            values: set[str] = set()
            expect_value = True
            while peek() != ")":
                token = peek()
                if not token:
                    raise fail("", "',', ')' or identifier")
                if token == ",":
                    if expect_value:
                        values.add("")
                    expect_value = True
                elif token in _SPECIAL:
                    raise fail(token, "',', ')' or identifier")
                else:
                    _check_value(key, token)
                    values.add(token)
                    expect_value = False
                position += 1
            position += 1
            requirements.append(SelectorTerm(key, operator, frozenset(values or {""})))
        elif operator in (">", "<"):
            position += 1
            value = peek()
            if not re.fullmatch(r"-?\d+", value):
                raise bad_request(
                    f"unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer: \"{value}\""
                )
            _check_value(key, value)  # a minus is no label value: so no negative bound
            position += 1
            requirements.append(SelectorTerm(key, "gt" if operator == ">" else "lt", frozenset([value])))
        else:
            raise fail(operator, "in, notin, =, ==, !=, gt, lt")
        separator = peek()
        if separator:
            if separator != ",":
                raise fail(separator, "',' or 'end of string'")
            position += 1
            if position == len(tokens):
                raise fail("", "identifier after ','")
    return requirements


_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    if slash and prefix and (not _PREFIX.fullmatch(prefix) or len(prefix) > 253):
        raise bad_request(
            f'unable to parse requirement: <nil>: Invalid value: "{key}": prefix part a lowercase RFC 1123 subdomain must '
            "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
            "character (e.g. 'example.com', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        )
    if not _NAME.fullmatch(name) or len(name) > 63 or (slash and not prefix):
        raise bad_request(
            f'unable to parse requirement: <nil>: Invalid value: "{key}": name part must consist of alphanumeric characters, '
            "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
            "'MyName',  or 'my.name',  or '123-abc', "
            "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        )


def _check_value(key: str, value: str) -> None:
    if value and (len(value) > 63 or not _NAME.fullmatch(value)):
        raise bad_request(
            f'unable to parse requirement: values[0][{key}]: Invalid value: "{value}": a valid '
            "label must be an empty string or consist of "
            "alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyValue',  or "
            "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        )


def match_labels(requirements: list[SelectorTerm], tree: Tree) -> bool:
    labels = dig(tree, "metadata", "labels", default={})
    return all(requirement.matches(labels) for requirement in requirements)


def matcher_of(selector: Tree | None) -> Callable[[Tree], bool]:
    """Turn a `LabelSelector` (matchLabels, matchExpressions) into a predicate over labels. None matches nothing."""
    if selector is None:
        return lambda labels: False
    requirements = [
        SelectorTerm(key, "in", frozenset([value]))
        for key, value in (selector.get("matchLabels") or {}).items()
    ]
    names = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for item in selector.get("matchExpressions") or ():
        requirements.append(
            SelectorTerm(item["key"], names[item["operator"]], frozenset(item.get("values") or ()))
        )
    return lambda labels: all(requirement.matches(labels) for requirement in requirements)


class FieldTerm(msgspec.Struct, frozen=True):
    """One term of a field selector: `path` equal to `value`, or not."""

    path: str
    value: str
    equal: bool = True


_EVERYWHERE = ("metadata.name", "metadata.namespace")
_SUPPORTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "pods"): (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    ("", "events"): (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    ("events.k8s.io", "events"): (
        "regarding.kind",
        "regarding.namespace",
        "regarding.name",
        "regarding.uid",
        "regarding.apiVersion",
        "regarding.resourceVersion",
        "regarding.fieldPath",
        "reason",
        "reportingController",
        "type",
    ),
    ("", "secrets"): ("type",),
    ("", "namespaces"): ("status.phase", "name"),
    ("", "nodes"): ("spec.unschedulable",),
    ("", "replicationcontrollers"): ("status.replicas",),
    ("", "services"): ("spec.clusterIP", "spec.type"),
    ("apps", "replicasets"): ("status.replicas",),
    ("batch", "jobs"): ("status.successful",),
    ("metrics.k8s.io", "pods"): (),
}


def parse_fields(text: str, kind: ServedResource) -> list[FieldTerm]:
    """Read a field selector for one resource type. Raises the 400 for an unknown field or a bad term."""
    terms: list[FieldTerm] = []
    supported = _SUPPORTED.get((kind.group, kind.plural), ())
    for part in _split(text):
        for operator in ("!=", "==", "="):
            if operator in part:
                path, _, value = part.partition(operator)
                break
        else:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if path not in _EVERYWHERE and path not in supported:
            raise bad_request(f"field label not supported: {path}")
        if kind.group == "events.k8s.io":
            path = path.replace("regarding.", "involvedObject.").replace(
                "reportingController", "reportingComponent"
            )
        terms.append(FieldTerm(path, re.sub(r"\\(.)", r"\1", value), operator != "!="))
    return terms


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"(?<!\\),", text) if part]


def match_fields(terms: list[FieldTerm], tree: Tree) -> bool:
    return all((_field(tree, term.path) == term.value) is term.equal for term in terms)


def _field(tree: Tree, path: str) -> str:
    if path == "source":
        return str(dig(tree, "source", "component", default="") or tree.get("reportingComponent", ""))
    if path == "status.successful":
        return str(dig(tree, "status", "succeeded", default=0))
    if path == "name":
        path = "metadata.name"
    value = dig(tree, *path.split("."))
    if value is None:
        return {"status.replicas": "0", "spec.unschedulable": "false", "spec.hostNetwork": "false"}.get(
            path, ""
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
