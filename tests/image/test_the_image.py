"""The image is small, has no shell, is the same for the same trees, and serves as whoever runs it on a root nobody can write.

`make image-check` builds it and runs these, and so does `make test`.
"""

import gzip
import hashlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.checkout import ROOT

LAYOUT = Path(os.environ.get("IMAGE_LAYOUT", ""))

CONFIG = """\
callboard: {dataDirectory: /var/lib/callboard/data}
kubernetes: {serviceLocatorMethod: {type: multiTenant}, clusterLocatorMethods: [{type: config, clusters: []}]}
"""


def blob(digest: str) -> bytes:
    data = (LAYOUT / "blobs" / Path(*digest.split(":"))).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
    return data


def manifests() -> list[dict[str, Any]]:
    index = json.loads((LAYOUT / "index.json").read_text())
    return [json.loads(blob(each["digest"])) for each in index["manifests"]]


@pytest.fixture(scope="module")
def tree(image_layout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image, unpacked as an engine does."""
    root = tmp_path_factory.mktemp("image")
    for each in manifests()[0]["layers"]:
        packed = root.parent / "layer.tar.gz"
        packed.write_bytes(blob(each["digest"]))
        with tarfile.open(packed) as archive:
            archive.extractall(root, filter="fully_trusted")
    root.chmod(0o755)  # pytest's own directories are closed to others
    return root


@pytest.mark.usefixtures("image_layout")
def test_every_digest_holds_and_what_is_said_of_it_refers_to_it() -> None:
    image, *beside = manifests()
    config = json.loads(blob(image["config"]["digest"]))
    unpacked = [
        f"sha256:{hashlib.sha256(gzip.decompress(blob(each['digest']))).hexdigest()}"
        for each in image["layers"]
    ]
    assert config["rootfs"]["diff_ids"] == unpacked
    assert config["config"]["User"] == "65532:65532"
    assert {each["artifactType"] for each in beside} == {
        "application/vnd.cyclonedx+json",
        "application/vnd.in-toto+json",
    }
    index = json.loads((LAYOUT / "index.json").read_text())
    assert {each["subject"]["digest"] for each in beside} == {index["manifests"][0]["digest"]}


def test_what_is_in_it_stands_in_its_bill_of_materials(tree: Path) -> None:
    image, bom, provenance = manifests()
    del image
    said = json.loads(blob(bom["layers"][0]["digest"]))
    pinned = re.findall(r"^([a-z0-9.-]+)==([^ \\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    found = {c["purl"] for c in said["components"] if c["purl"].startswith("pkg:pypi")}
    there = {
        re.sub(r"[-_.]+", "-", p.name.split("-")[0]).lower()
        for p in tree.glob("usr/lib/python3/dist-packages/*.dist-info")
    }
    assert {re.match(r"pkg:pypi/([^@]+)@", purl)[1] for purl in found} == there  # type: ignore[index]  # they are all of this form
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned if name in there} <= found
    built_from = json.loads(blob(provenance["layers"][0]["digest"]))["predicate"]["buildDefinition"]
    assert any(each["name"].startswith("libc6_") for each in built_from["resolvedDependencies"])


def test_there_is_no_shell_nothing_setuid_and_nothing_to_write(tree: Path) -> None:
    assert sorted(p.name for p in (tree / "usr/bin").iterdir()) == ["callboard", "python3.11"]
    assert [p for place in ("bin", "sbin") for p in (tree / place).glob("*")] == []
    for path in tree.rglob("*"):
        if not path.is_symlink():
            mode = path.stat().st_mode
            assert not mode & 0o6000, path
            assert path == tree / "tmp" or not mode & 0o022, path


def test_it_is_small(tree: Path) -> None:
    place = tree / "usr/lib/python3/dist-packages"
    assert sum(p.stat().st_size for p in place.rglob("*") if p.is_file()) < 150_000_000


LOADS = """
import importlib, pathlib
root = pathlib.Path("/usr/lib/python3/dist-packages")
import psycopg
names = [".".join([*p.relative_to(root).parts[:-1], p.name.split(".")[0]]) for p in root.rglob("*.so") if ".libs" not in str(p)]
for name in sorted(names):
    importlib.import_module(name)
print(len(names))
"""


def test_every_library_in_it_loads(inside: list[str]) -> None:
    done = subprocess.run(
        [*inside, "/usr/bin/python3.11", "-c", LOADS], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_the_same_trees_are_the_same_bytes(tmp_path: Path) -> None:
    from tools.image.layout import layer

    for name in ("one", "two"):
        (tmp_path / name / "usr/bin").mkdir(parents=True)
        (tmp_path / name / "usr/bin/x").write_text("x")
        (tmp_path / name / "usr/bin/x").chmod(0o775 if name == "one" else 0o711)
        (tmp_path / name / "usr/link").symlink_to("bin/x")
        os.utime(tmp_path / name / "usr/bin/x", (1, 1) if name == "one" else (9, 9))
    assert layer(tmp_path / "one", 7) == layer(tmp_path / "two", 7)


@pytest.fixture
def inside(may_enter: None, tree: Path, tmp_path: Path) -> list[str]:
    """The words before a command that run it in the image: another user, a root that can only be read."""
    (tmp_path / "app-config.yaml").write_text(CONFIG)
    tmp_path.chmod(0o755)
    chroot = shutil.which("chroot")
    variables = " ".join(json.loads(blob(manifests()[0]["config"]["digest"]))["config"]["Env"])
    script = (
        f"set -e; mount --bind {tree} {tree}; mount -o remount,ro,bind {tree}; "
        f"mount -t tmpfs -o mode=1777 tmpfs {tree}/var/lib/callboard; mount --bind {tmp_path} {tree}/etc/callboard; "
        f'exec env -i {variables} {chroot} --userspec=12345:54321 {tree} "$@"'
    )
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


def test_it_serves_as_an_unknown_user_on_a_root_that_can_only_be_read(inside: list[str]) -> None:
    command = [
        *inside,
        "/usr/bin/callboard",
        "serve",
        "--config",
        "/etc/callboard/app-config.yaml",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = None
            for line in process.stdout:
                if found := re.search(r"http://[^/]+:(\d+)/sign-in", line):
                    break
            assert found, process.stderr and process.stderr.read()
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
            connection.request("GET", "/readyz")
            assert connection.getresponse().status == 200
            connection.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        assert process.returncode == 0


def test_it_believes_the_authorities_of_debian_and_knows_time_zones(inside: list[str]) -> None:
    asked = (
        "import ssl, zoneinfo, sqlite3, psycopg, uvloop; "
        "print(len(ssl.create_default_context().get_ca_certs()), zoneinfo.ZoneInfo('Europe/Berlin'), psycopg.pq.version())"
    )
    done = subprocess.run(
        [*inside, "/usr/bin/python3.11", "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    number, zone, _ = done.stdout.split()
    assert int(number) > 100
    assert zone == "Europe/Berlin"


BACKS_UP = """
import os, sqlite3, subprocess, sys
os.mkdir("/var/lib/callboard/data")
database = sqlite3.connect("/var/lib/callboard/data/callboard.sqlite")
database.execute("PRAGMA journal_mode = WAL")
database.execute("CREATE TABLE kept AS SELECT 'by the guide' AS how")
database.commit()
assert os.path.getsize("/var/lib/callboard/data/callboard.sqlite-wal")
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


def test_the_guides_backup_takes_what_is_only_beside_the_file(inside: list[str], tmp_path: Path) -> None:
    guide = (ROOT / "docs/guides/in-a-cluster.md").read_text()
    found = re.search(r"^kubectl .* -- (.*) > copy\.sqlite$", guide, re.MULTILINE)
    assert found
    done = subprocess.run(
        [*inside, "/usr/bin/python3.11", "-c", BACKS_UP, *shlex.split(found[1])],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "copy.sqlite").write_bytes(done.stdout)
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT how FROM kept").fetchall() == [("by the guide",)]
