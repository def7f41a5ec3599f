"""`callboard extensions new`: what it makes stands in the examples as it is made, and passes its own test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.base.errors import UsageError
from callboard.cli.commands import build_cli
from callboard.cli.extensions import skeleton
from support.checkout import ROOT
from support.stub_wiring import StubPortal, StubWiring

EXAMPLE = ROOT / "examples" / "skeleton"


def test_the_example_is_what_the_command_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = build_cli(StubWiring(StubPortal())).main
    arguments = ["extensions", "new", "skeleton", "--in", str(tmp_path)]
    assert run(arguments, standalone_mode=False) == 0
    made = {
        p.relative_to(tmp_path / "skeleton"): p.read_text()
        for p in (tmp_path / "skeleton").rglob("*")
        if p.is_file()
    }
    assert made == {p: (EXAMPLE / p).read_text() for p in made}
    assert len(made) == 8
    assert "pytest" in capsys.readouterr().out
    assert run(arguments, standalone_mode=False) == 3
    assert "is there already: nothing was written" in capsys.readouterr().err


def test_it_passes_its_own_test_and_is_what_our_type_checker_sees() -> None:
    environ = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=EXAMPLE, env=environ, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout
    assert '"examples/skeleton"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    "name", ["", "A", "9lives", "a--b", "-a", "a-", "a_b", "../x", "a" * 41, "a.b", "a b", "ä"]
)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an extension"):
        skeleton(name)


def test_any_other_name_fills_every_place() -> None:
    for path, text in skeleton("price-list").items():
        assert "@" not in text.replace("@hookimpl", "")
        assert "price_list" not in path or "callboard_price_list" in path
