"""What a changed configuration changes only when Callboard is started anew."""

from collections.abc import Callable
from typing import Any, Final

from callboard.base.settings import Settings

__all__ = ["READ_ONCE", "waiting_for_a_restart"]

READ_ONCE: Final[dict[str, Callable[[Settings], Any]]] = {
    "app.title": lambda s: s.app.title,
    "app.baseUrl": lambda s: s.app.base_url,
    "organization.name": lambda s: s.organization.name,
    "backend.baseUrl": lambda s: s.backend.base_url,
    "backend.listen": lambda s: s.backend.listen,
    "backend.https": lambda s: s.backend.https is None,
    "auth.session": lambda s: (s.auth.session, s.callboard.auth.former_secrets),
    "backend.database": lambda s: s.backend.database,
    "callboard.dataDirectory": lambda s: s.callboard.data_directory,
    "callboard.database": lambda s: s.callboard.database,
    "callboard.checkpoint": lambda s: s.callboard.checkpoint,
    "callboard.watchInterval": lambda s: s.callboard.watch_interval,
    "callboard.lookAround": lambda s: s.callboard.look_around,
    "callboard.extensions.path": lambda s: s.callboard.extensions.path,
    "callboard.web": lambda s: s.callboard.web,
}
"""Keys that are read when the server starts, and not again."""


def waiting_for_a_restart(started: Settings, now: Settings) -> tuple[str, ...]:
    """The keys that say something else than when the server was started, and have no effect until it is started anew."""
    return tuple(key for key, read in READ_ONCE.items() if read(started) != read(now))
