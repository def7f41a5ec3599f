"""The score of the last `make mutants`: of the changes mutmut made, how many a test noticed, by package.

A change that ran into its timeout counts as not noticed, and so does one that no test reached.
"""

import json
import sys
from collections import Counter
from pathlib import Path

NOTICED = 1
"""pytest's exit code for a test that failed."""
LEAST = 0.85


def main() -> int:
    """Print the table; 0 where at least LEAST of all was noticed."""
    found: dict[str, Counter[bool]] = {}
    for meta in sorted(Path("mutants/src").rglob("*.meta")):
        package = ".".join(meta.relative_to("mutants/src/callboard").parent.parts)
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].values()
        found.setdefault(package, Counter()).update(code == NOTICED for code in codes)
    total = sum(found.values(), Counter[bool]())
    for name, count in [*found.items(), ("all", total)]:
        if count.total():
            line = f"{name:24} {count[True]:5} of {count.total():5}  {count[True] / count.total():6.1%}"
            sys.stdout.write(line + "\n")
    return 0 if total.total() and total[True] >= LEAST * total.total() else 1


if __name__ == "__main__":
    sys.exit(main())
