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
    "anchor-with-dot.yaml": "refused: libyaml's anchors are letters, digits, - and _",
    "binary.yaml": "refused: an entity holds no bytes",
    "complex-key.yaml": "refused: npm makes up a string such as '[ a, b ]'",
    "doc-end-inside.yaml": "refused: libyaml wants --- after ...",
    "empty-key.yaml": "refused: libyaml knows no key without a character",
    "escaped-halves.yaml": "refused: libyaml takes no half of a character; write the character, or \\U and eight digits",
    "float-tag-on-integer.yaml": "a number: npm falls back to the string '1'",
    "int-tag-on-word.yaml": "refused: npm falls back to the string",
    "many-aliases.yaml": "read: npm refuses more than 100 uses of an anchor; we bound what they unfold to",
    "number-and-text-key.yaml": "refused: both keys are '1', and npm drops the first in silence",
    "question-in-flow.yaml": "a mapping: libyaml takes ? for the sign of a key even without a blank after it",
    "yaml-1.1-directive.yaml": "refused: npm reads that document as YAML 1.1",
    "yaml-1.3-directive.yaml": "refused: libyaml knows 1.1 and 1.2",
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
