"""The checkout the tests run from: its root and the files git tracks."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked_files() -> tuple[Path, ...]:
    """Paths relative to ROOT of all tracked files that stand in the work tree."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return tuple(path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file())


def tracked_text() -> list[tuple[Path, str]]:
    """Every tracked file that is UTF-8 text, with its text."""
    found: list[tuple[Path, str]] = []
    for path in tracked_files():
        try:
            found.append((path, (ROOT / path).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found
