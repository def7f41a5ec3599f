"""The context that each call into an extension is lent, and the extension's own section of the settings in it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import BadInputs, Problem
from callboard.extend.context import CardContext, ExtensionContext, RequestContext
from callboard.extend.pages import Card, Tab
from callboard.host.lent import AsCaller, LentAsk, LentLog, LentWayOut, OutboundNow
from callboard.host.sections import section_as
from callboard.host.tickets import end, issue
from callboard.model.caller import Caller
from callboard.outbound import Outbound
from callboard.portal.questions import Questions

__all__ = ["Contexts", "public_face"]

C = TypeVar("C", bound=RequestContext)
P = TypeVar("P", Tab, Card)


def public_face(caller: Caller) -> Caller:
    """The caller without what opens something."""
    return msgspec.structs.replace(caller, tokens=()) if caller.tokens else caller


class Contexts:
    """Makes them. `questions` is where extensions ask, None where nothing can be asked (a configuration is checked)."""

    def __init__(
        self,
        *,
        clock: Clock,
        outbound: Callable[[], Outbound],
        questions: Callable[[], Questions | None],
        sections: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self._clock = clock
        self._questions = questions
        self._way_out = LentWayOut(issue(OutboundNow(outbound)))
        self._structs: dict[str, type[msgspec.Struct]] = {}
        self._sections = dict(sections or {})
        self._settings: dict[str, msgspec.Struct] = {}
        self._own: dict[str, ExtensionContext] = {}

    def declare(self, extension: str, struct: type[msgspec.Struct]) -> tuple[Problem, ...]:
        """An extension's section is of this form; what is wrong with the present one."""
        self._structs[extension] = struct
        self._own.pop(extension, None)
        made, problems = section_as(struct, self._sections.get(extension, {}), extension)
        if made is not None:
            self._settings[extension] = made
        return problems

    def use(self, sections: Mapping[str, Mapping[str, object]]) -> None:
        """Go on with other sections. Raises BadInputs, and then those before stay."""
        self._sections, self._settings = dict(sections), self.checked(sections)
        self._own.clear()

    def checked(self, sections: Mapping[str, Mapping[str, object]]) -> dict[str, msgspec.Struct]:
        """What such sections come to. Raises BadInputs."""
        settings: dict[str, msgspec.Struct] = {}
        problems: list[Problem] = []
        for extension, struct in self._structs.items():
            made, wrong = section_as(struct, sections.get(extension, {}), extension)
            problems += wrong
            if made is not None:
                settings[extension] = made
        if problems:
            raise BadInputs(problems)
        return settings

    def takes_settings(self, extension: str) -> bool:
        """Whether it has said what its settings are."""
        return extension in self._structs

    def own(self, extension: str) -> ExtensionContext:
        """What an extension has, whoever looks."""
        known = self._own.get(extension)
        if known is None:
            known = self._own[extension] = ExtensionContext(
                extension=extension,
                settings=self._settings.get(extension),
                clock=self._clock,
                outbound=self._way_out,
                log=LentLog(extension),
            )
        return known

    @contextmanager
    def opened(self, of: type[C], extension: str, caller: Caller, **values: Any) -> Iterator[C]:
        """A context of one call, which opens nothing afterwards."""
        own = self.own(extension)
        questions = self._questions()
        number = issue(AsCaller(questions, caller)) if questions is not None else 0
        try:
            yield of(
                extension=own.extension,
                settings=own.settings,
                clock=own.clock,
                outbound=own.outbound,
                log=own.log,
                caller=public_face(caller),
                ask=LentAsk(number),
                **values,
            )
        finally:
            end(number)

    def lend(self, page: P) -> P:
        """A tab or card of an extension, each call of which is lent its context."""
        if not page.extension:
            return page
        if isinstance(page, Card):
            return msgspec.structs.replace(page, view=self._view(page))
        live = self._live(page) if page.live is not None else None
        return msgspec.structs.replace(page, view=self._view(page), live=live)

    def _of_page(self, extension: str, context: CardContext) -> Any:
        return self.opened(CardContext, extension, context.caller, entity=context.entity, query=context.query)

    def _view(self, page: Tab | Card) -> Callable[[CardContext], Any]:
        begin: Any = page.view

        def view(context: CardContext) -> Any:
            lent = self._of_page(page.extension, context)
            own = lent.__enter__()
            try:
                given = begin(own)
            except BaseException:
                lent.__exit__(None, None, None)
                raise
            if not hasattr(given, "__await__"):
                lent.__exit__(None, None, None)
                return given  # whoever called it says that it is wrong
            return _until_given(given, lent)

        return view

    def _live(self, tab: Tab) -> Callable[[CardContext], Any]:
        begin: Callable[[CardContext], Any] | None = tab.live
        assert begin is not None  # noqa: S101 - asked before

        def live(context: CardContext) -> Any:
            lent = self._of_page(tab.extension, context)
            own = lent.__enter__()
            try:
                given = begin(own)
            except BaseException:
                lent.__exit__(None, None, None)
                raise
            if not isinstance(given, AsyncIterator):
                lent.__exit__(None, None, None)
                return given
            return _until_ended(given, lent)

        return live


async def _until_given(given: Awaitable[object], lent: Any) -> object:
    try:
        return await given
    finally:
        lent.__exit__(None, None, None)


async def _until_ended(given: AsyncIterator[object], lent: Any) -> AsyncGenerator[object, None]:
    try:
        if isinstance(given, AsyncGenerator):
            async with aclosing(given):
                async for each in given:
                    yield each
        else:
            async for each in given:
                yield each
    finally:
        lent.__exit__(None, None, None)
