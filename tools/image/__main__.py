"""`python -m tools.image OUT`: build the image into a directory that is made anew."""

import hashlib
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version as version_of
from pathlib import Path

from tools.image import application, debian, sbom
from tools.image.layout import Layout, archive, layer
from tools.image.tree import CHECKOUT, complain_of_what_is_missing
from tools.image.tree import wheel as own_wheel
from tools.image.tree import when as moment


def main() -> None:
    """Build it."""
    complain_of_what_is_missing()
    out = Path(sys.argv[1]).resolve()
    when = moment()
    version = version_of("callboard")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="callboard-image-") as scratch:
        base, app = Path(scratch, "base"), Path(scratch, "app")
        base.mkdir()
        app.mkdir()
        with ThreadPoolExecutor(2) as beside:  # one layer is packed while the other is being made
            packages = debian.unpack(base, Path(scratch, "debian"))
            packed = [beside.submit(layer, base, when)]
            wheel = own_wheel(Path(scratch, "wheel"))
            application.unpack(app, CHECKOUT, wheel)
            packed.append(beside.submit(layer, app, when))
        bom = sbom.cyclonedx(version, packages, sbom.wheels(app / application.PLACE))
        inputs = {path.name: _digest(path) for path in (*Path(scratch, "debian").glob("*.deb"), wheel)}
        inputs["requirements.lock"] = _digest(CHECKOUT / "requirements.lock")
        subject = _image(out / "oci", [each.result() for each in packed], version, bom, inputs)
    archive(out / "oci", out / "callboard-image.tar", when)
    (out / "callboard-image.cdx.json").write_bytes(bom)
    sys.stdout.write(f"{subject}\n")


def _image(
    directory: Path, trees: list[tuple[bytes, str]], version: str, bom: bytes, inputs: dict[str, str]
) -> str:
    layout = Layout(directory)
    layers, unpacked = [], []
    for data, digest in trees:
        layers.append(layout.blob(data, "application/vnd.oci.image.layer.v1.tar+gzip"))
        unpacked.append(digest)
    labels = {
        "org.opencontainers.image.title": "callboard",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.description": "Where your service runs on Kubernetes, whether it is healthy, what to do next",
    }
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {
            "User": "65532:65532",
            "Entrypoint": ["/usr/bin/callboard"],
            "Cmd": ["serve"],
            "WorkingDir": "/etc/callboard",
            "Env": [
                "PATH=/usr/bin",
                "LANG=C.UTF-8",
                "TZ=UTC",
                "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
                "PYTHONDONTWRITEBYTECODE=1",
            ],
            "ExposedPorts": {"7007/tcp": {}},
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": unpacked},
    }  # fmt: skip
    manifest = layout.manifest(
        {
            "config": layout.json(config, "application/vnd.oci.image.config.v1+json"),
            "layers": layers,
            "annotations": labels,
        },
        annotations={"org.opencontainers.image.ref.name": version},
    )
    subject = str(manifest["digest"])
    layout.beside(manifest, bom, "application/vnd.cyclonedx+json")
    layout.beside(manifest, sbom.provenance(subject, version, inputs), "application/vnd.in-toto+json")
    layout.close()
    return subject


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
