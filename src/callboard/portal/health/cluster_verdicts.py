"""What services are on single clusters, judged one by one; of the clusters where nothing of a service is, one verdict serves all
services."""

from collections.abc import Callable
from datetime import datetime, timedelta

from callboard.base.aside import LARGE, aside
from callboard.diagnosis.engine import ClusterDiagnosis, diagnose
from callboard.diagnosis.ownership import group
from callboard.diagnosis.rules.registry import DiagnosisRules, ordinary
from callboard.diagnosis.verdict import cluster_verdict
from callboard.extend.following import Following
from callboard.model.snapshot import ClusterSnapshot, ClusterState
from callboard.model.verdict import ClusterVerdict
from callboard.portal.health.service_state import ServiceState

__all__ = ["ClusterVerdicts"]


class ClusterVerdicts:
    """`judged` counts, for tests and figures, how often a service was looked at on a cluster."""

    def __init__(self, rules: Callable[[], DiagnosisRules] = ordinary) -> None:
        self._rules = rules
        self._nothing: dict[tuple[str, tuple[str, ...]], tuple[ClusterVerdict, ClusterSnapshot]] = {}
        self.judged = 0

    def clear(self) -> None:
        """Nothing is known of any cluster."""
        self._nothing.clear()

    def forget(self, cluster: str) -> None:
        """What nothing on this cluster means may be another thing now."""
        for key in [key for key in self._nothing if key[0] == cluster]:
            del self._nothing[key]

    def judge(self, service: ServiceState, cluster: str, following: Following) -> ClusterVerdict | None:
        """What the service is there, by what is held; None where that does not tell, which the service's state notes."""
        snapshot = self._begin(service, cluster, following)
        if snapshot is None:
            return None
        return self._note(service, cluster, snapshot, *_judged(snapshot, self._rules()))

    async def judge_aside(self, service: ServiceState, cluster: str, following: Following) -> None:
        """The same; where much is held of it, while others have their turn. What changes meanwhile touches the service again."""
        snapshot = self._begin(service, cluster, following)
        if snapshot is None:
            return
        rules = self._rules()
        if sum(len(o.objects) for o in snapshot.outcomes) > LARGE:
            found, diagnosis = await aside(lambda: _judged(snapshot, rules))
        else:
            found, diagnosis = _judged(snapshot, rules)
        if cluster in service.clusters:
            self._note(service, cluster, snapshot, found, diagnosis)

    def _begin(self, service: ServiceState, cluster: str, following: Following) -> ClusterSnapshot | None:
        self.judged += 1
        service.lost.discard(cluster)
        service.revisit_at.pop(cluster, None)
        snapshot = following.read(service.entity, cluster)
        if snapshot is None:
            service.lost.add(cluster)
            service.by_cluster.pop(cluster, None)
        return snapshot

    def _note(
        self,
        service: ServiceState,
        cluster: str,
        snapshot: ClusterSnapshot,
        found: ClusterVerdict,
        diagnosis: ClusterDiagnosis,
    ) -> ClusterVerdict:
        if snapshot.state is ClusterState.PARTIAL or next(snapshot.objects(), None) is not None:
            service.by_cluster[cluster] = found
            if (moment := _revisit_at(snapshot, diagnosis)) is not None:
                service.revisit_at[cluster] = moment
        else:
            service.by_cluster.pop(cluster, None)
            self._nothing[(cluster, service.namespaces)] = (found, snapshot)
        return found

    def all(self, service: ServiceState, following: Following) -> dict[str, ClusterVerdict]:
        """Those of all its clusters, judged where they have not been; not all of them where one is lost."""
        found: dict[str, ClusterVerdict] = {}
        for cluster in service.clusters:
            part = service.by_cluster.get(cluster)
            if part is None and (nothing := self._nothing.get((cluster, service.namespaces))) is not None:
                part = nothing[0]
            elif part is None and cluster not in service.lost:
                part = self.judge(service, cluster, following)
            if part is None:
                break
            found[cluster] = part
        return found

    def read(self, service: ServiceState, following: Following) -> tuple[ClusterSnapshot, ...] | None:
        """What all its clusters hold of it; None where one of them does not tell."""
        clusters: list[ClusterSnapshot] = []
        for cluster in sorted(service.clusters):
            nothing = self._nothing.get((cluster, service.namespaces))
            if nothing is not None and cluster not in service.by_cluster:
                clusters.append(nothing[1])
            elif (part := following.read(service.entity, cluster)) is not None:
                clusters.append(part)
            else:
                return None
        return tuple(clusters)


def _judged(snapshot: ClusterSnapshot, rules: DiagnosisRules) -> tuple[ClusterVerdict, ClusterDiagnosis]:
    grouping = group(snapshot)
    diagnosis = diagnose(snapshot, grouping, rules=rules)
    return cluster_verdict(snapshot, grouping, diagnosis), diagnosis


def _revisit_at(part: ClusterSnapshot, diagnosis: ClusterDiagnosis) -> datetime | None:
    """When it means another thing although nothing has changed, by our time."""
    if diagnosis.until is None:
        return None
    try:
        return diagnosis.until - timedelta(seconds=part.clock_offset or 0.0)
    except OverflowError:
        return None
