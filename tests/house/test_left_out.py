"""A test whose program is missing fails by name in CI and is named as left out elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import ROOT

SUITE = """
def test_asks_kubectl(kubectl): ...
def test_opens_a_page(chromium): ...
def test_needs_nothing(): ...
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Our conftest beside three tests, in a folder of their own."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_programs.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  kubectl\n  browser\n  peer\n")
    return tmp_path


def run(suite: Path, *flags: str, ci: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}
    environment["PATH"] = str(suite / "no-programs-here")
    if ci is not None:
        environment["CI"] = ci
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *flags]
    return subprocess.run(
        command, cwd=suite, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("flags", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_elsewhere_it_is_named(suite: Path, flags: tuple[str, ...]) -> None:
    done = run(suite, *flags)
    assert done.returncode == 0
    assert "1 passed, 2 skipped" in done.stdout
    assert "left out: test_programs.py (1 tests): kubectl is missing: apt-get install" in done.stdout
    assert "left out: test_programs.py (1 tests): Chromium is missing: apt-get install" in done.stdout


def test_in_ci_it_fails_by_name(suite: Path) -> None:
    done = run(suite, ci="true")
    assert done.returncode == 1
    assert "1 passed, 2 errors" in done.stdout
    assert "test_asks_kubectl - Failed: kubectl is missing" in done.stdout
    assert "test_opens_a_page - Failed: Chromium is missing" in done.stdout


def test_a_marker_follows_from_the_fixture(suite: Path) -> None:
    done = run(suite, "-m", "not browser and not kubectl", ci="true")
    assert done.returncode == 0
    assert "1 passed, 2 deselected" in done.stdout
