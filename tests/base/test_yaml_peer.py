"""Documents mean the same here as to npm's `yaml` package, which Backstage reads them with."""

from __future__ import annotations

import json
import math
import random
import subprocess
from pathlib import Path

import pytest

from callboard.base.yaml import Value, key_text, read_documents

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "yaml-corpus").glob("*.yaml"))

DIFFERENT: dict[str, str] = {
    f"{name}.yaml": why
    for why, names in {
        "refused: an entity holds no bytes, sets or dates": "binary scalar-single-53 scalar-single-54 scalar-single-55"
        " scalars-flow-15 scalars-list-15 scalars-values-15",
        "refused: libyaml's anchors are letters, digits, - and _": "anchor-with-dot anchor-11 unicode-36",
        "refused: npm makes up a string such as '[ a, b ]'": "complex-key flow-35 flow-36 flow-37 flow-43 flow-45",
        "refused: libyaml wants --- after ...": "doc-end-inside",
        "refused: libyaml knows no key without a character": "empty-key scalars-list-10",
        "refused: half of a character is none": "escape-21 escape-22 escape-23",
        "a number: npm falls back to the string '1'": "float-tag-on-integer scalar-single-46 scalars-list-14 scalars-values-14",
        "refused: npm falls back to the string": "int-tag-on-word",
        "read: npm refuses more than 100 uses of an anchor; we bound what they unfold to": "many-aliases",
        "refused: both keys are 1, and npm drops the first in silence": "number-and-text-key",
        "a mapping: libyaml takes ? for the sign of a key even without a blank after it": "question-in-flow",
        "refused: npm reads that document as YAML 1.1": "yaml-1.1-directive",
        "refused: libyaml knows 1.1 and 1.2": "yaml-1.3-directive",
        "refused: libyaml knows no directive but YAML and TAG": "marks-21",
        "read: libyaml takes any indentation in brackets and quotes": "flow-21 lines-13 lines-21 tab-25 tab-27 tab-28",
        "read: libyaml takes a dash in brackets for a text": "flow-31 scalars-flow-13",
        "read: libyaml takes a comment right after a bracket": "comment-27",
        "refused: libyaml takes no key of several lines in braces": "flow-28 real-renovate-1",
        "the documents before the broken place stand": "json-lines-1 scalars-keys-14",
        "nothing is read after a syntax error": "marks-25 marks-28",
        "a byte order mark before a document's first key is none of the key": "unicode-19",
    }.items()
    for name in names.split()
}
"""Files of the corpus that are read differently, on purpose or because libyaml's grammar is that of YAML 1.1, and why."""


def tell(value: Value) -> object:
    """`value` in the form yaml_peer.mjs prints."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        try:
            return {"number": key_text(float(value))}
        except OverflowError:
            return {"number": key_text(math.inf if value > 0 else -math.inf)}
    if isinstance(value, list):
        return {"list": [tell(item) for item in value]}
    return {"map": {key: tell(item) for key, item in value.items()}}


def ours(path: Path) -> list[object]:
    """What we find in `path`, in the form of the peer."""
    return [
        {"error": True} if document.problems else {"value": tell(document.value)}
        for document in read_documents(path.read_bytes(), path.name)
    ]


def theirs(paths: list[Path], node: Path, node_modules: Path) -> list[list[object]]:
    """What npm's `yaml` finds in each of `paths`."""
    done = subprocess.run(
        [node, HERE / "yaml_peer.mjs", node_modules],
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    found: list[list[object]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def peer(node: Path, node_modules: Path) -> dict[str, list[object]]:
    return dict(zip((path.name for path in CORPUS), theirs(CORPUS, node, node_modules), strict=True))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_corpus_file_is_read_as_by_npms_yaml(path: Path, peer: dict[str, list[object]]) -> None:
    same = ours(path) == peer[path.name]
    if path.name in DIFFERENT:
        assert not same, f"{path.name} is read alike now: take it off the list of differences"
    else:
        assert ours(path) == peer[path.name]


def test_random_plain_scalars_mean_the_same(node: Path, node_modules: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    pieces = [
        *"0123456789",
        *"+-._eExXoObB:",
        *"abfn",
        "null",
        "true",
        "no",
        "on",
        ".inf",
        ".nan",
        "~",
        "0x",
        "0o",
        "e+",
    ]
    scalars = {"".join(chance.choices(pieces, k=chance.randint(1, 6))) for _ in range(4_000)}
    # what begins like a list, a key or a document is grammar, not a scalar
    plain = sorted(
        s for s in scalars if not s.startswith(("- ", "---", "...")) and s != "-" and not s.endswith(":")
    )
    file = tmp_path / "scalars.yaml"
    file.write_text("".join(f"- {scalar}\n" for scalar in plain if not scalar.startswith(":")))
    assert len(plain) > 2_000
    assert [ours(file)] == theirs([file], node, node_modules)


@pytest.mark.parametrize(
    "text", ["a: on", "a: |\n  x", "a: 'x'", "- 012", "---\na: 1\n---", "a: 1\n...", "a:", "\n\n"]
)
def test_the_end_of_a_text_needs_no_end_of_line(
    text: str, node: Path, node_modules: Path, tmp_path: Path
) -> None:
    file = tmp_path / "end.yaml"
    file.write_text(text)
    assert [ours(file)] == theirs([file], node, node_modules)
