"""One name for one thing: no public class name stands for two."""

import re
from collections import defaultdict

from support.checkout import ROOT

PACKAGE = ROOT / "src" / "callboard"
PUBLIC = re.compile(r"^class ([A-Za-z]\w*)", re.MULTILINE)


def public_classes() -> dict[str, list[str]]:
    """By name: the modules that define a public class of it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in PUBLIC.findall(path.read_text(encoding="utf-8")):
            found[name].append(str(path.relative_to(PACKAGE)))
    return found


def test_a_public_class_name_stands_for_one_thing() -> None:
    twice = {name: places for name, places in public_classes().items() if len(places) > 1}
    assert twice == {}, "these names are taken: say what each is in a word more"
