"""`make surface`: writes the door's public surface, and says how it differs from the one released last. Exits 1 where the version
does not say so. With `--released`, for a release: the present surface is the one released last from now on."""

import sys
from pathlib import Path

from callboard.app.references.surface import render
from callboard.app.references.surface_change import differences, version_problems

DOCS = Path(__file__).resolve().parent.parent / "docs"
RELEASED = DOCS / "extend-surface-released.txt"

now = render()
(DOCS / "reference" / "extend-surface.txt").write_text(now, encoding="utf-8")
before = RELEASED.read_text(encoding="utf-8")
for each in differences(before, now):
    sys.stdout.write(f"{each.weight.value}: {each.words}\n")
problems = version_problems(before, now)
for problem in problems:
    sys.stderr.write(f"{problem}\n")
if problems:
    sys.exit(1)
if sys.argv[1:] == ["--released"]:
    RELEASED.write_text(now, encoding="utf-8")
