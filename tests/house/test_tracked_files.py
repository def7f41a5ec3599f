"""What may stand in a tracked file."""

import re
from pathlib import Path

import pytest

from support.checkout import tracked_files, tracked_text

MOST_LINES = 600
COUNTED = {".py", ".js", ".html", ".css"}

# spelled in two parts, so that this file does not name them either
FORBIDDEN = {
    "a package registry": [
        "registry." + "npmjs.org",
        "registry." + "yarnpkg.com",
        "pypi" + ".org",
        "files." + "pythonhosted.org",
        "deb." + "debian.org",
    ],
    "a path of one machine": [
        "/" + "work/",
        "/" + "root/",
        "/" + "opt/pypi",
        "/" + "opt/wheels",
        "file:///" + "opt",
    ],
}


def test_no_file_is_longer_than_a_person_reads() -> None:
    longest = {str(path): text.count("\n") for path, text in tracked_text() if path.suffix in COUNTED}
    assert longest
    assert {path: lines for path, lines in longest.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_no_file_names(what: str) -> None:
    pattern = re.compile("|".join(map(re.escape, FORBIDDEN[what])))
    found = [
        f"{path}: {match[0]}" for path, text in tracked_text() for match in [pattern.search(text)] if match
    ]
    assert found == []


def test_what_the_build_makes_is_not_tracked() -> None:
    made = [
        str(path) for path in tracked_files() if {"vendor", "node_modules", "dist", ".venv"} & set(path.parts)
    ]
    assert made == []


def test_every_text_file_ends_with_one_newline() -> None:
    wrong = [
        str(path)
        for path, text in tracked_text()
        if path.suffix in COUNTED | {".md", ".toml", ".yaml"}
        and path.parent.name != "yaml-corpus"  # how such a text ends is what some of them are about
        and text
        and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert wrong == []


def test_tracked_files_are_found_at_all() -> None:
    assert {Path("pyproject.toml"), Path("tests/house/test_tracked_files.py")} <= set(tracked_files())
