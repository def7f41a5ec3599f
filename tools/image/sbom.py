"""What is in the image (CycloneDX), and what it was made of (an in-toto statement of SLSA's form)."""

import hashlib
import json
import re
import sys
import uuid
from collections.abc import Sequence
from email.parser import Parser
from importlib.metadata import version as version_of
from pathlib import Path

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def wheels(place: Path) -> list[tuple[str, str, str]]:
    """(name, version, licence) of what is unpacked there."""
    found = []
    for path in sorted(place.glob("*.dist-info/METADATA")):
        said = Parser().parsestr(path.read_text(encoding="utf-8"))
        licence = said.get("License-Expression") or said.get("License") or ""
        found.append(
            (str(said["Name"]), str(said["Version"]), licence.splitlines()[0][:100] if licence else "")
        )
    return found


def cyclonedx(
    version: str,
    debian: Sequence[tuple[str, str]],
    python: Sequence[tuple[str, str, str]],
    of: Path | None = None,
) -> bytes:
    """The bill of materials of one file of a release, or of the image.

    Its serial number follows from what it says: the same for the same bytes, and another for each file of a release.
    """
    components: list[dict[str, object]] = [
        {
            "type": "library", "name": name, "version": its, "bom-ref": f"pkg:deb/debian/{name}@{its}",
            "purl": f"pkg:deb/debian/{name}@{its.replace('+', '%2B').replace(':', '%3A')}?distro=bookworm",
        }
        for name, its in debian
    ]  # fmt: skip
    for name, its, licence in python:
        normal = re.sub(r"[-_.]+", "-", name).lower()
        component: dict[str, object] = {
            "type": "library", "name": name, "version": its, "bom-ref": f"pkg:pypi/{normal}@{its}",
            "purl": f"pkg:pypi/{normal}@{its}",
        }  # fmt: skip
        if licence:
            component["licenses"] = [{"license": {"name": licence}}]
        components.append(component)
    subject: dict[str, object] = {"type": "container", "name": "callboard", "version": version}
    if of is not None:
        digest = hashlib.sha256(of.read_bytes()).hexdigest()
        subject |= {
            "type": "application", "bom-ref": of.name, "hashes": [{"alg": "SHA-256", "content": digest}],
        }  # fmt: skip
    serial = uuid.uuid5(NAMESPACE, json.dumps([subject, components], sort_keys=True))
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": subject},
        "components": components,
    }
    return json.dumps(bom, sort_keys=True, indent=1).encode() + b"\n"


def pinned(lock: Path) -> list[tuple[str, str, str]]:
    """The same of a lock file: what the wheel needs, wherever it is installed."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return [(name, its, "") for name, its in found]


def provenance(subject: str, version: str, inputs: dict[str, str]) -> bytes:
    """What the image was built from, by digest. It is not signed here."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "callboard", "digest": {"sha256": subject.removeprefix("sha256:")}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "make image",
                "externalParameters": {"version": version},
                "resolvedDependencies": [
                    {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(inputs.items())
                ],
            },
            "runDetails": {"builder": {"id": "tools/image"}},
        },
    }
    return json.dumps(statement, sort_keys=True, indent=1).encode() + b"\n"


if __name__ == "__main__":
    file, *locks = map(Path, sys.argv[1:])  # no lock: the manifests need nothing but an image
    needs = [each for lock in locks for each in pinned(lock)]
    sys.stdout.buffer.write(cyclonedx(version_of("callboard"), (), needs, file))
