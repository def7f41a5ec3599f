"""Nothing that people read holds a phrase that somebody who was woken at three did not understand."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.checkout import ROOT

SRC = ROOT / "src" / "callboard"
FACES = ("web", "portal", "diagnosis", "api", "cli", "http")
PHRASES = (
    "looked for, and there are none",
    "how it was found",
    "1 not current",
    "we may not see",
    "what we could see",
    "as they were last seen",
    "not running in all",
    "has not been picked up yet",
    "running again at the moment",
    "in short",
    "conditions as the object",
    "without managed fields",
    "whose kubeconfig has a context",
    "as it was when this page",
    "the server's own words",
    "number of this request",
    "how the service is does not depend",
)


def texts() -> Iterator[tuple[Path, str]]:
    """What may come to be read: templates, scripts but for their comments, and texts in code but for docstrings."""
    for room in FACES:
        for path in sorted((SRC / room).rglob("*")):
            if path.suffix == ".html":
                yield path, path.read_text(encoding="utf-8")
            elif path.suffix == ".js" and "vendor" not in path.parts:
                yield path, re.sub(r"//.*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            elif path.suffix == ".py":
                yield path, "\n".join(_told(ast.parse(path.read_text(encoding="utf-8"))))


def _told(tree: ast.Module) -> Iterator[str]:
    silent = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


TEXTS = [(path, " ".join(text.lower().split())) for path, text in texts()]


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_that_was_not_understood_is_gone(phrase: str) -> None:
    assert len(TEXTS) > 300
    word = re.compile(rf"\b{re.escape(phrase)}\b")
    assert [str(path.relative_to(SRC)) for path, text in TEXTS if word.search(text)] == []
