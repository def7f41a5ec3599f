"""What the log says once at the start, because nobody would look for it."""

import structlog

from callboard.access.visibility import Visibility
from callboard.base.settings import CallboardSettings
from callboard.model.caller import Caller

__all__ = ["tell_who_sees_nothing"]

_log = structlog.get_logger(__name__)


def tell_who_sees_nothing(settings: CallboardSettings, visibility: Visibility) -> None:
    """Where clusters decide who sees what, and do not know the only person who can sign in."""
    clusters, person = settings.clusters, Caller.loopback()
    deciding = sorted(name for name in clusters.by_name if clusters.visibility_of(name) == "cluster")
    if clusters.visibility == "cluster":
        excepted = [name for name in clusters.by_name if name not in deciding]
        deciding = ["all" + (f" but {', '.join(sorted(excepted))}" if excepted else "")]
    if deciding and visibility.subject(person) is None:
        _log.warning(
            "clusters decide for their own users who sees what, and the person at this machine is none of them: pages will show "
            "nothing of these clusters until callboard.access.users names a user for them; `callboard clusters check` tells more",
            clusters=deciding,
            person=person.subject,
        )
