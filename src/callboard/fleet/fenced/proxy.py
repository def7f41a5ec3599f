"""A proxy of an extension behind its fence. What comes out of it, whoever reads it bounds."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.part_calls import Given
from callboard.base.shape import shown_type
from callboard.extend.parts import Proxy, ProxyRequest, ProxyResponse
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["FencedProxy"]

CLOSING = 5.0
"""Seconds a proxy may take to end a way through that is not wanted any more."""


class FencedProxy:
    """One that cannot open gives a failure, as for a cluster that does not answer."""

    def __init__(self, proxy: Proxy, fence: Fence) -> None:
        self._proxy = proxy
        self._fence = fence

    def open(
        self, cluster: Cluster, credential: Credential, request: ProxyRequest
    ) -> AbstractAsyncContextManager[ProxyResponse | Failure]:
        """The response while the context lasts."""
        return self._opened(cluster, credential, request)

    @asynccontextmanager
    async def _opened(
        self, cluster: Cluster, credential: Credential, request: ProxyRequest
    ) -> AsyncGenerator[ProxyResponse | Failure, None]:
        try:
            context = self._fence.now(
                "read through to a cluster",
                lambda: self._proxy.open(cluster, credential, request),
                _context,
                given=Given(cluster, request),
            )
        except CallboardError as error:
            yield Failure(code=FailureCode.INTERNAL, message=error.message)
            return
        loop, leave = asyncio.get_running_loop(), asyncio.Event()
        opened: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()
        holding = self._fence.begin(_hold(context, opened, leave))
        try:
            answer = await self._fence.call(
                "open a way through to a cluster", lambda: _result(opened), _answer, about=cluster.name
            )
        except CallboardError as error:
            answer = Failure(code=FailureCode.INTERNAL, message=error.message)
        try:
            yield answer
        finally:
            leave.set()
            loop.call_later(CLOSING, self._fence.leave, holding)


async def _hold(
    context: AbstractAsyncContextManager[object],
    opened: "asyncio.Future[tuple[object, BaseException | None]]",
    leave: asyncio.Event,
) -> None:
    """Enter and leave in one task, as what is entered may need it."""
    try:
        async with context as answer:
            opened.set_result((answer, None))
            await leave.wait()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        if not opened.done():
            opened.set_result((None, error))


async def _result(opened: "asyncio.Future[tuple[object, BaseException | None]]") -> object:
    answer, error = await asyncio.shield(opened)
    if error is not None:
        raise error
    return answer


def _context(value: object) -> AbstractAsyncContextManager[object]:
    if not isinstance(value, AbstractAsyncContextManager):
        raise WrongAnswer(f"expected something to enter with `async with`, got {shown_type(value)}")
    return value


def _answer(value: object) -> ProxyResponse | Failure:
    if isinstance(value, Failure):
        return value
    if not isinstance(value, ProxyResponse) or not isinstance(value.status, int):
        raise WrongAnswer(f"expected ProxyResponse or Failure, got {shown_type(value)}")
    return value
