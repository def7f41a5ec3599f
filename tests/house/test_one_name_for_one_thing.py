"""One name for one thing: no public class name stands for two."""

import ast
from collections import defaultdict

from support.checkout import ROOT

PACKAGE = ROOT / "src" / "callboard"


def public_classes() -> dict[str, list[str]]:
    """By name: the modules that define a public class of it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(PACKAGE)))
    return found


def test_a_public_class_name_stands_for_one_thing() -> None:
    twice = {name: places for name, places in public_classes().items() if len(places) > 1}
    assert twice == {}, "these names are taken: say what each is in a word more"
