"""`python -m tools.image.tree ROOT`: the trees of the image in one directory, for a Containerfile."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.image import application, debian

CHECKOUT = Path(__file__).resolve().parents[2]
WHEN = 1_764_547_200
"""The time of everything in the image, where SOURCE_DATE_EPOCH does not say another: bytes must not tell when they were made."""


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
    root = Path(sys.argv[1]).resolve()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="callboard-image-") as scratch:
        debian.unpack(root, Path(scratch, "debian"))
        application.unpack(root, CHECKOUT, wheel(Path(scratch, "wheel")))


if __name__ == "__main__":
    main()
