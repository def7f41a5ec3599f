"""The status document as lines for a terminal: the verdict first, then each cluster, then what could not be seen."""

from collections.abc import Iterator
from datetime import UTC, datetime

from callboard.cli.finding_text import finding_lines
from callboard.cli.text import ASIDE, Terminal, plain, span
from callboard.model.outcome import Freshness
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import Health
from callboard.portal.documents.status import (
    ClusterDocument,
    FreshnessDocument,
    GapDocument,
    MissingDocument,
    ObjectDocument,
    PodDocument,
    PodUsageDocument,
    StatusDocument,
    WorkloadDocument,
)
from callboard.portal.views import PodUsage
from callboard.portal.words import FRESHNESS, STALE, usage_words

__all__ = ["cluster_head", "stale_text", "status_lines", "view_lines"]

MOST_PODS = 10
"""Pods in trouble that are told one by one below a workload; the rest is counted. The JSON has them all."""

_BAD = (Health.UNHEALTHY, Health.PROGRESSING, Health.UNKNOWN)


def status_lines(document: StatusDocument, terminal: Terminal) -> list[str]:
    """The whole answer. Times are told relative to the document's own."""
    now = document.as_of or datetime.now(UTC)
    return [*view_lines(document, terminal, now), "", *_conclusion(document, terminal)]


def view_lines(
    document: StatusDocument, terminal: Terminal, now: datetime, *, brief: bool = False
) -> list[str]:
    """The answer without its conclusion, as of `now`. `brief` leaves out what is below clusters that are well."""
    return list(_lines(document, terminal, now, brief))


def cluster_head(cluster: ClusterDocument, terminal: Terminal, now: datetime | None = None) -> list[str]:
    """A cluster's name, word and sentence; for how long, where `now` is given."""
    name = plain(cluster.name, 100)
    if cluster.title != cluster.name:
        name += f" ({plain(cluster.title, 100)})"
    word = terminal.word(cluster.health)
    if cluster.state is ClusterState.AWAITED:
        word = terminal.style("no answer yet", "magenta")
    head = f"{terminal.mark(cluster.health)} {terminal.style(name, bold=True)}: {word}"
    if cluster.state is ClusterState.AWAITED:
        return [head]
    since = _since(cluster.since, now) if now is not None else ""
    return terminal.wrapped(f"{head}  ", f"{plain(cluster.sentence, 600)}{since}", indent=4)


def stale_text(row: FreshnessDocument, *, every_type: bool) -> str:
    """What a row says that is no longer kept current, in the page's words."""
    since = f"{row.stale_since.astimezone(UTC):%H:%M:%SZ}" if row.stale_since else ""
    types = "" if every_type else f": {plain(', '.join(row.types), 300)}"
    return f"Stale since {since}{types}. {STALE} {plain(row.words, 600)}".rstrip()


def _lines(document: StatusDocument, terminal: Terminal, now: datetime, brief: bool) -> Iterator[str]:
    entity, verdict = document.entity, document.verdict
    title = plain(entity.title, 100)
    yield terminal.style(title, bold=True) + "  " + terminal.style(plain(entity.ref, 200), ASIDE)
    since = _since(verdict.since, now, at_least=verdict.at_least)
    sentence = plain(verdict.sentence, 1000).removesuffix(".") + since + "."
    yield from terminal.wrapped(f"{terminal.mark(verdict.health)} ", sentence, indent=2)
    if not brief:
        yield from finding_lines(document.findings, terminal, now)
    for cluster in document.clusters:
        if brief and _calm(cluster):
            yield from cluster_head(cluster, terminal, now)
        else:
            yield ""
            yield from _cluster(cluster, terminal, now)
    if document.notices:
        yield ""
    for notice in document.notices:
        yield from terminal.wrapped("! ", plain(notice.message, 600), indent=2)


def _calm(cluster: ClusterDocument) -> bool:
    stale = any(row.stale_since for row in cluster.freshness)
    return cluster.health in (Health.HEALTHY, Health.NOTHING) and not cluster.missing and not stale


def _cluster(cluster: ClusterDocument, terminal: Terminal, now: datetime) -> Iterator[str]:
    yield from cluster_head(cluster, terminal, now)
    for workload in cluster.workloads:
        yield from _workload(workload, terminal, now)
    yield from _pods(cluster.pods, terminal, now, indent=2, what="Pod", all_of_them=True)
    for row in cluster.others:
        if row.health in _BAD:
            yield from _object(row, terminal)
    for gap in cluster.missing:
        if gap.plain != cluster.sentence:  # else the head says it already
            yield from _missing(gap, terminal)
    for text in cluster.malformed:
        yield from terminal.wrapped(
            f"  {terminal.mark(Health.UNKNOWN)} cannot be read: ", plain(text, 300), indent=6
        )
    if cluster.events_answer.failed:
        yield f"  {terminal.mark(Health.UNKNOWN)} events could not be seen ({cluster.events_answer})"
    for notice in cluster.notices:
        yield from terminal.wrapped("  ! ", plain(notice.message, 600), indent=6)
    yield from _asked(cluster, terminal, now)


def _workload(workload: WorkloadDocument, terminal: Terminal, now: datetime) -> Iterator[str]:
    name = f"{plain(workload.kind, 60)} {_name(workload.namespace, workload.name)}"
    words = [plain(workload.rollout, 200), plain(workload.reason, 600) if workload.health in _BAD else ""]
    if words[1].startswith(f"{workload.ready} of {workload.desired} "):
        words[0] = ""  # the reason says it already
    text = "  ".join(w for w in words if w) + _since(workload.since if workload.health in _BAD else None, now)
    yield from terminal.wrapped(f"  {terminal.mark(workload.health)} {name}  ", text, indent=6)
    yield from _pods(workload.pods, terminal, now, indent=6, what="Pod")


def _pods(
    pods: tuple[PodDocument, ...],
    terminal: Terminal,
    now: datetime,
    *,
    indent: int,
    what: str,
    all_of_them: bool = False,
) -> Iterator[str]:
    """Pods in trouble, or with `all_of_them` the others too, up to a number; what is not told is counted."""
    told = [p for p in pods if all_of_them or p.health in _BAD]
    blanks = " " * indent
    for pod in told[:MOST_PODS]:
        words = [f"{pod.ready}/{pod.total}", plain(pod.status, 60)]
        if pod.restarts:
            last = (
                f", the last {span((now - pod.last_restart).total_seconds())} ago" if pod.last_restart else ""
            )
            words.append(f"{pod.restarts} restart{'s' if pod.restarts > 1 else ''}{last}")
        if pod.detail:
            words.append(plain(pod.detail, 600))
        if pod.usage:
            words.append(_usage(pod.usage))
        first = f"{blanks}{terminal.mark(pod.health)} {what} {_name(pod.namespace, pod.name)}  "
        yield from terminal.wrapped(first, "  ".join(words), indent=indent + 4)
    if len(told) > MOST_PODS:
        yield terminal.style(f"{blanks}and {len(told) - MOST_PODS} more; --json has them all", ASIDE)


def _usage(usage: PodUsageDocument) -> str:
    cpu, memory = usage_words(
        PodUsage(
            cpu=usage.cpu_cores,
            cpu_request=usage.cpu_request_cores,
            cpu_limit=usage.cpu_limit_cores,
            memory=usage.memory_bytes,
            memory_request=usage.memory_request_bytes,
            memory_limit=usage.memory_limit_bytes,
        )
    )
    return f"uses {cpu}; {memory}"


def _object(row: ObjectDocument, terminal: Terminal) -> Iterator[str]:
    first = f"  {terminal.mark(row.health)} {plain(row.kind, 60)} {_name(row.namespace, row.name)}  "
    yield from terminal.wrapped(first, plain(row.reason or row.summary, 600), indent=6)


def _missing(gap: MissingDocument, terminal: Terminal) -> Iterator[str]:
    words = f": {plain(gap.words, 600)}" if gap.words else ""
    first = f"  {terminal.mark(Health.UNKNOWN)} not seen: "
    yield from terminal.wrapped(first, plain(gap.plain, 300) + words, indent=6)


def _asked(cluster: ClusterDocument, terminal: Terminal, now: datetime) -> Iterator[str]:
    """How current it is: as the page tells it where it is kept so, else when it was asked."""
    if cluster.as_of is None:
        return
    words = f"{cluster.objects} objects"
    if cluster.asked_as:
        words += f", asked as {plain(cluster.asked_as, 200)}"
    if not cluster.freshness:
        words += f", in {span(cluster.took_seconds)}, as of {_time(cluster.as_of)}"
    for line in terminal.wrapped("  ", words, indent=4):
        yield terminal.style(line, ASIDE)
    alone = len(cluster.freshness) == 1
    for row in cluster.freshness:
        if row.stale_since is not None:
            first = f"  {terminal.mark(Health.UNKNOWN)} "
            yield from terminal.wrapped(first, stale_text(row, every_type=alone), indent=6)
            continue
        told = FRESHNESS[row.freshness]
        if row.freshness is not Freshness.LIVE and row.as_of is not None:
            told += f" {span((now - row.as_of).total_seconds())} ago"
        told += "" if alone else f": {plain(', '.join(row.types), 300)}"
        for line in terminal.wrapped("  ", told, indent=4):
            yield terminal.style(line, ASIDE)


def _conclusion(document: StatusDocument, terminal: Terminal) -> Iterator[str]:
    conclusion = document.conclusion
    told = _share(conclusion.could_not_tell)
    if told:
        yield from terminal.wrapped(f"{terminal.mark(Health.UNKNOWN)} Could not tell: ", told, indent=4)
    awaited = sum(1 for c in document.clusters if c.state in (ClusterState.AWAITED, ClusterState.PARTIAL))
    if awaited:
        yield f"  {awaited} of {len(document.clusters)} clusters had not answered in full; --timeout waits longer"
    elif not document.settled:
        yield "  events and other references had not all arrived; --timeout waits longer"
    as_of = f", as of {_time(document.as_of)}" if document.as_of else ""
    yield terminal.style(f"exit code {conclusion.exit_code}{as_of}", ASIDE)


def _share(gaps: tuple[GapDocument, ...]) -> str:
    """Each reason once, with the clusters it is of."""
    clusters: dict[str, list[str]] = {}
    for gap in gaps:
        clusters.setdefault(gap.why, []).append(plain(gap.cluster, 100))
    return "; ".join(
        f"{', '.join(names)}: {plain(why, 400)}" if all(names) else plain(why, 400)
        for why, names in clusters.items()
    )


def _name(namespace: str, name: str) -> str:
    return plain(f"{namespace}/{name}" if namespace else name, 300)


def _since(since: datetime | None, now: datetime, *, at_least: bool = False) -> str:
    return f" (for {'at least ' if at_least else ''}{span((now - since).total_seconds())})" if since else ""


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
