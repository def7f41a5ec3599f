"""What contexts hold: to ask with, a way out, a log. Each is a number with methods (`tickets`)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import msgspec
import structlog

from callboard.base.errors import UsageError
from callboard.base.tasks import without_frames
from callboard.extend.asking import EntityPage, Observed, WayOutAnswer
from callboard.host.tickets import apart, behind, end, issue
from callboard.model.caller import Caller
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityRef
from callboard.model.outcome import Outcome, Question
from callboard.model.resource import ResourceType
from callboard.outbound import Bounds, Network, Outbound, WebAddress, WebAnswer
from callboard.portal.protocol import ServicesQuery
from callboard.portal.questions import Questions

__all__ = ["AsCaller", "LentAsk", "LentLog", "LentWayOut", "OutboundNow"]

MOST_SECONDS = 30.0
MOST_BYTES = 16 * 1024 * 1024

_log = structlog.get_logger("callboard.extension")


class AsCaller(msgspec.Struct, frozen=True):
    """Behind a LentAsk: where it asks, and for whom."""

    questions: Questions
    caller: Caller


class _Steps(msgspec.Struct, frozen=True):
    """Behind a LentAsk that gives changes: the task that reads them, since they end in the task they began in, and what it read
    last: a change, the end, or what was raised."""

    reading: "asyncio.Task[None]"
    read: "asyncio.Queue[Observed | Exception | None]"


class LentAsk:
    """Implements `extend.asking.Ask`."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def __repr__(self) -> str:
        return "LentAsk()"

    async def entity(self, ref: EntityRef) -> Entity:
        return await apart(_entity(self._number, ref))

    async def entities(
        self,
        text: str = "",
        *,
        kind: str = "",
        of_type: str = "",
        owner: str = "",
        system: str = "",
        tag: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> EntityPage:
        query = ServicesQuery(
            text=text,
            kind=_one(kind),
            type=_one(of_type),
            owner=_one(owner),
            system=_one(system),
            tag=_one(tag),
            offset=offset,
            limit=limit,
        )
        return await apart(_entities(self._number, query))

    async def clusters(self) -> tuple[ClusterInfo, ...]:
        return await apart(_clusters(self._number))

    async def observed(self, ref: EntityRef, *, cluster: str = "", within: float = 5.0) -> Observed:
        return await apart(_observed(self._number, ref, cluster, within))

    async def changes(self, ref: EntityRef, *, cluster: str = "") -> AsyncGenerator[Observed, None]:
        steps = _begin(self._number, ref, cluster)
        try:
            while True:
                behind(self._number, AsCaller)  # the call may have ended since
                step = await apart(_next(steps))
                if step is None:
                    return
                yield step
        finally:
            await apart(_close(steps))

    async def list(
        self, cluster: str, of: ResourceType, *, namespace: str = "", selector: str = ""
    ) -> Outcome:
        question = _question(of, namespace=namespace, label_selector=selector)
        return await apart(_asked(self._number, cluster, question))

    async def get(self, cluster: str, of: ResourceType, name: str, *, namespace: str = "") -> Outcome:
        if not name:
            raise UsageError("A get names an object.", code="bad-question")
        return await apart(_asked(self._number, cluster, _question(of, namespace=namespace, name=name)))


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _question(of: ResourceType, *, namespace: str = "", label_selector: str = "", name: str = "") -> Question:
    return Question(of, namespace, label_selector, name=name)


async def _entity(number: int, ref: EntityRef) -> Entity:
    asking = behind(number, AsCaller)
    return await asking.questions.entity(ref, asking.caller)


async def _entities(number: int, query: ServicesQuery) -> EntityPage:
    asking = behind(number, AsCaller)
    return await asking.questions.entities(query, asking.caller)


async def _clusters(number: int) -> tuple[ClusterInfo, ...]:
    asking = behind(number, AsCaller)
    return await asking.questions.clusters(asking.caller)


async def _observed(number: int, ref: EntityRef, cluster: str, within: float) -> Observed:
    asking = behind(number, AsCaller)
    return await asking.questions.observed(ref, asking.caller, cluster=cluster, within=within)


async def _asked(number: int, cluster: str, question: Question) -> Outcome:
    asking = behind(number, AsCaller)
    return await asking.questions.ask(cluster, question, asking.caller)


def _begin(number: int, ref: EntityRef, cluster: str) -> int:
    asking = behind(number, AsCaller)
    changes = asking.questions.changes(ref, asking.caller, cluster=cluster)
    read: asyncio.Queue[Observed | Exception | None] = asyncio.Queue(1)
    reading = asyncio.get_running_loop().create_task(_read(changes, read))
    return issue(_Steps(reading, read))


async def _read(
    changes: AsyncGenerator[Observed, None], read: "asyncio.Queue[Observed | Exception | None]"
) -> None:
    try:
        async with aclosing(changes):
            async for each in changes:
                await read.put(each)
    except Exception as error:
        await read.put(without_frames(error))
    else:
        await read.put(None)


async def _next(steps: int) -> Observed | None:
    read = await behind(steps, _Steps).read.get()
    if isinstance(read, Exception):
        raise read
    return read


async def _close(steps: int) -> None:
    reading = behind(steps, _Steps).reading
    end(steps)
    reading.cancel()
    await asyncio.wait((reading,))


class OutboundNow(msgspec.Struct, frozen=True):
    """Behind a LentWayOut."""

    client: Callable[[], Outbound]


class LentWayOut:
    """Implements `extend.asking.WayOut`. What runs in our process is trusted to name hosts of our own network; whatever stands
    there, clouds' metadata cannot be reached."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def __repr__(self) -> str:
        return "LentWayOut()"

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float = 5.0,
        most_bytes: int = 1024 * 1024,
    ) -> WayOutAnswer:
        return await apart(_get(self._number, url, headers, _bounds(within, most_bytes)))

    async def post_json(
        self,
        url: str,
        value: object,
        *,
        headers: Mapping[str, str] | None = None,
        within: float = 5.0,
        most_bytes: int = 1024 * 1024,
    ) -> WayOutAnswer:
        return await apart(_post(self._number, url, value, headers, _bounds(within, most_bytes)))


def _bounds(within: float, most_bytes: int) -> Bounds:
    seconds = max(0.01, min(within, MOST_SECONDS))
    return Bounds(
        connect=min(5.0, seconds),
        head=seconds,
        whole=seconds,
        max_bytes=max(1, min(most_bytes, MOST_BYTES)),
    )


async def _get(number: int, url: str, headers: Mapping[str, str] | None, bounds: Bounds) -> WayOutAnswer:
    client = behind(number, OutboundNow).client()
    return _given(await client.get(url, _ours, headers=headers, bounds=bounds))


async def _post(
    number: int, url: str, value: object, headers: Mapping[str, str] | None, bounds: Bounds
) -> WayOutAnswer:
    client = behind(number, OutboundNow).client()
    return _given(await client.post_json(url, _ours, value, headers=headers, bounds=bounds))


def _ours(address: WebAddress) -> Network:
    return Network.OURS


def _given(answer: WebAnswer) -> WayOutAnswer:
    return WayOutAnswer(status=answer.status, headers=answer.headers, body=answer.body)


class LentLog:
    """Implements `extend.asking.ExtensionLog`."""

    __slots__ = ("_extension",)

    def __init__(self, extension: str) -> None:
        self._extension = extension

    def debug(self, event: str, **facts: object) -> None:
        _log.debug(event, **{**facts, "extension": self._extension})

    def info(self, event: str, **facts: object) -> None:
        _log.info(event, **{**facts, "extension": self._extension})

    def warning(self, event: str, **facts: object) -> None:
        _log.warning(event, **{**facts, "extension": self._extension})

    def error(self, event: str, **facts: object) -> None:
        _log.error(event, **{**facts, "extension": self._extension})
