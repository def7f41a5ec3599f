"""Since when a service is in trouble: the cluster tells of the last crash, the memory of the first that was seen."""

from datetime import datetime

import msgspec

from callboard.base.object_cache import ObjectCache
from callboard.history.verdict import LastVerdict
from callboard.model.verdict import Health
from callboard.portal.views import KubernetesView

__all__ = ["TroubleSince"]


class TroubleSince:
    """Puts the earlier of the two into views. One view for all readers of one: whoever keeps what is drawn beside it finds it
    again."""

    def __init__(self) -> None:
        self._told: ObjectCache[tuple[datetime, KubernetesView]] = ObjectCache()

    @staticmethod
    def asked_for(view: KubernetesView) -> bool:
        """Whether what is remembered can make a difference."""
        return view.verdict.health is Health.UNHEALTHY and view.verdict.since is not None

    def told(self, view: KubernetesView, last: LastVerdict | None) -> KubernetesView:
        """The view as it is told to callers for whom `last` is remembered."""
        since = view.verdict.since
        if (
            last is None
            or since is None
            or not self.asked_for(view)
            or last.health is not Health.UNHEALTHY
            or last.since >= since
        ):
            return view
        known = self._told.get(view)
        if known is not None and known[0] == last.since:
            return known[1]
        verdict = msgspec.structs.replace(view.verdict, since=last.since)
        told = msgspec.structs.replace(view, verdict=verdict)
        self._told.put(view, (last.since, told))
        return told
