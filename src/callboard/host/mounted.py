"""A route or page of an extension as it is served: decided, fenced, bounded, and left alone while it only fails."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from callboard.base.errors import Unavailable
from callboard.base.fence import Fence, PartFailed, WrongAnswer
from callboard.base.part_calls import Given
from callboard.base.shape import misfit, shown_type
from callboard.extend.routes import ExtensionPage, ExtensionRoute, RouteContext
from callboard.host.contexts import Contexts
from callboard.host.parameters import body_as, parameters_as
from callboard.host.paths import ENTITY, full_path
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.portal.questions import Questions

__all__ = ["Mounted", "Sent"]

IN_A_ROW: Final = 5
PAUSE: Final = 15.0
"""Seconds a route is left alone after so many failures in a row."""
MOST_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of an answer."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a request, foreign all of it. `path` are the parameters in the path."""

    path: Mapping[str, str]
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    content_type: str = ""


class Mounted:
    """One of them. `path` is the whole path on our site."""

    def __init__(
        self,
        route: ExtensionRoute | ExtensionPage,
        contexts: Contexts,
        questions: Callable[[], Questions | None],
        *,
        trusted: bool = False,
    ) -> None:
        """`trusted`: what runs behind it is ours (a declared route), and ends when it is told to."""
        self.route = route
        self.path = full_path(route)
        self.method = route.method if isinstance(route, ExtensionRoute) else "GET"
        self._contexts = contexts
        self._questions = questions
        what = "route" if isinstance(route, ExtensionRoute) else "page"
        extension = "" if trusted else route.extension
        self._fence = Fence(f"the {what} {self.method} {self.path}", extension, deadline=route.deadline)
        self._running = 0
        self._failed = 0
        self._until = 0.0

    @property
    def paused(self) -> bool:
        """Whether it is left alone at the moment."""
        return self._until > asyncio.get_running_loop().time()

    async def close(self) -> None:
        """End what is still under way."""
        await self._fence.close()

    async def json(self, caller: Caller, sent: Sent) -> bytes:
        """What a route answers. Raises CallboardError: what whoever asked is told."""
        route = self.route
        if not isinstance(route, ExtensionRoute):
            raise TypeError("a page has no JSON")

        def written(value: object) -> bytes:
            if found := misfit(value, route.answer):
                raise WrongAnswer(found)
            try:
                body = msgspec.json.encode(value)
            except (TypeError, ValueError, RecursionError) as error:
                raise WrongAnswer(f"{shown_type(value)}, which cannot be written as JSON") from error
            if len(body) > MOST_ANSWER:
                raise WrongAnswer(f"an answer of {len(body)} bytes, of at most {MOST_ANSWER}")
            return body

        body: bytes = await self._called(caller, sent, route.handler, written)
        return body

    async def view(self, caller: Caller, sent: Sent) -> object:
        """What a page shows. Raises CallboardError."""
        page = self.route
        if not isinstance(page, ExtensionPage):
            raise TypeError("a route has no view")
        return await self._called(caller, sent, page.view, lambda value: value)

    def drawn(self, draw: Callable[[], object], check: Callable[[object], str]) -> str:
        """A page drawn. Raises CallboardError."""
        return self._fence.now("be drawn", draw, check)

    async def _called(
        self,
        caller: Caller,
        sent: Sent,
        work: Callable[[RouteContext], Any],
        check: Callable[[object], Any],
    ) -> Any:
        route = self.route
        entity = await self._admitted(caller, sent)
        path = {name: value for name, value in sent.path.items() if name not in ENTITY}
        parameters = parameters_as(route.parameters, path, sent.query)
        kind = route.body if isinstance(route, ExtensionRoute) else None
        body = body_as(kind, sent.body, sent.content_type)
        self._admit()
        self._running += 1
        given = Given(route.path, entity or "", ", ".join(f"{k} {v}" for k, v in path.items()), caller)
        try:
            with self._contexts.opened(
                RouteContext,
                route.extension,
                caller,
                entity=entity,
                query=dict(sent.query),
                path=path,
                parameters=parameters,
                body=body,
            ) as context:
                value = await self._fence.call("answer", lambda: work(context), check, given=given)
        except PartFailed:
            self._count_failure()
            raise
        finally:
            self._running -= 1
        self._failed = 0
        return value

    async def _admitted(self, caller: Caller, sent: Sent) -> Entity | None:
        """The entity it is about, for a caller who may. Raises NotAllowed, NotFound."""
        action, questions = self.route.permission, self._questions()
        if action is None or questions is None:
            raise Unavailable("Nothing can be asked here.", code="not-there")
        path, ref = sent.path, None
        if ENTITY[0] in path:
            namespace, kind, name = (path[each] for each in ENTITY)
            ref = EntityRef.of(kind, namespace, name)
        place = (path.get("cluster", ""), path.get("namespace", ""))
        return await questions.admitted(caller, action, ref, *place)

    def _admit(self) -> None:
        left = self._until - asyncio.get_running_loop().time()
        if left > 0:
            why = f"failed {IN_A_ROW} times in a row; it is asked again in {left:.0f} s"
            raise PartFailed(self._fence.part, why, code="route-paused")
        if self._running >= self.route.concurrent:
            words = f"{self._fence.part} is answering {self.route.concurrent} others; try again in a moment"
            raise Unavailable(words, code="route-busy")

    def _count_failure(self) -> None:
        self._failed += 1
        if self._failed >= IN_A_ROW:
            self._failed = 0
            self._until = asyncio.get_running_loop().time() + PAUSE
