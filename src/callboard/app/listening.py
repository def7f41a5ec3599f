"""What is listened to by default: everything by a server, one service by a command that watches it, nothing by one that looks
once."""

from enum import Enum

import msgspec

from callboard.base.settings import Settings

__all__ = ["Listens", "settings_for"]

_OURS = (None, "hub")


class Listens(Enum):
    """What an application is opened for."""

    FLEET = "fleet"
    SERVICE = "service"
    NOTHING = "nothing"


def settings_for(settings: Settings, listens: Listens) -> Settings:
    """The settings with their objects provider settled. One that is neither unsaid nor `hub` stays what it is.

    A command shares its configuration with the server, but must not list whole clusters for the sake of one service: it asks
    once, or watches what its one entity selects.
    """
    mine = settings.callboard
    if mine.parts.objects_provider not in _OURS:
        return settings
    provider = "fanOut" if listens is Listens.NOTHING else "hub"
    clusters = mine.clusters
    if listens is Listens.SERVICE:
        narrow = msgspec.structs.replace(clusters.hub, scope="entity", watch_entities=True)
        by_name = {name: msgspec.structs.replace(o, hub=None) for name, o in clusters.by_name.items()}
        clusters = msgspec.structs.replace(clusters, hub=narrow, by_name=by_name)
    parts = msgspec.structs.replace(mine.parts, objects_provider=provider)
    return msgspec.structs.replace(
        settings, callboard=msgspec.structs.replace(mine, parts=parts, clusters=clusters)
    )
