"""Asking one service beside: where, with what, for how long, and how many calls at once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from callboard.access.identity_tokens import IdentityTokens
from callboard.base.errors import CallboardError, NotAllowed, Unavailable, UsageError
from callboard.base.fence import Fence, PartFailed, WrongAnswer
from callboard.base.request import request_facts
from callboard.base.settings import ServiceBesideSettings
from callboard.host.beside.answers import data_of, refusal_of
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.outbound import Bounds, Network, Outbound, WebAddress
from callboard.outbound.address import normal_path

__all__ = ["AskedService", "path_at"]

IN_A_ROW: Final = 5
PAUSE: Final = 15.0
"""Seconds a service is left alone after so many failures in a row, of whatever was asked of it."""
CONNECT: Final = 3.0
_WHY: Final = {
    "url-late": "did not answer in time",
    "url-tls": "could not prove by a certificate that it is the one",
    "url-too-large": "answered more than it may",
    "url-private-address": "stands at an address that is never asked",
}
"""What whoever asks is told; the log and the page of extensions tell where."""


def path_at(template: str, path: Mapping[str, str], entity: EntityRef | None) -> str:
    """The path at the service. Raises UsageError for a parameter that would lead elsewhere."""
    segments = []
    for segment in template.split("/"):
        name = segment[1:-1] if segment.startswith("{") and segment.endswith("}") else ""
        if name == "entity" and entity is not None:
            segments += [entity.namespace, entity.kind, entity.name]
        else:
            segments.append(path[name] if name else segment)
    written = "/".join(quote(each, safe="") for each in segments)
    if "%5C" in written or normal_path(written) != written:  # some take a backslash for a slash
        raise UsageError("A parameter of the address is none that can stand in a path.")
    return written


class AskedService:
    """`target` is the normal form of its address. It holds connections of its own, so that it costs nobody else theirs."""

    def __init__(
        self,
        name: str,
        settings: ServiceBesideSettings,
        target: WebAddress,
        client: Outbound,
        tokens: IdentityTokens,
    ) -> None:
        self.name = name
        self.settings = settings
        self.title = settings.title or name
        self._target = target
        self._client = client
        self._tokens = tokens
        self._fence = Fence("the service", name)
        self._running = 0
        self._failed = 0
        self._until = 0.0

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def ask(
        self,
        method: str,
        path: str,
        caller: Caller,
        *,
        entity: EntityRef | None = None,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> object:
        """What it answers, as plain data. Raises CallboardError with words for whoever asks, WrongAnswer for what it should not
        have answered."""
        loop = asyncio.get_running_loop()
        if (left := self._until - loop.time()) > 0:
            why = f"failed {IN_A_ROW} times in a row; it is asked again in {left:.0f} s"
            raise PartFailed(self._fence.part, why, code="service-paused")
        if self._running >= self.settings.concurrent:
            words = f"{self.title} is answering {self._running} others; try again in a moment"
            raise Unavailable(words, code="service-busy")
        self._running += 1
        try:
            value = await self._asked(method, path, caller, entity, query, body, timeout)
        except (PartFailed, WrongAnswer):
            self._failed += 1
            if self._failed >= IN_A_ROW:
                self._failed, self._until = 0, loop.time() + PAUSE
            raise
        except CallboardError:
            self._failed = 0  # it refused, and works
            raise
        finally:
            self._running -= 1
        self._failed = 0
        return value

    async def _asked(
        self,
        method: str,
        path: str,
        caller: Caller,
        entity: EntityRef | None,
        query: Sequence[tuple[str, str]],
        body: bytes | None,
        timeout: float | None,
    ) -> object:
        seconds = self.settings.timeout if timeout is None else timeout
        url = (
            self._target.origin
            + self._target.path.rstrip("/")
            + path
            + (f"?{urlencode(query)}" if query else "")
        )
        headers = {
            "Accept": "application/json, text/plain",
            "Authorization": f"Bearer {self._tokens.token(self.name, caller, entity).reveal()}",
            "X-Request-Id": request_facts().id,
            **({} if body is None else {"Content-Type": "application/json"}),
        }
        bounds = Bounds(
            connect=min(CONNECT, seconds), head=seconds, whole=seconds, max_bytes=self.settings.max_bytes
        )
        try:
            answer = await self._client.send(method, url, self._allowed, body, headers=headers, bounds=bounds)
        except NotAllowed as error:
            raise UsageError(error.message) from None
        except Unavailable as error:
            self._fence.tell(f"answer {method} {path}", error.message)
            why = _WHY.get(error.code, "did not answer, or not in whole HTTP")
            raise PartFailed(self._fence.part, why, code="service-away") from None
        refusal = refusal_of(answer.status, answer.headers, answer.body, self.title)
        if refusal is not None:
            raise refusal
        return data_of(answer.status, answer.headers, answer.body)

    def _allowed(self, address: WebAddress) -> Network:
        if address.origin != self._target.origin:
            raise NotAllowed("This leads away from the service.", code="url-not-allowed")
        return Network.OURS
