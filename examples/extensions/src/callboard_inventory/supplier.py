"""Clusters out of an inventory file."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callboard.extend import (
    AUTH_PROVIDER,
    BadInput,
    Caller,
    Cluster,
    PartConfig,
    Problem,
    Secret,
    Trust,
    Unavailable,
)
from callboard_inventory.toml_file import TomlFile


class InventorySupplier:
    """The `[[cluster]]` tables of the file, each asked as a service account whose token lies in a file of its own."""

    def __init__(self, file: TomlFile) -> None:
        self._file = file

    @classmethod
    def made(cls, config: PartConfig) -> "InventorySupplier":
        return cls(TomlFile.named_by(config))

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        return await asyncio.to_thread(self._read)

    def _read(self) -> Sequence[Cluster]:
        tables = self._file.content().get("cluster", [])
        return [self._cluster(table, index) for index, table in enumerate(tables)]

    def _cluster(self, table: dict[str, Any], index: int) -> Cluster:
        source = f"{self._file.path}, cluster[{index}]"
        for key in ("name", "url", "token_file"):
            if not isinstance(table.get(key), str):
                raise BadInput(Problem("is missing", where=source, path=key, expected="a string"))
        here = self._file.path.parent
        ca_file = table.get("ca_file", "")
        return Cluster(
            name=table["name"],
            url=table["url"],
            auth_metadata={
                AUTH_PROVIDER: "serviceAccount",
                "serviceAccountToken": _token(here / table["token_file"]),
            },
            trust=Trust(ca_file=str(here / ca_file) if ca_file else ""),
            labels={key: table[key] for key in ("region", "environment") if key in table},
            source=source,
        )


def _token(path: Path) -> Secret:
    try:
        return Secret(path.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise Unavailable(f"the token file {path} cannot be read: {error.strerror}") from None
