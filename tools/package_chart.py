"""`python tools/package_chart.py OUT WHEN`: the chart in one archive, as `helm package` makes it, the same each time."""

import gzip
import io
import sys
import tarfile
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[1] / "deploy" / "chart"


def packed(when: int) -> tuple[str, bytes]:
    """(its file's name, what is in it). Links become what they lead to."""
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(each for each in CHART.rglob("*") if each.is_file()):
            entry = tarfile.TarInfo(f"{about['name']}/{path.relative_to(CHART).as_posix()}")
            content = path.read_bytes()
            entry.size, entry.mtime, entry.mode = len(content), when, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return f"{about['name']}-{about['version']}.tgz", gzip.compress(raw.getvalue(), mtime=0)


def main() -> None:
    """Write it."""
    name, data = packed(int(sys.argv[2]))
    (Path(sys.argv[1]) / name).write_bytes(data)


if __name__ == "__main__":
    main()
