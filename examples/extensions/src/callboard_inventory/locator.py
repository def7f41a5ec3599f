"""Which service runs where, by a file."""

import asyncio
from collections.abc import Sequence

from callboard.extend import Caller, Cluster, Entity, Located, Notice, PartConfig
from callboard_inventory.toml_file import TomlFile


class PlacementLocator:
    """The clusters that the file names for the service; every cluster for those listed as `everywhere`."""

    def __init__(self, file: TomlFile) -> None:
        self._file = file

    @classmethod
    def made(cls, config: PartConfig) -> "PlacementLocator":
        return cls(TomlFile.named_by(config))

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        content = await asyncio.to_thread(self._file.content)
        service = str(entity.ref)
        if service in content.get("everywhere", []):
            return Located(tuple(clusters))
        names = content.get("services", {}).get(service, [])
        notices = [
            Notice("unknown-cluster", f"{self._file.path} places {service} on {name!r}, which is no cluster")
            for name in names
            if name not in {c.name for c in clusters}
        ]
        if not names:
            notices.append(Notice("not-placed", f"{self._file.path} places {service} nowhere"))
        return Located(tuple(c for c in clusters if c.name in names), tuple(notices))
