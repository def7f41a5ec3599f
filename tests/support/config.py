"""Config files for tests, a line at a time."""

from __future__ import annotations

from pathlib import Path

from callboard.base.config import Checked, LoadedConfig, check
from callboard.base.errors import Problem

CLUSTER = "{name: a, url: 'https://a', authProvider: serviceAccount"


def checked(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> Checked:
    file = tmp_path / "app-config.yaml"
    file.write_text(text)
    return check([file], env or {})


def loaded(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> LoadedConfig:
    found = checked(tmp_path, text, env)
    assert found.problems == ()
    assert found.loaded is not None
    return found.loaded


def the_problem(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> Problem:
    (problem,) = checked(tmp_path, text, env).problems
    return problem


def locators(text: str) -> str:
    return f"kubernetes:\n  clusterLocatorMethods:\n    - {text}\n"


def clusters(*more: str) -> str:
    return locators(f"{{type: config, clusters: [{', '.join(more)}]}}")
