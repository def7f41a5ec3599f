"""What to lay side by side for one finding, by its code: a probe's settings, the wrong image and one that works, what a pod asks
for and what nodes have. Pure, and total over any objects.

Codes decide only what is laid out; a code that none of this is for has its evidence, which says it too.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from callboard.diagnosis.pod_status import is_sidecar
from callboard.model.finding import Finding
from callboard.model.objects import KubeObject
from callboard.model.objects.cluster_state import Node
from callboard.model.objects.config import ConfigMap, ResourceQuota, SecretMetadata
from callboard.model.objects.pod import Container, Pod, Probe
from callboard.model.quantity import quantity
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.arranging.changed import changed
from callboard.portal.arranging.clipping import clipped
from callboard.portal.arranging.usage import metrics_by_pod
from callboard.portal.views import Exhibit, ExhibitRow
from callboard.portal.words import cpu_words, memory_words

__all__ = ["exhibits"]

MOST_ROWS: Final = 12


def exhibits(
    finding: Finding, cluster: ClusterSnapshot, obj: KubeObject, *, values: bool = False
) -> tuple[Exhibit, ...]:
    """All there are of this finding, for the object that stands for it; at the end what the last release changed, with `values`
    as for somebody who may read the YAML."""
    made: list[Exhibit] = []
    for prefix, make in _MAKERS:
        if finding.code.startswith(prefix):
            made += [e for e in make(finding, cluster, obj) if e.rows]
    release = changed(_objects(cluster), obj, values=values)
    return (*made, *((release,) if release is not None else ()))


# ---- probes


def _probes(finding: Finding, cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[Exhibit]:
    container = _container(finding, obj)
    if container is None:
        return
    for word, probe in (
        ("readiness", container.readiness_probe),
        ("liveness", container.liveness_probe),
        ("startup", container.startup_probe),
    ):
        if probe is not None and (word.upper() in finding.code or "PROBE" not in finding.code):
            yield Exhibit(title=f"How the {word} probe is set", rows=tuple(_probe(probe)))


def _probe(probe: Probe) -> Iterator[ExhibitRow]:
    if probe.http_get is not None:
        where = f"{probe.http_get.path or '/'} on port {probe.http_get.port}"
        yield ExhibitRow(label="Asks for", value=clipped(where))
    yield ExhibitRow(label="Every", value=_seconds(probe.period_seconds, 10))
    yield ExhibitRow(label="Waits for an answer", value=_seconds(probe.timeout_seconds, 1))
    failures = probe.failure_threshold
    yield ExhibitRow(
        label="Failures in a row that count",
        value=str(3 if failures is None else failures),
        remark="where nothing is set" if failures is None else "",
    )
    yield ExhibitRow(label="Begins after", value=_seconds(probe.initial_delay_seconds, 0))


def _seconds(found: int | None, usual: int) -> str:
    return f"{usual if found is None else found} s"


# ---- images


def _images(finding: Finding, cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[Exhibit]:
    container = _container(finding, obj)
    wanted = str(finding.arguments.get("image", "")) or (container.image if container else "")
    rows = [ExhibitRow(label="Cannot be had", value=clipped(wanted), wrong=True)]
    if finding.after is not None and finding.after.what == "image":
        rows.append(
            ExhibitRow(
                label="Before the last release", value=clipped(finding.after.before), time=finding.after.at
            )
        )
    for image, pods in _ready_images(cluster, obj, container):
        if image != wanted:
            count = "1 pod" if pods == 1 else f"{pods} pods"
            rows.append(ExhibitRow(label="Runs here", value=clipped(image), remark=f"{count} ready"))
    yield Exhibit(title="Images", rows=tuple(rows[:MOST_ROWS]))


def _ready_images(
    cluster: ClusterSnapshot, obj: KubeObject, container: Container | None
) -> list[tuple[str, int]]:
    """Images that containers of the same name run with in ready pods, the most frequent first."""
    if container is None:
        return []
    found: dict[str, int] = {}
    for each in _objects(cluster):
        if isinstance(each.body, Pod) and each.namespace == obj.namespace:
            for status in each.body.status.container_statuses:
                if status.name == container.name and status.ready:
                    image = next((c.image for c in each.body.spec.containers if c.name == status.name), "")
                    found[image or status.image] = found.get(image or status.image, 0) + 1
    return sorted(found.items(), key=lambda item: -item[1])[:3]


# ---- configuration


def _configuration(finding: Finding, cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[Exhibit]:
    kind, name, key = (str(finding.arguments.get(each, "")) for each in ("kind", "name", "key"))
    if not name:
        return
    rows = [ExhibitRow(label=f"{kind or 'Object'} that is asked for", value=clipped(name), wrong=not key)]
    rows += [ExhibitRow(label="Key that is missing", value=clipped(key), wrong=True)] if key else []
    there = [o for o in _objects(cluster) if o.namespace == obj.namespace and o.type.title == kind]
    same = next((o for o in there if o.name == name), None)
    if same is not None and (keys := _keys(same)):
        rows.append(ExhibitRow(label="Keys it has", value=clipped(", ".join(keys[:30]))))
    elif there:
        names = ", ".join(sorted({o.name for o in there})[:20])
        rows.append(ExhibitRow(label="Others that it uses", value=clipped(names)))
    yield Exhibit(title="What is missing", rows=tuple(rows))


def _keys(obj: KubeObject) -> list[str]:
    match obj.body:
        case ConfigMap():
            return sorted({*(obj.body.data or {}), *(obj.body.binary_data or {})})
        case SecretMetadata():
            return sorted(obj.body.data or {})
        case _:
            return []


# ---- memory and room


def _memory(finding: Finding, cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[Exhibit]:
    container = _container(finding, obj)
    if container is None:
        return
    requests, limits = container.resources.requests or {}, container.resources.limits or {}
    rows = [
        ExhibitRow(label="It may use at most", value=_amount(limits.get("memory"), memory_words), wrong=True),
        ExhibitRow(label="It asks for", value=_amount(requests.get("memory"), memory_words)),
    ]
    measured = metrics_by_pod(cluster).get((obj.namespace, obj.name))
    for each in measured.containers if measured is not None else ():
        if each.name == container.name:
            used = _amount((each.usage or {}).get("memory"), memory_words)
            rows.append(
                ExhibitRow(
                    label="It used when last measured",
                    value=used,
                    time=measured.timestamp if measured else None,
                )
            )
    yield Exhibit(title=f"Memory of container {container.name[:253]}", rows=tuple(rows))


def _room(finding: Finding, cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[Exhibit]:
    if not isinstance(obj.body, Pod):
        return
    spec = obj.body.spec
    together = [*spec.containers, *filter(is_sidecar, spec.init_containers)]
    nodes = [o for o in _objects(cluster) if isinstance(o.body, Node)]
    rows = []
    for resource, shown, words in (("cpu", "CPU", cpu_words), ("memory", "memory", memory_words)):
        asked = [quantity((c.resources.requests or {}).get(resource)) for c in together]
        total = sum(q for q in asked if q is not None)
        rows.append(
            ExhibitRow(
                label=f"The pod asks for {shown}",
                value=words(total) if total else "nothing set",
                wrong=str(finding.arguments.get("resource", "")).lower() == resource,
            )
        )
        largest = [
            quantity((n.body.status.allocatable or {}).get(resource))
            for n in nodes
            if isinstance(n.body, Node)
        ]
        found = [q for q in largest if q is not None]
        if found:
            remark = f"the largest of {len(found)} nodes that are known here"
            rows.append(ExhibitRow(label=f"A node has {shown}", value=words(max(found)), remark=remark))
    for label, value in sorted((spec.node_selector or {}).items())[:MOST_ROWS]:
        having = [n for n in nodes if (n.meta.labels or {}).get(label) == value]
        there = (
            f"{len(having)} of {len(nodes)} nodes that are known here" if nodes else "no node is known here"
        )
        rows.append(
            ExhibitRow(
                label="The pod wants a node with",
                value=clipped(f"{label}={value}"),
                remark=f"{there} {'has' if len(having) == 1 else 'have'} it" if nodes else there,
                wrong=bool(nodes) and not having,
            )
        )
    said = next((e.value for e in finding.evidence if "PodScheduled" in e.field), "")
    rows += [ExhibitRow(label="The scheduler says", value=clipped(said))] if said else []
    yield Exhibit(title="What is asked for, and what there is", rows=tuple(rows))


def _amount(found: str | int | float | None, words: Callable[[float], str]) -> str:
    number = quantity(found)
    return words(number) if number is not None else "nothing set"


def _quota(finding: Finding, cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[Exhibit]:
    rows: list[ExhibitRow] = []
    for each in _objects(cluster):
        if isinstance(each.body, ResourceQuota) and each.namespace == obj.namespace:
            used, hard = each.body.status.used or {}, each.body.status.hard or {}
            for resource, most in sorted(hard.items(), key=lambda item: str(item[0])):
                now, limit = quantity(used.get(resource)), quantity(most)
                full = now is not None and limit is not None and now >= limit
                value = f"{used.get(resource, 0)} of {most}"
                rows.append(
                    ExhibitRow(label=clipped(f"{each.name}: {resource}"), value=clipped(value), wrong=full)
                )
    rows.sort(key=lambda row: not row.wrong)
    yield Exhibit(title="What the namespace may use", rows=tuple(rows[:MOST_ROWS]))


# ---- what all of them read


def _container(finding: Finding, obj: KubeObject) -> Container | None:
    """The container that the finding is about, else the pod's first."""
    if not isinstance(obj.body, Pod):
        return None
    all_ = (*obj.body.spec.init_containers, *obj.body.spec.containers)
    named = str(finding.arguments.get("container", ""))
    return next((c for c in all_ if c.name == named), next(iter(obj.body.spec.containers), None))


def _objects(cluster: ClusterSnapshot) -> Iterable[KubeObject]:
    for outcome in (*cluster.outcomes, *cluster.references):
        yield from outcome.objects


_Make = Callable[[Finding, ClusterSnapshot, KubeObject], Iterator[Exhibit]]
_MAKERS: Final[tuple[tuple[str, _Make], ...]] = (
    ("CB-PROBE-", _probes),
    ("CB-CRASH-KILLED", _probes),
    ("CB-IMAGE-", _images),
    ("CB-CONFIG-", _configuration),
    ("CB-OOM", _memory),
    ("CB-SCHEDULE-", _room),
    ("CB-QUOTA", _quota),
)
