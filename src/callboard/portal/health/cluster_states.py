"""How far the followed clusters have come, and whether services may be judged by what is known of them."""

import asyncio

from callboard.extend.following import FollowedCluster, Following
from callboard.model.snapshot import Notice

__all__ = ["ClusterStates"]


class ClusterStates:
    """What the provider tells of its clusters, asked for anew when it is older than half a `coalesce` of seconds.

    While it is `patient`, a cluster of which only a state from before the start is known counts as not ready: what is remembered
    of its services is the better answer.
    """

    def __init__(self, coalesce: float) -> None:
        self._coalesce = coalesce
        self._heard: set[str] = set()
        """Clusters that have been heard of since the start."""
        self.known: dict[str, FollowedCluster] = {}
        """As they were told last."""
        self._known_at = float("-inf")
        self.patient = True
        self.located: frozenset[str] = frozenset()
        """The clusters there were when it was last looked which services run where."""
        self.notices: tuple[Notice, ...] = ()
        """What there was to know about how clusters are found when it was looked last."""

    def current(self, following: Following | None) -> dict[str, FollowedCluster]:
        """The clusters, at most a moment ago."""
        now = asyncio.get_running_loop().time()
        if following is not None and now - self._known_at > self._coalesce / 2:
            self.known, self._known_at = following.clusters(), now
            self._heard |= {n for n, c in self.known.items() if c.ready and c.stale_since is None}
        return self.known

    def outdate(self) -> None:
        """One of them has changed: what is known of them counts no longer."""
        self._known_at = float("-inf")

    def ready(self, name: str, states: dict[str, FollowedCluster]) -> bool:
        """Whether services may be judged by what is known of the cluster."""
        state = states.get(name)
        return state is not None and state.ready and (name in self._heard or not self.patient)

    def forget(self) -> None:
        """Another provider: nothing is known of any cluster."""
        self.known = {}
        self.outdate()
        self.located = frozenset()
        self.notices = ()
        self._heard.clear()
        self.patient = True
