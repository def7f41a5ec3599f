"""One object as YAML, whatever stands in it. What ingest removed stays removed."""

import json
from typing import Final

import msgspec
import yaml

from callboard.kube.ingest.secret_words import without_secret_words
from callboard.model.objects import KubeObject

__all__ = ["LONGEST_YAML", "yaml_text"]

LONGEST_YAML: Final = 512 * 1024
"""Characters that are shown: ten times a large Deployment. What API servers keep may be four times as long."""
_LARGEST_INT: Final = 300
"""Digits; a longer number is shown as it came, as text."""


def yaml_text(obj: KubeObject) -> str:
    """`apiVersion` and `kind` first; cut, and said to be, where it is longer than anybody reads. Takes seconds for megabytes: to
    be called beside the loop. Never raises."""
    head: dict[str, object] = {"apiVersion": obj.type.api_version, "kind": obj.type.title}
    text = yaml.dump(
        {**head, **_fields(without_secret_words(obj.raw))},
        Dumper=yaml.CSafeDumper,
        sort_keys=False,
        allow_unicode=True,
        width=120,
    )
    if len(text) <= LONGEST_YAML:
        return text
    shown = text[: text.rfind("\n", 0, LONGEST_YAML) + 1] or text[:LONGEST_YAML] + "\n"
    return f"{shown}# The rest of it is not shown: {len(text) - len(shown):,} more characters.\n"


def _fields(raw: bytes) -> dict[str, object]:
    """JSON holds numbers that no machine word does."""
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        loaded: dict[str, object] = json.loads(raw, parse_int=_int, parse_float=_float)
        return loaded


def _int(text: str) -> object:
    return int(text) if len(text) <= _LARGEST_INT else text


def _float(text: str) -> object:
    number = float(text)
    return number if abs(number) != float("inf") else text
