"""`callboard status --watch`: a service as it changes, on a screen or line by line."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol

import msgspec

from callboard.base.errors import Unavailable
from callboard.cli.exits import Exit
from callboard.cli.release import Release
from callboard.cli.screen import Screen, is_screen
from callboard.cli.status_text import cluster_head, stale_text, status_lines, view_lines
from callboard.cli.text import ASIDE, Terminal, json_line, plain, say, span, terminal_of
from callboard.cli.wiring import OpenedPortal
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.snapshot import ClusterState
from callboard.portal.documents.status import StatusDocument
from callboard.portal.documents.status_writer import document_of, etag_of, is_late, without_usage
from callboard.portal.views import KubernetesView

__all__ = ["WatchOptions", "tell_lacking", "watch"]

LIVE = "live"
NOT_LIVE = (
    "asked anew every {span}; with callboard.parts.objectsProvider: hub each change would arrive by itself"
)


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to watch and until when. Spans are in seconds; `timeout` None means for ever."""

    ref: EntityRef
    as_json: bool = False
    require_all: bool = False
    until_healthy: bool = False
    interval: float = 10.0
    timeout: float | None = None
    release: Release = Release()


class _Face(Protocol):
    """Where the states go. A context manager; `show` and `trouble` return at once."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, document: StatusDocument, *, whole: bool) -> None:
        """The newest state; `whole` once every cluster has answered or is late."""
        ...

    def trouble(self, message: str) -> None:
        """Asking broke, and is tried again; "" when it works again."""
        ...


async def watch(opened: OpenedPortal, options: WatchOptions) -> int:
    """Watch until the end that the options name; the exit code of the last state. Raises what the first asking raises, and
    Unavailable where the timeout passes without any state."""
    newest: StatusDocument | None = None
    face = _face(options)
    limit = asyncio.timeout(options.timeout)
    try:
        with face:
            async with limit, aclosing(_views(opened, options, face.trouble)) as views:
                async for view, whole in views:
                    newest = options.release.concluded(document_of(view, require_all=options.require_all))
                    face.show(newest, whole=whole)
                    if not options.until_healthy:
                        continue
                    if newest.conclusion.exit_code == Exit.FINE:
                        break
                    if whole and options.release.failed(newest):
                        break
    except TimeoutError:
        if not limit.expired():
            raise
    except asyncio.CancelledError:
        stopped_by = face.screen.stopped_by if isinstance(face, _OnScreen) else None
        task = asyncio.current_task()
        if stopped_by is None or task is None:
            raise
        task.uncancel()  # it was our own handler's, and what is open closes in peace
        return 128 + stopped_by
    if newest is None:
        raise Unavailable(f"No answer within {options.timeout:g} seconds, not even which clusters to ask.")
    tell_lacking(newest, options.release)
    return newest.conclusion.exit_code


def tell_lacking(document: StatusDocument, release: Release) -> None:
    """Say on standard error why a version that is asked for is not there, or never will be."""
    failed, why = release.failed(document), release.lacking(document)
    if failed or why:
        sys.stderr.write(
            f"callboard: {plain(f'failed: {failed}' if failed else f'not there yet: {why}', 600)}\n"
        )
        sys.stderr.flush()


async def _views(
    opened: OpenedPortal, options: WatchOptions, trouble: Callable[[str], None]
) -> AsyncGenerator[tuple[KubernetesView, bool], None]:
    """The view as it changes, and whether it is whole. Where nothing is listened to, everything is asked anew at an interval,
    and what was seen last stands until the new answer is whole."""
    seen = False
    while True:
        try:
            whole = False
            async with aclosing(opened.portal.kubernetes(options.ref, Caller.loopback())) as views:
                async for view in views:
                    whole = whole or _is_whole(view)
                    if whole or not seen:
                        trouble("")
                        yield view, whole
                    seen = seen or whole
        except Unavailable as error:
            if not seen:
                raise
            trouble(error.message)
        await asyncio.sleep(options.interval)


def _is_whole(view: KubernetesView) -> bool:
    if not view.clusters:
        return view.settled
    answered = (ClusterState.ANSWERED, ClusterState.FAILED)
    return all(part.state in answered or is_late(part) for part in view.clusters)


def _face(options: WatchOptions) -> _Face:
    if options.as_json:
        return _JsonLines(options)
    return _OnScreen(options) if is_screen(sys.stdout) else _Lines(options)


class _OnScreen:
    """All of it in place. At the end the last state stands where the command was typed."""

    def __init__(self, options: WatchOptions) -> None:
        self.screen = Screen(sys.stdout, self._paint)
        self._options = options
        self._document: StatusDocument | None = None
        self._trouble = ""

    def __enter__(self) -> None:
        self.screen.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.screen.__exit__(kind, error, trace)
        gone = self.screen.stopped_by is not None
        if self._document is not None and not gone:
            say("\n".join(status_lines(self._document, terminal_of(sys.stdout))))

    def show(self, document: StatusDocument, *, whole: bool) -> None:
        self._document = document
        self.screen.refresh()

    def trouble(self, message: str) -> None:
        self._trouble = message
        self.screen.refresh()

    def _paint(self, terminal: Terminal, rows: int) -> list[str]:
        document = self._document
        if document is None:
            return ["Reading the catalog"]
        now = datetime.now(UTC)
        foot = self._foot(document, terminal, now)
        room = rows - len(foot)
        lines = view_lines(document, terminal, now)
        if len(lines) > room:
            lines = view_lines(document, terminal, now, brief=True)
        if len(lines) > room:
            more = len(lines) - room + 1
            told = f"{more} more lines; a higher window shows them, --json all"
            lines = [*lines[: max(0, room - 1)], terminal.style(told, ASIDE)]
        return [*lines, *[""] * (room - len(lines)), *foot]

    def _foot(self, document: StatusDocument, terminal: Terminal, now: datetime) -> list[str]:
        words = f"{_answered(document)} · {_currency(document, self._options.interval, now)} · Ctrl-C ends"
        if not terminal.unicode:
            words = words.replace("·", "-")
        lines = [terminal.style(words, ASIDE)]
        if self._trouble:
            lines.insert(0, f"! {plain(self._trouble, 300)}; what is shown was seen before")
        return ["", *lines]


class _Lines:
    """One line for each change of the verdict or of a cluster's state."""

    def __init__(self, options: WatchOptions) -> None:
        self._options = options
        self._terminal = terminal_of(sys.stdout)
        self._last: dict[str, str] = {}
        self._told = False
        self._trouble = ""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, document: StatusDocument, *, whole: bool) -> None:
        if not whole:
            return
        self._tell_how(document)
        states = {"": _verdict(document, self._terminal)}
        for cluster in document.clusters:
            text = " ".join(cluster_head(cluster, self._terminal))
            alone = len(cluster.freshness) == 1
            stale = [stale_text(row, every_type=alone) for row in cluster.freshness if row.stale_since]
            states[cluster.name] = "  " + "; ".join([text, *stale])
        for name in [n for n in self._last if n not in states]:
            self._say(document, f"  {plain(name, 100)}: no longer one of this service's clusters")
        for name, text in states.items():
            if self._last.get(name) != text:
                self._say(document, text)
        self._last = states

    def trouble(self, message: str) -> None:
        _tell_trouble(self._trouble, message)
        self._trouble = message

    def _tell_how(self, document: StatusDocument) -> None:
        if not self._told:
            self._told = True
            _tell_how(document, self._options)

    def _say(self, document: StatusDocument, text: str) -> None:
        moment = document.as_of or datetime.now(UTC)
        say(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ} {text}")


class _JsonLines:
    """One document a line: the first, then each that differs in more than its times and what pods use at the moment."""

    def __init__(self, options: WatchOptions) -> None:
        self._options = options
        self._last = ""
        self._trouble = ""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, document: StatusDocument, *, whole: bool) -> None:
        if not whole:
            return
        if not self._last:
            _tell_how(document, self._options)
        etag = etag_of(without_usage(document))
        if etag != self._last:
            say(json_line(document))
            self._last = etag

    def trouble(self, message: str) -> None:
        _tell_trouble(self._trouble, message)
        self._trouble = message


def _verdict(document: StatusDocument, terminal: Terminal) -> str:
    verdict = document.verdict
    return f"{terminal.mark(verdict.health)} {plain(document.entity.title, 100)}: {plain(verdict.sentence, 1000)}"


def _answered(document: StatusDocument) -> str:
    """As the page's head has it."""
    total = len(document.clusters)
    if not total:
        return "Asked nowhere"
    answered = sum(1 for c in document.clusters if c.state is ClusterState.ANSWERED)
    failed = sum(1 for c in document.clusters if c.state is ClusterState.FAILED)
    words = f"{answered} of {total} cluster{'' if total == 1 else 's'} answered"
    words += f", {failed} could not be asked" if failed else ""
    return words if document.settled else f"{words} · waiting for more"


def _currency(document: StatusDocument, interval: float, now: datetime) -> str:
    if document.live:
        return LIVE
    age = f"as of {span((now - document.as_of).total_seconds())} ago, " if document.as_of else ""
    return age + f"asked anew every {span(interval)}"


def _tell_how(document: StatusDocument, options: WatchOptions) -> None:
    if not document.live:
        sys.stderr.write(f"callboard: {NOT_LIVE.format(span=span(options.interval))}\n")
        sys.stderr.flush()


def _tell_trouble(before: str, message: str) -> None:
    if message and message != before:
        sys.stderr.write(f"callboard: {plain(message, 600)}; trying again\n")
        sys.stderr.flush()
