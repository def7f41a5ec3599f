"""Trees as layers, and layers as an OCI layout: the same bytes for the same trees."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

OWNED = {"var/lib/callboard": (65532, 0o700), "tmp": (0, 0o1777)}
"""Directories that are not root's, or not of mode 0755."""


LEVEL = 6
"""Of gzip: 9 takes three times as long for a hundredth less."""


def layer(root: Path, when: int) -> tuple[bytes, str]:
    """(the layer, packed; the digest of what is in it unpacked)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            entry = archive.gettarinfo(path, name)
            entry.mtime, entry.uname, entry.gname = when, "", ""
            entry.uid = entry.gid = 0
            if name in OWNED:
                entry.uid, entry.mode = OWNED[name]
                entry.gid = entry.uid
            elif not entry.issym():
                entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            if entry.islnk():
                entry.type = tarfile.REGTYPE
                entry.size = path.stat().st_size
            with path.open("rb") if entry.isreg() else io.BytesIO() as content:
                archive.addfile(entry, content if entry.isreg() else None)
    data = raw.getvalue()
    packed = gzip.compress(data, LEVEL, mtime=0)
    return packed, f"sha256:{hashlib.sha256(data).hexdigest()}"


class Layout:
    """An OCI image layout in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        (directory / "blobs/sha256").mkdir(parents=True)
        self._manifests: list[dict[str, Any]] = []

    def blob(self, data: bytes, media_type: str) -> dict[str, Any]:
        """Put it there; its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        (self._directory / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def json(self, value: object, media_type: str) -> dict[str, Any]:
        """The same for JSON."""
        return self.blob(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), media_type)

    def manifest(self, value: dict[str, Any], **more: object) -> dict[str, Any]:
        """A manifest that the index names."""
        media_type = "application/vnd.oci.image.manifest.v1+json"
        found = self.json({"schemaVersion": 2, "mediaType": media_type, **value}, media_type)
        self._manifests.append({**found, **more})
        return found

    def beside(self, subject: dict[str, Any], content: bytes, kind: str) -> None:
        """What is said of an image, found by asking what refers to it."""
        empty = self.blob(b"{}", "application/vnd.oci.empty.v1+json")
        self.manifest(
            {"artifactType": kind, "config": empty, "layers": [self.blob(content, kind)], "subject": subject},
            artifactType=kind,
        )

    def close(self) -> None:
        """Write the index."""
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": self._manifests,
        }
        (self._directory / "index.json").write_text(json.dumps(index, sort_keys=True, indent=1) + "\n")
        (self._directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')


def archive(directory: Path, file: Path, when: int) -> None:
    """The layout in one tar, as engines load it."""
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as out:
        for path in sorted(directory.rglob("*")):
            entry = out.gettarinfo(path, path.relative_to(directory).as_posix())
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = when, 0, 0, "", ""
            entry.mode = 0o755 if entry.isdir() else 0o644
            if path.is_file():
                with path.open("rb") as content:
                    out.addfile(entry, content)
            else:
                out.addfile(entry)
    os.utime(file, (when, when))
