"""A proxy of an extension behind its fence. What comes out of it, whoever reads it bounds."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.shape import shown_type
from callboard.extend.parts import Proxy, ProxyRequest, ProxyResponse
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["FencedProxy"]


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
            )
            answer = await self._fence.call(
                "open a way through to a cluster", context.__aenter__, _answer, about=cluster.name, here=True
            )
        except CallboardError as error:
            yield Failure(code=FailureCode.INTERNAL, message=error.message)
            return
        try:
            yield answer
        finally:
            try:
                await self._fence.call(
                    "close a way through to a cluster",
                    lambda: context.__aexit__(None, None, None),
                    bool,
                    about=cluster.name,
                    here=True,
                )
            except CallboardError:
                pass  # it was told; what was read stands


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
