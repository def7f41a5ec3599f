"""The second layer: Callboard's wheel and what it needs, every file by its hash, unpacked where Debian's Python finds them."""

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

PLACE = "usr/lib/python3/dist-packages"
COMMAND = """#!/usr/bin/python3.11 -I
import sys
from callboard.app.main import main
sys.exit(main())
"""


def unpack(root: Path, checkout: Path, wheel: Path) -> None:
    """Fill `root`. `wheel` is Callboard's own; the others come by pip, as requirements.lock pins them."""
    target = root / PLACE
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", "--no-compile",
           "--no-deps", "--only-binary", ":all:", "--target", str(target)]  # fmt: skip
    subprocess.run([*pip, "--require-hashes", "-r", str(checkout / "requirements.lock")], check=True)
    subprocess.run([*pip, "--no-index", str(wheel)], check=True)
    shutil.rmtree(target / "bin", ignore_errors=True)
    for pattern in (
        "*.dist-info/RECORD",
        "*.dist-info/REQUESTED",
        "*.dist-info/direct_url.json",
        "*.dist-info/INSTALLER",
    ):
        for path in target.glob(pattern):
            path.unlink()
    for tests in (*target.rglob("tests"), *target.rglob("testing")):
        if tests.is_dir() and "callboard" not in tests.parts:
            shutil.rmtree(tests)
    shutil.rmtree(
        target / "cel_expr_python/ext", ignore_errors=True
    )  # extensions of CEL that are not loaded: 36 MB
    for pattern in ("*.c", "*.h", "*.cpp", "*.pyx", "*.pxd", "*.pxi", "*.pyi"):
        for path in target.rglob(pattern):
            path.unlink()  # what only a compiler or a type checker reads
    libraries = sorted(str(p) for p in target.rglob("*.so*") if p.is_file() and not p.is_symlink())
    # symbols that only a debugger reads, and some wheels bring: 45 MB
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)
    if sys.version_info[:2] == (3, 11):  # the image's own, so what is compiled here is read there
        compileall.compile_dir(
            target, maxlevels=100, quiet=2, stripdir=str(root), prependdir="/", workers=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )  # fmt: skip
    command = root / "usr/bin/callboard"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(COMMAND)
    command.chmod(0o755)
    (root / "etc/callboard").mkdir(parents=True, exist_ok=True)
    (root / "var/lib/callboard").mkdir(parents=True, exist_ok=True)
