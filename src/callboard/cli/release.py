"""What a pipeline waits for: a version of a service, healthy wherever the service runs. Pure."""

from collections.abc import Iterator
from typing import Final

import msgspec

from callboard.model.finding import Impact
from callboard.model.verdict import Health
from callboard.portal.documents.status import (
    ClusterDocument,
    StatusDocument,
    TroubleDocument,
    WorkloadDocument,
)

__all__ = ["Release"]

_IMPACTS: Final = (Impact.DOWN, Impact.DEGRADED, Impact.AT_RISK)
_COUNTED: Final = ("Deployment", "StatefulSet", "DaemonSet")


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """`image` is the reference that is to run, "" for whatever runs; `label` and `value` are what the pods are to be labelled
    with, "" for any; `fail_on` the impact from which on waiting is in vain,
    None where it never is."""

    image: str = ""
    label: str = ""
    value: str = ""
    fail_on: Impact | None = None

    def concluded(self, document: StatusDocument) -> StatusDocument:
        """The document with a conclusion that is never "fine" for another version, and says why not."""
        failed, why = self.failed(document), self.lacking(document)
        if not failed and not why:
            return document
        told = document.conclusion
        health = Health.UNHEALTHY if failed else Health.PROGRESSING
        trouble = TroubleDocument(cluster="", health=health, why=failed or f"not there yet: {why}")
        conclusion = msgspec.structs.replace(
            told, exit_code=told.exit_code or 1, unhealthy=(*told.unhealthy, trouble)
        )
        return msgspec.structs.replace(document, conclusion=conclusion)

    def lacking(self, document: StatusDocument) -> str:
        """Why the version does not run everywhere yet; "" where it does. Something that runs another version of the same image
        is enough, and so is that nothing runs it."""
        if not self.version:
            return ""
        found = False
        for cluster, workload in self._of(document):
            where = f"{cluster.name}: {workload.kind} {workload.name}"
            if other := self._other(workload):
                return f"{where} runs {other}"
            found = True
            if workload.kind in _COUNTED and min(workload.updated, workload.ready) < workload.desired:
                at = min(workload.updated, workload.ready)
                return f"{where}: {at} of {workload.desired} pods run {self.version} and are ready"
            if workload.health in (Health.UNHEALTHY, Health.PROGRESSING, Health.UNKNOWN):
                return f"{where}: {workload.reason or workload.health.value}"
        return "" if found else f"nothing runs {self.version}"

    def failed(self, document: StatusDocument) -> str:
        """The finding that says that waiting is in vain; "" where none does. What troubles another version is none."""
        if self.fail_on is None:
            return ""
        bad = _IMPACTS[: _IMPACTS.index(self.fail_on) + 1]
        mine = {
            (cluster.name, workload.namespace, f"{workload.kind} {workload.name}")
            for cluster, workload in self._of(document)
            if not self._other(workload)
        }
        for finding in document.findings:
            for place in finding.places:
                about = (place.cluster, finding.namespace, finding.subject)
                if place.impact in bad and (not self.version or about in mine):
                    return f"{place.cluster}: {finding.subject}: {finding.sentence} [{finding.code}]"
        return ""

    @property
    def version(self) -> str:
        """What is to run, as it is told: the image, the label, or both."""
        return " with ".join(filter(None, (self.image, f"{self.label}={self.value}" if self.label else "")))

    def _of(self, document: StatusDocument) -> Iterator[tuple[ClusterDocument, WorkloadDocument]]:
        """The workloads that run any version of it."""
        for cluster in document.clusters:
            for workload in cluster.workloads:
                by_image = not self.image or any(_same_repository(i, self.image) for i in workload.images)
                if by_image and (not self.label or self.label in workload.labels):
                    yield cluster, workload

    def _other(self, workload: WorkloadDocument) -> str:
        """The other version that a workload runs; "" where it runs this one."""
        for image in workload.images if self.image else ():
            if _same_repository(image, self.image) and not _same(image, self.image):
                return image
        if self.label and workload.labels.get(self.label) != self.value:
            return f"{self.label}={workload.labels.get(self.label, '')}"
        return ""


def _same(one: str, other: str) -> bool:
    return _full(one) == _full(other)


def _same_repository(one: str, other: str) -> bool:
    return _repository(one) == _repository(other)


def _full(reference: str) -> str:
    """A reference with the registry and the tag that are meant where none is written."""
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def _repository(reference: str) -> str:
    name = _full(reference).partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
