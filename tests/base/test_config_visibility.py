"""Where clusters decide who sees what, the person at this machine has to be somebody there."""

from pathlib import Path

import pytest

from support.config import checked

LOCAL = "access: {users: {'user:default/local': {user: anna}}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clusters: {visibility: cluster}", True),
        ("clusters: {byName: {a: {visibility: cluster}}}", True),
        (f"clusters: {{visibility: cluster}}\n  {LOCAL}", False),
        ("clusters: {visibility: portal}", False),
        (LOCAL, False),
    ],
)
def test_it_is_told_when_nobody_would_see_anything(tmp_path: Path, text: str, told: bool) -> None:
    found = checked(tmp_path, f"callboard:\n  {text}\n")
    assert found.problems == ()
    assert found.loaded is not None
    warnings = [w for w in found.loaded.warnings if "they will see nothing there" in str(w)]
    assert bool(warnings) is told
