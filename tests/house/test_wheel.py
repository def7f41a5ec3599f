"""The sdist is enough to build the wheel, and the wheel carries what a browser and a template loader ask for."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.checkout import ROOT, tracked_files

VENDOR = "callboard/web/static/vendor/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built once, from a copy of the tracked files, by way of the sdist."""
    checkout = tmp_path_factory.mktemp("checkout")
    for path in tracked_files():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, checkout / path)
    out = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check", "--outdir", str(out)],
        cwd=checkout, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    assert len(list(out.glob("callboard-*.tar.gz"))) == 1
    return zipfile.ZipFile(next(out.glob("callboard-*.whl")))


def test_it_carries_every_tracked_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    wanted = {
        str(path.relative_to("src")) for path in tracked_files() if path.parts[:2] == ("src", "callboard")
    }
    assert "callboard/py.typed" in wanted
    assert wanted - set(wheel.namelist()) == set()


def test_it_carries_the_browser_libraries_with_their_licence(wheel: zipfile.ZipFile) -> None:
    carried = {
        name.removeprefix(VENDOR): wheel.read(name) for name in wheel.namelist() if name.startswith(VENDOR)
    }
    assert {"htmx.min.js", "htmx.LICENSE.txt"} <= set(carried)
    assert b"4.0.1" in carried["htmx.min.js"]
    assert b"Zero-Clause BSD" in carried["htmx.LICENSE.txt"]


def test_it_carries_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {Path(name).parts[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"callboard"}


def test_it_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    scripts = configparser.ConfigParser()
    scripts.read_string(wheel.read(names["entry_points.txt"]).decode())
    assert scripts["console_scripts"]["callboard"] == "callboard.app.main:main"
    assert "LICENSE" in names
