"""Label selectors, as Kubernetes' labels.Parse reads them (apimachinery/pkg/labels/selector.go)."""

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from callboard.base.errors import UsageError

__all__ = ["LabelSelector", "Operator", "Requirement"]

_TOKEN = re.compile(r"\s*(?:(?P<op>==|!=|=|>|<|!|\(|\)|,)|(?P<word>[^\s=!<>(),]+))")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class Operator(StrEnum):
    """The operators of a label selector; the values are those of its string form."""

    EQUALS = "="
    NOT_EQUALS = "!="
    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER = ">"
    LESS = "<"


class Requirement(msgspec.Struct, frozen=True, order=True):
    """One comma-separated part. `values` is sorted; `!=` and `notin` also match objects without the key."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None
            case Operator.EQUALS | Operator.IN:
                return value is not None and value in self.values
            case Operator.NOT_EQUALS | Operator.NOT_IN:
                return value is None or value not in self.values
            case Operator.GREATER | Operator.LESS:
                return value is not None and self._compare(value)

    def _compare(self, value: str) -> bool:
        try:
            left, right = int(value), int(self.values[0])
        except ValueError:
            return False
        return left > right if self.operator is Operator.GREATER else left < right

    def __str__(self) -> str:
        match self.operator:
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"
            case Operator.IN | Operator.NOT_IN:
                return f"{self.key} {self.operator} ({','.join(self.values)})"
            case _:
                return f"{self.key}{self.operator}{self.values[0]}"


class LabelSelector(msgspec.Struct, frozen=True):
    """A conjunction of requirements; without any it matches everything.

    `str()` is canonical (requirements sorted), so equal selectors give equal requests and equal cache keys.
    """

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def equals(cls, key: str, value: str) -> "LabelSelector":
        """`key=value`. Raises UsageError when either is not a valid label."""
        return cls((Requirement(_valid_key(key, key), Operator.EQUALS, (_valid_value(value, value),)),))

    @classmethod
    def parse(cls, text: str) -> "LabelSelector":
        """Read `a=b, c!=d, e in (f,g), h notin (i), j, !k, l>1`. Raises UsageError that says what stands wrong and where."""
        return cls(tuple(sorted(set(_Parser(text).requirements()))))

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(r.matches(labels) for r in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(r) for r in self.requirements)


def _fail(text: str, why: str) -> UsageError:
    return UsageError(f"the label selector {text!r} cannot be read: {why}", code="bad-selector")


def _valid_key(key: str, text: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and (not _SUBDOMAIN.fullmatch(prefix) or len(prefix) > 253)):
        raise _fail(text, f"{key!r} is not a label key")
    return key


def _valid_value(value: str, text: str) -> str:
    if value and not _NAME.fullmatch(value):
        raise _fail(text, f"{value!r} is not a label value")
    return value


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[bool, str]] = []
        self.at = 0
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            found = _TOKEN.match(stripped, position)
            if found is None:
                raise _fail(text, f"unexpected {stripped[position]!r} at position {position}")
            word = found.group("word")
            self.tokens.append((word is not None, word if word is not None else found.group("op")))
            position = found.end()

    def requirements(self) -> list[Requirement]:
        out: list[Requirement] = []
        if not self.tokens:
            return out
        while True:
            out.append(self.requirement())
            if self.at == len(self.tokens):
                return out
            self.expect(",")

    def requirement(self) -> Requirement:
        if self.accept("!"):
            return Requirement(self.key(), Operator.DOES_NOT_EXIST)
        key = self.key()
        if self.peek() in (None, ","):
            return Requirement(key, Operator.EXISTS)
        is_word, token = self.next()
        if is_word and token in ("in", "notin"):
            return Requirement(key, Operator(token), self.value_list())
        if token in ("=", "=="):
            return Requirement(key, Operator.EQUALS, (self.value(),))
        if token == "!=":
            return Requirement(key, Operator.NOT_EQUALS, (self.value(),))
        if token in (">", "<"):
            value = self.value()
            if not re.fullmatch(r"-?\d+", value):
                raise _fail(self.text, f"{token!r} wants an integer, found {value!r}")
            return Requirement(key, Operator(token), (value,))
        raise _fail(self.text, f"{token!r} is not an operator")

    def key(self) -> str:
        if self.at == len(self.tokens):
            raise _fail(self.text, "a label key is missing at the end")
        is_word, token = self.next()
        if not is_word:
            raise _fail(self.text, f"found {token!r} where a label key belongs")
        return _valid_key(token, self.text)

    def value(self) -> str:
        if self.peek() in (None, ","):
            return ""
        is_word, token = self.next()
        if not is_word:
            raise _fail(self.text, f"found {token!r} where a value belongs")
        return _valid_value(token, self.text)

    def value_list(self) -> tuple[str, ...]:
        self.expect("(")
        values: set[str] = set()
        while True:
            is_word = self.at < len(self.tokens) and self.tokens[self.at][0]
            values.add(_valid_value(self.next()[1], self.text) if is_word else "")
            if self.accept(")"):
                return tuple(sorted(values))
            self.expect(",")

    def peek(self) -> str | None:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def next(self) -> tuple[bool, str]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, symbol: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == (False, symbol):
            self.at += 1
            return True
        return False

    def expect(self, symbol: str) -> None:
        if not self.accept(symbol):
            found = repr(self.peek()) if self.at < len(self.tokens) else "the end"
            raise _fail(self.text, f"expected {symbol!r}, found {found}")
