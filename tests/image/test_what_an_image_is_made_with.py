"""A machine that cannot make the image is told so before anything is fetched."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import ROOT


@pytest.mark.parametrize("module", ["tools.image", "tools.image.tree"])
def test_programs_that_are_not_there_are_named_with_their_packages(module: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, tmp_path / "made"],
        cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "strip (package binutils)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "made").exists()
