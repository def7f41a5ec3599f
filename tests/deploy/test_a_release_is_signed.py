"""What `tools/sign.py` writes beside a file is taken by Sigstore's own verifier, and for no other file and by no other key."""

import base64
import json
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

from support.checkout import ROOT
from tools.package_chart import packed

VERIFIER = ROOT / "tests" / "support" / "verify_bundle.mjs"


def key(path: Path) -> Path:
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return path


def sign(key: Path, *files: Path) -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "sign.py", key, *files], check=True, timeout=60)


def test_sigstore_takes_the_signature_for_that_file_alone(
    node: Path, node_modules: Path, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    release.mkdir()
    wheel, sums = release / "callboard.whl", release / "SHA256SUMS"
    wheel.write_bytes(b"wheel" * 1000)
    sums.write_text("…")
    sign(key(tmp_path / "ours.key"), wheel, sums)
    public, bundle = release / "callboard-release.pub", release / "callboard.whl.sigstore.json"

    tampered = tmp_path / "tampered.whl"
    tampered.write_bytes(wheel.read_bytes() + b"\n")
    forged = tmp_path / "forged.sigstore.json"
    said = json.loads(bundle.read_text())
    signature = bytearray(base64.b64decode(said["messageSignature"]["signature"]))
    signature[-1] ^= 1
    said["messageSignature"]["signature"] = base64.b64encode(signature).decode()
    forged.write_text(json.dumps(said))
    (tmp_path / "theirs").mkdir()
    theirs = tmp_path / "theirs" / "callboard.whl"
    theirs.write_bytes(wheel.read_bytes())
    sign(key(tmp_path / "theirs.key"), theirs)

    pairs = [
        (bundle, wheel),
        (release / "SHA256SUMS.sigstore.json", sums),
        (bundle, tampered),
        (bundle, sums),
        (forged, wheel),
        (theirs.with_name("callboard.whl.sigstore.json"), wheel),
    ]
    done = subprocess.run(
        [node, VERIFIER, node_modules, public], input=json.dumps([list(map(str, pair)) for pair in pairs]),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found[:2] == ["", ""]
    assert all("signature" in each.lower() for each in found[2:]), found


def test_the_chart_is_packed_as_it_is_and_the_same_each_time() -> None:
    name, data = packed(1_764_547_200)
    assert packed(1_764_547_200) == (name, data)
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        found = {each.name: archive.extractfile(each) for each in archive}
        alerts = found["callboard/files/alerts.yaml"]
        assert alerts is not None
        assert alerts.read() == (ROOT / "deploy" / "monitoring" / "alerts.yaml").read_bytes()
    chart = ROOT / "deploy" / "chart"
    there = {f"callboard/{p.relative_to(chart).as_posix()}" for p in chart.rglob("*") if p.is_file()}
    assert found.keys() == there
