"""The core schema of YAML 1.2.2 (chapter 10.3.2): what a plain scalar means."""

import math
import re
from decimal import Decimal

__all__ = ["Scalar", "key_text", "resolve"]

Scalar = bool | int | float | str | None

_INT = re.compile(r"[-+]?[0-9]+")
_OCT = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for word in (".inf", ".Inf", ".INF") for sign in ("", "+")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_STARTS = frozenset("0123456789+-.")
_LONGEST_INT = 308
"""Digits. A longer number is a float, as every number is where Backstage runs; it also keeps Python from refusing it."""


def resolve(text: str) -> Scalar:
    """The value of the plain (unquoted, untagged) scalar `text`."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS:
        return text
    if _INT.fullmatch(text):
        return int(text) if len(text) <= _LONGEST_INT else float(text)
    if _OCT.fullmatch(text):
        return _bounded(int(text[2:], 8))
    if _HEX.fullmatch(text):
        return _bounded(int(text[2:], 16))
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _bounded(number: int) -> Scalar:
    return number if number.bit_length() <= 1000 else math.inf


def key_text(key: Scalar) -> str:
    """A mapping's key as the string it is in JSON: `null` is empty, `0x1F` is `31`, `1.0` is `1`, as JavaScript does."""
    match key:
        case None:
            return ""
        case True:
            return "true"
        case False:
            return "false"
        case str():
            return key
        case _ if math.isnan(key):
            return "NaN"
        case _ if math.isinf(key):
            return "Infinity" if key > 0 else "-Infinity"
        case _ if abs(key) < 1e21 and key == int(key):
            # digits beyond those that tell the number from its neighbours are zeros there
            return (
                str(int(key))
                if abs(key) < 2**53
                else format(Decimal(repr(float(key))), "f").partition(".")[0]
            )
        case _:
            return re.sub(r"e([-+])0*", r"e\1", repr(float(key)))
