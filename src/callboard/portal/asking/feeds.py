"""One running question for everybody who has the same: a page, its stream and its drawer share one feed of snapshots."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from itertools import count
from types import TracebackType

import structlog

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, Unavailable
from callboard.base.task_owner import TaskOwner
from callboard.base.tasks import without_frames
from callboard.extend.parts import ObjectsProvider
from callboard.model.caller import Caller
from callboard.model.entity import Entity
from callboard.model.grants import Grants
from callboard.model.snapshot import ServiceSnapshot
from callboard.portal.asking.class_views import ClassView

__all__ = ["SnapshotFeed", "SnapshotFeeds"]

FRESH = 5.0
"""Seconds a settled answer is shared with whoever asks the same as the same caller: the time between a page, its stream and
the drawer somebody opens in it. Longer would be a cache, and that is the hub's business. A live asking is never stale: it is
shared for as long as it goes on."""
GRACE = 2.0
"""Seconds an unsettled asking goes on without anyone waiting: a page has come, its stream has not joined yet."""
MOST = 500
"""Askings kept at once; beyond it a new one is not shared."""

_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Entity, etag, the caller's identity, and what stands for each of their tokens in this process."""

_log = structlog.get_logger(__name__)


class SnapshotFeed:
    """One asking: the newest snapshot, the newest settled one, and who is told when there is a newer one.

    `class_views` holds what each visibility class sees of it, for as long as this is held.
    """

    def __init__(self) -> None:
        self.latest: ServiceSnapshot | None = None
        self.settled: ServiceSnapshot | None = None
        self.provider: ObjectsProvider | None = None
        self.replaced: asyncio.Timeout | None = None
        self.revision = 0
        self.done_at: float | None = None
        self.error: CallboardError | None = None
        self.left_at = 0.0
        self.given_up = False
        """Whether it is being ended because nobody waited: whoever comes now begins another."""
        self.class_views: dict[Grants, ClassView] = {}
        self.numbers = count(1)
        """Of the views that come of it, whatever class they are for."""
        self._listeners: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        """Whether no further snapshot will come."""
        return self.done_at is not None

    @property
    def waiting(self) -> int:
        """How many follow it."""
        return len(self._listeners)

    def keep_to(self, provider: ObjectsProvider) -> None:
        """Stop asking another provider than this one; the owner goes on with the present one."""
        if self.provider is not provider and self.replaced is not None:
            self.replaced.reschedule(asyncio.get_running_loop().time())
            self.replaced = None

    def publish(self, snapshot: ServiceSnapshot) -> None:
        """Make a snapshot the newest."""
        self.latest = snapshot
        if snapshot.settled:
            self.settled = snapshot
        self.revision += 1
        self._tell()

    def finish(self, at: float, error: CallboardError | None) -> None:
        """Nothing more will come."""
        self.done_at, self.error = at, error
        self._tell()

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` after each publishing and at the end, until `leave`. It must be quick and not raise."""
        self._listeners.append(changed)

    def leave(self, changed: Callable[[], None]) -> None:
        """Listen no more."""
        self._listeners.remove(changed)

    def _tell(self) -> None:
        for changed in tuple(self._listeners):
            changed()


class SnapshotFeeds:
    """Owns the tasks that ask. Use as an async context manager; leaving it cancels them all.

    `provider` gives the present one: after a change of configuration, new askings use the new parts, and live ones go on
    with them. Askings are shared by (entity, its etag, the caller's identity and tokens): what a user's own token reads goes to
    requests that bring the same token, and is gone as any asking is, within seconds of the last of them. The caller, and not
    their visibility class, is in the key because suppliers, locators and auth strategies may answer by caller; where they do
    not, the hub's selections are shared below, and what a class sees of them is shared above (`class_views`): a feed of one's own
    is a list of clusters and little more.
    """

    def __init__(self, provider: Callable[[], ObjectsProvider], clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._salt = secrets.token_bytes(32)
        self._shared: dict[_Key, SnapshotFeed] = {}
        self._running: dict[asyncio.Task[None], SnapshotFeed] = {}
        self._tasks = TaskOwner()

    async def __aenter__(self) -> "SnapshotFeeds":
        await self._tasks.__aenter__()
        _ = self._tasks.start(self._sweep(), "sweep of feeds")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.__aexit__(kind, error, trace)

    @contextmanager
    def joined(self, entity: Entity, caller: Caller, changed: Callable[[], None]) -> Iterator[SnapshotFeed]:
        """The asking, joined or begun; `changed` is called after each change of it. Leaving the context lets it go, and it
        ends when nobody joins it within a moment. Raises Unavailable when we are shutting down."""
        feed = self._join(entity, caller)
        feed.listen(changed)
        try:
            yield feed
        finally:
            feed.leave(changed)
            feed.left_at = self._clock.monotonic()

    def newest(self, entity: Entity, caller: Caller) -> ServiceSnapshot | None:
        """The newest settled snapshot if one is fresh or live, without asking anything."""
        feed = self._shared.get(self._key(entity, caller))
        if feed is None or feed.error is not None:
            return None
        if feed.done_at is None:
            return feed.settled if feed.settled is not None and feed.settled.live else None
        return feed.latest if self._clock.monotonic() - feed.done_at <= FRESH else None

    def _join(self, entity: Entity, caller: Caller) -> SnapshotFeed:
        if not self._tasks.open:
            raise Unavailable("Callboard is shutting down.")
        key = self._key(entity, caller)
        found = self._shared.get(key)
        if found is not None and (
            found.done_at is None
            or (found.error is None and self._clock.monotonic() - found.done_at <= FRESH)
        ):
            return found
        feed = SnapshotFeed()
        feed.left_at = self._clock.monotonic()
        if len(self._shared) < MOST:
            self._shared[key] = feed
        task = self._tasks.start(self._ask(feed, entity, caller), f"ask {entity.ref}")
        self._running[task] = feed
        task.add_done_callback(self._running.pop)
        return feed

    async def _ask(self, feed: SnapshotFeed, entity: Entity, caller: Caller) -> None:
        error: CallboardError | None = Unavailable("The asking was given up.")
        try:
            while await self._once(feed, entity, caller):
                pass
            error = None
        except asyncio.CancelledError as given_up:
            raise without_frames(given_up)  # noqa: B904 - they hold snapshots, and the task holds it
        except CallboardError as raised:
            error = without_frames(raised)
        except Exception as raised:
            _log.error(
                "asking about a service failed; its page says so", entity=str(entity.ref), exc_info=raised
            )
            error = Unavailable("Callboard failed while asking; its log has the details.", code="internal")
        finally:
            feed.finish(self._clock.monotonic(), error)

    async def _once(self, feed: SnapshotFeed, entity: Entity, caller: Caller) -> bool:
        """Ask the present provider to its end; whether it was replaced meanwhile, so that another must be asked."""
        feed.provider = self._provider()
        feed.replaced = replaced = asyncio.timeout(None)
        try:
            async with replaced, aclosing(feed.provider.objects(entity, caller)) as asking:
                async for snapshot in asking:
                    feed.publish(snapshot)
        except TimeoutError:
            if not replaced.expired():
                raise
            return True
        finally:
            feed.replaced = None
        return False

    async def _sweep(self) -> None:
        """Forget what is no longer fresh, stop what nobody waits for any more, and move what is live to the present parts."""
        while True:
            await asyncio.sleep(GRACE / 2)
            now = self._clock.monotonic()
            for task, feed in list(self._running.items()):
                if feed.given_up:
                    continue
                if feed.waiting == 0 and now - feed.left_at > GRACE:
                    feed.given_up = True
                    task.cancel()
                elif feed.latest is not None and feed.latest.live:
                    feed.keep_to(self._provider())
            for key, feed in list(self._shared.items()):
                done = feed.done_at is not None and (feed.error or now - feed.done_at > FRESH)
                if feed.given_up or done:
                    del self._shared[key]

    def _key(self, entity: Entity, caller: Caller) -> _Key:
        tokens = tuple(sorted((t.provider, t.token.keyed(self._salt)) for t in caller.tokens))
        return str(entity.ref), entity.metadata.etag, caller.identity, tokens
