"""Every package opens with a page: what it is for, what it must never do, who may call it."""

import ast
import re

import pytest

from support.checkout import ROOT

PACKAGE = ROOT / "src" / "callboard"
ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())
PAGES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("__init__.py"))


def page(relative: str) -> str:
    return ast.get_docstring(ast.parse((PACKAGE / relative).read_text())) or ""


def test_the_rooms_are_those_of_the_architecture() -> None:
    assert set(ROOMS) == {
        "base", "model", "extend", "kube", "fleet", "catalog", "diagnosis", "history",
        "access", "outbound", "portal", "http", "host", "web", "api", "cli", "simulator", "app",
    }  # fmt: skip


@pytest.mark.parametrize("relative", PAGES)
def test_a_package_says_what_it_is_for(relative: str) -> None:
    assert len(page(relative).split()) >= 5


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_must_never_do_and_who_may_call_it(room: str) -> None:
    text = page(f"{room}/__init__.py")
    assert re.search(r"\bmust (never|not|hold no)\b", text)
    assert re.search(r"\b(may (call|import|start)|Callers?:|imports (it|this package))", text)
