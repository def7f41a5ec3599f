"""How Callboard is set up: the clusters it asks, as whom and at what cost; and the configuration in force, without secrets."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from callboard.base.config import LoadedConfig, settings_in_force
from callboard.extend.parts import Supplied
from callboard.fleet.hub.figures import ClusterFigures, StreamState
from callboard.fleet.hub.standing import StreamStanding
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer
from callboard.model.permission import Action
from callboard.portal.administration.guard import AdminGuard
from callboard.portal.views import ClusterLine, ClustersView, ConfigurationView, RefusedLine

__all__ = ["ClustersKnown", "SetUp"]

PAGE: Final = 50
SETTINGS: Final = 200
MOST_REFUSED: Final = 20
_TOLD: Final = 300
_STATES: Final = (
    (StreamState.STALE, "stale"),
    (StreamState.WITHOUT, "nothing known of some of it"),
    (StreamState.POLLED, "asked at intervals"),
    (StreamState.LIVE, "live"),
)


class ClustersKnown(Protocol):
    """What is known of the clusters without asking any."""

    async def supplied(self) -> Supplied:
        """All there are, and what went wrong on the way."""
        ...

    def standing(self) -> Mapping[str, tuple[StreamStanding, ...]]:
        """The streams of each."""
        ...

    def figures(self) -> Mapping[str, ClusterFigures]:
        """What listening to each costs."""
        ...

    def answers(self) -> Mapping[str, Mapping[str, int]]:
        """How many questions to each came to what since the start."""
        ...

    def most_watches(self, cluster: str) -> int:
        """Watches that one may cost."""
        ...

    def decides(self, cluster: str) -> str:
        """Who decides what callers see of it: `portal` or `cluster`."""
        ...


class SetUp:
    """Reads for whoever may read how Callboard is set up."""

    def __init__(
        self, guard: AdminGuard, clusters: ClustersKnown, configuration: Callable[[], LoadedConfig]
    ) -> None:
        self._guard = guard
        self._clusters = clusters
        self._configuration = configuration

    async def clusters(self, name: str, offset: int, caller: Caller) -> ClustersView:
        """One page of the clusters that have `name` in their name or labels. Raises NotAllowed. No cluster is asked."""
        await self._guard.require(caller, Action.ADMIN_READ)
        supplied = await self._clusters.supplied()
        wanted = name.lower()
        found = sorted((c for c in supplied.clusters if wanted in _searched(c)), key=lambda c: c.name)
        standing, figures, answers = (
            self._clusters.standing(),
            self._clusters.figures(),
            self._clusters.answers(),
        )
        return ClustersView(
            rows=tuple(
                self._line(c, standing.get(c.name, ()), figures.get(c.name), answers.get(c.name, {}))
                for c in found[offset : offset + PAGE]
            ),
            notices=supplied.notices[:PAGE],
            total=len(found),
            further=offset + PAGE if len(found) > offset + PAGE else 0,
        )

    def _line(
        self,
        cluster: Cluster,
        streams: tuple[StreamStanding, ...],
        costs: ClusterFigures | None,
        answers: Mapping[str, int],
    ) -> ClusterLine:
        refused = [s for s in streams if s.failure is not None or s.answer.failed]
        counted = Counter(s.state for s in streams)
        return ClusterLine(
            cluster=cluster.info,
            state=_state(counted, answers),
            source=cluster.source[:_TOLD],
            auth=cluster.auth_provider or "none",
            identities=tuple(sorted({s.identity for s in streams}))[:10],
            decides=self._clusters.decides(cluster.name),
            unverified=cluster.trust.skip_verify,
            as_of=min((s.as_of for s in streams if s.as_of is not None), default=None),
            stale_since=min((s.stale_since for s in streams if s.stale_since is not None), default=None),
            streams=tuple((str(state), number) for state, number in sorted(counted.items())),
            refused=tuple(_refused(s) for s in refused[:MOST_REFUSED]),
            more_refused=max(0, len(refused) - MOST_REFUSED),
            watches=costs.watches if costs else 0,
            most_watches=self._clusters.most_watches(cluster.name),
            lists=costs.lists if costs else 0,
            waiting=costs.waiting if costs else 0,
            objects=costs.objects if costs else 0,
            bytes=costs.bytes if costs else 0,
            asked=tuple(sorted(answers.items())),
        )

    async def configuration(self, key: str, defaults: bool, offset: int, caller: Caller) -> ConfigurationView:
        """One page of the settings with `key` in their path, those that are written down, or defaults too. Raises NotAllowed."""
        await self._guard.require(caller, Action.ADMIN_READ)
        loaded = self._configuration()
        wanted = key.lower()
        found = [
            line
            for line in settings_in_force(loaded)
            if wanted in line.path.lower() and (defaults or line.where)
        ]
        return ConfigurationView(
            rows=tuple(found[offset : offset + SETTINGS]),
            files=tuple(str(stamp.path) for stamp in loaded.sources),
            warnings=loaded.warnings[:SETTINGS],
            total=len(found),
            further=offset + SETTINGS if len(found) > offset + SETTINGS else 0,
        )


def _searched(cluster: Cluster) -> str:
    labels = " ".join(f"{k}={v}" for k, v in cluster.labels.items())
    return f"{cluster.name} {cluster.title} {labels}".lower()


def _state(counted: Mapping[StreamState, int], answers: Mapping[str, int]) -> str:
    """The worst of its streams; without any, what asking came to."""
    for state, words in _STATES:
        if counted.get(state):
            return words
    if not answers:
        return "not asked yet"
    good = any(answers.get(each.value) for each in Answer if each.known)
    return "answers when it is asked" if good else "has given no answer"


def _refused(stream: StreamStanding) -> RefusedLine:
    why = stream.failure.message if stream.failure is not None else stream.answer.value
    return RefusedLine(" in ".join(filter(None, (stream.type, stream.scope)))[:_TOLD], why[:_TOLD])
