"""`python -m tools.image.tree ROOT`: the trees of the image in one directory, for a Containerfile."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.image import application, debian

CHECKOUT = Path(__file__).resolve().parents[2]
WHEN = 1_764_547_200
"""The time of everything in the image, where SOURCE_DATE_EPOCH does not say another: bytes must not tell when they were made."""


def complain_of_what_is_missing() -> None:
    """End with a line that names the programs of this machine that an image is made with and that are not there."""
    brought = {"apt-get": "apt", "dpkg-deb": "dpkg", "strip": "binutils"}
    missing = [
        f"{program} (package {package})" for program, package in brought.items() if not shutil.which(program)
    ]
    if missing:
        raise SystemExit(
            f"The image is made on Debian, and of its programs there is none called {', '.join(missing)}."
        )


def when() -> int:
    """Seconds since 1970."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", WHEN))


def wheel(place: Path) -> Path:
    """Callboard's own wheel, built of the checkout."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(CHECKOUT)],
        check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(when())},
    )  # fmt: skip
    return next(place.glob("*.whl"))


def main() -> None:
    """Fill ROOT."""
    complain_of_what_is_missing()
    root = Path(sys.argv[1]).resolve()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="callboard-image-") as scratch:
        debian.unpack(root, Path(scratch, "debian"))
        application.unpack(root, CHECKOUT, wheel(Path(scratch, "wheel")))


if __name__ == "__main__":
    main()
