"""A kubeconfig for a fleet: one context a cluster, CA data and a bearer token inside, readable by its owner only."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import yaml

__all__ = ["KubeconfigEntry", "write_kubeconfig"]


class KubeconfigEntry(msgspec.Struct, frozen=True):
    """One cluster as a client needs it. `others` are further users of it, by name, who stand in no context."""

    name: str
    url: str
    ca_pem: str
    token: str
    others: dict[str, str] = {}


def write_kubeconfig(path: Path, entries: Sequence[KubeconfigEntry]) -> Path:
    """Write the file with mode 0600; the first entry is the current context."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries[0].name if entries else "",
        "clusters": [
            {
                "name": entry.name,
                "cluster": {
                    "server": entry.url,
                    "certificate-authority-data": base64.b64encode(entry.ca_pem.encode()).decode(),
                },
            }
            for entry in entries
        ],
        "users": [
            {"name": name, "user": {"token": token}}
            for name, token in [
                *((entry.name, entry.token) for entry in entries),
                *(other for entry in entries for other in entry.others.items()),
            ]
        ],
        "contexts": [
            {"name": entry.name, "context": {"cluster": entry.name, "user": entry.name}} for entry in entries
        ],
    }
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        yaml.safe_dump(document, file, sort_keys=False)
    temporary.replace(path)
    return path
