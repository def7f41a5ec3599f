"""The services beside of the configuration in force: those whose settings stay the same go on, with their connections."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from callboard.access.identity_tokens import IdentityTokens
from callboard.base.errors import BadInputs, NotAllowed, Problem
from callboard.base.settings import ServiceBesideSettings
from callboard.extend.pages import Tab
from callboard.extend.routes import ExtensionRoute
from callboard.host.beside.asking import AskedService
from callboard.host.beside.declaring import declared_service, target_of
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action
from callboard.outbound import Outbound
from callboard.portal.questions import Questions

__all__ = ["MadeService", "ServicesBeside"]

MOST_SERVICES = 100


class MadeService(msgspec.Struct, frozen=True):
    """One of them, with what it offers."""

    service: AskedService
    made_of: object
    routes: tuple[ExtensionRoute, ...]
    tabs: tuple[Tab, ...]


class ServicesBeside:
    """Makes them. `questions` decides who may see a tab."""

    def __init__(self, tokens: IdentityTokens, questions: Callable[[], Questions | None]) -> None:
        self._tokens = tokens
        self._questions = questions
        self._made: dict[str, MadeService] = {}

    def made(
        self, declared: Mapping[str, ServiceBesideSettings], ca_file: str, taken: Sequence[str] = ()
    ) -> dict[str, MadeService]:
        """What such settings come to; nothing is in force yet. `taken` are names of other extensions. Raises BadInputs."""
        found: dict[str, MadeService] = {}
        problems: list[Problem] = []
        if len(declared) > MOST_SERVICES:
            problems.append(Problem(f"there are more than {MOST_SERVICES}", where="callboard.services"))
            declared = {}
        for name, settings in declared.items():
            before = self._made.get(name)
            target, wrong = target_of(name, settings)
            if name in taken:
                words = "an extension has this name"
                wrong = (*wrong, Problem(words, where=f"callboard.services.{name[:100]}"))
            problems += wrong
            if target is None or name in taken:
                continue
            if before is not None and before.made_of == (settings, ca_file):
                found[name] = before
                continue
            client = Outbound(proxy="", ca_file=ca_file)
            service = AskedService(name, settings, target, client, self._tokens)
            routes, tabs, wrong = declared_service(service, self._admit)
            problems += wrong
            found[name] = MadeService(service, (settings, ca_file), routes, tabs)
        if problems:
            raise BadInputs(problems)
        return found

    async def use(self, made: Mapping[str, MadeService]) -> None:
        """Go on with these; the connections of the others are closed."""
        before, self._made = self._made, dict(made)
        for name, each in before.items():
            if self._made.get(name) is not each:
                await each.service.close()

    async def close(self) -> None:
        """Close all connections."""
        await self.use({})

    async def _admit(self, caller: Caller, action: Action, ref: EntityRef) -> None:
        questions = self._questions()
        if questions is None:
            raise NotAllowed("Nothing can be asked here.", code="not-there")
        await questions.admitted(caller, action, ref, "", "")
