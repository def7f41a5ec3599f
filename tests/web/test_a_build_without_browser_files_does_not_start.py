"""Without the files that the build puts beside ours no page can be drawn: that is said at the start, with what mends it."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

import callboard
from callboard.base.errors import BadInput
from callboard.web.static_files import BUILT, StaticFiles

ROOM = Path(callboard.__file__).parent / "web"


def test_all_that_the_templates_ask_for_is_there_or_known_to_be_built() -> None:
    asked = {
        name
        for template in (ROOM / "templates").rglob("*.html")
        for name in re.findall(r"static\('([^']+)'\)", template.read_text())
    }
    assert {name for name in asked if name.startswith("vendor/")} == set(BUILT)
    for name in asked:
        StaticFiles().url(name)


def test_what_is_missing_and_what_mends_it_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    shutil.copytree(ROOM / "static", folder, ignore=shutil.ignore_patterns("vendor"))
    with pytest.raises(BadInput) as told:
        StaticFiles(folder)
    assert told.value.code == "browser-files-missing"
    for words in (str(folder), "vendor/htmx.min.js", "pip install --editable .", "make demo"):
        assert words in told.value.message


async def test_serve_refuses_to_start_with_the_code_of_a_wrong_configuration(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(
        Path(callboard.__file__).parent,
        checkout / "callboard",
        ignore=shutil.ignore_patterns("vendor", "__pycache__"),
    )
    (tmp_path / "app-config.yaml").write_text("app: {title: x}\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from callboard.app.main import main; main()", "serve", "--port", "0"),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(checkout)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 3, err
    assert b"vendor/htmx.min.js" in err
    assert b"Traceback" not in err
    assert b"ready" not in out
