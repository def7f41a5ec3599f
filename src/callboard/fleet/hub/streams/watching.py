"""The way out: streams watch through `kube`'s connections."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from callboard.fleet.hub.port import CredentialSource, Source
from callboard.kube.connection.connection import Connections
from callboard.kube.failure import AnswerRefused
from callboard.kube.reads.discovery import Discovery
from callboard.kube.watching.watch import Change, watch_together
from callboard.model.outcome import Failure, FailureCode, Question
from callboard.model.resource import ResourceType

__all__ = ["ConnectionsWatcher"]

LIVEZ: Final = "/livez"
"""The cheapest of what everybody may read: a word, and exempt from priority and fairness (the FlowSchema `probes`)."""


class ConnectionsWatcher:
    """Implements `port.Watcher`. `streaming_lists` begins a watch with its list where the server can: one request for both,
    and a small part of the memory a list costs an API server."""

    def __init__(
        self, connections: Connections, discovery: Discovery | None = None, *, streaming_lists: bool = True
    ) -> None:
        self._streaming_lists = streaming_lists
        self._connections = connections
        self._discovery = discovery or Discovery()

    async def check(self, source: Source, credential: CredentialSource, within: float) -> Failure | None:
        """Ask for `/livez`: `system:public-info-viewer` lets everybody read it, and a refusal is an answer, too, unless the
        cluster does not know us."""
        try:
            await self._connections.to(source.cluster, await credential()).knock(LIVEZ, within)
        except AnswerRefused as refused:
            return refused.failure
        return None

    async def resolve(self, source: Source, resource: ResourceType) -> ResourceType | Failure:
        """The type with its kind and scope; a Failure where discovery says that it is not served, or cannot be watched. Where
        discovery is closed to us, the type as it is: it may be open itself."""
        if resource.kind and resource.namespaced is not None:
            return resource
        connection = self._connections.to(source.cluster, await source.credential())
        try:
            resolved = await self._discovery.resolve(connection, resource)
            served = await self._discovery.served(connection, resource.group, resource.version)
            verbs = served[resource.plural].verbs
            if verbs and "watch" not in verbs:
                return Failure(code=FailureCode.FORBIDDEN, message="it cannot be watched", status=405)
            return resolved
        except AnswerRefused as refused:
            return refused.failure if refused.failure.status == 404 else resource

    async def watch(
        self,
        source: Source,
        question: Question,
        credential: CredentialSource,
        since: str,
        progress: Callable[[], None],
    ) -> AsyncGenerator[Sequence[Change], None]:
        """Changes without end."""
        connection = self._connections.to(source.cluster, await credential())
        question = msgspec.structs.replace(question, name="")
        together = watch_together(
            connection,
            question,
            credential=credential,
            since=since,
            streaming_lists=self._streaming_lists,
            progress=progress,
        )
        async with aclosing(together):
            async for changes in together:
                yield changes
