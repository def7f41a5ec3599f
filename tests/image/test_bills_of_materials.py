"""Each file of a release has a bill of materials of its own, that is the same for the same bytes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.checkout import ROOT


def bill(file: Path, *locks: Path) -> dict[str, Any]:
    """What `make release` puts beside that file."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.image.sbom", file, *locks],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_file_of_a_release_has_a_serial_number_of_its_own(tmp_path: Path) -> None:
    wheel, sdist, chart = (tmp_path / name for name in ("callboard.whl", "callboard.tar.gz", "callboard.tgz"))
    wheel.write_bytes(b"one")
    sdist.write_bytes(b"another")
    chart.write_bytes(b"another")
    lock = ROOT / "requirements.lock"
    bills = [bill(wheel, lock), bill(sdist, lock), bill(chart, lock), bill(chart)]
    assert len({each["serialNumber"] for each in bills}) == 4
    assert bill(wheel, lock) == bills[0]
    for file, each in zip((wheel, sdist, chart, chart), bills, strict=True):
        said = each["metadata"]["component"]
        assert said["bom-ref"] == file.name
        assert said["hashes"] == [
            {"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}
        ]
    assert any(each["purl"].startswith("pkg:pypi/msgspec@") for each in bills[0]["components"])
    assert bills[3]["components"] == []

    wheel.write_bytes(b"one, changed")
    assert bill(wheel, lock)["serialNumber"] != bills[0]["serialNumber"]
