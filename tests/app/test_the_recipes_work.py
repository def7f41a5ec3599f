"""The guide of whole extensions, followed to the letter: its files in an empty folder, its test run there."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
import yaml

from callboard.base.config import KeyOutcome, check
from support.checkout import ROOT

GUIDE = (ROOT / "docs" / "guides" / "recipes.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`([\w./-]+\.(?:py|toml|html))`[^`]*?^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEGIN = """
kubernetes:
  serviceLocatorMethod: {type: multiTenant}
  clusterLocatorMethods: []
"""


async def test_the_files_of_the_guide_are_extensions_that_work(tmp_path: Path) -> None:
    files = dict(FILE.findall(GUIDE))
    assert len(files) == 11
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-4000:]
    assert "6 passed" in said.decode()


@pytest.mark.parametrize("block", re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
def test_what_the_configuration_is_told_is_known(block: str, tmp_path: Path) -> None:
    file = tmp_path / "app-config.yaml"
    told = yaml.safe_load(block)
    file.write_text(yaml.safe_dump(yaml.safe_load(BEGIN) | told))
    checked = check([file], {"INTRANET_SECRET": "s"})
    assert checked.problems == ()
    others = [row for row in checked.report if row.outcome is not KeyOutcome.USED]
    assert [row for row in others if "an extension must bring it" not in str(row.message)] == []
