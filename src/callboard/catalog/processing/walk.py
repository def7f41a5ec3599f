"""Walking from the configured locations to every entity, through Location entities, once each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import msgspec

from callboard.base.errors import BadInput, NotFound, Problem
from callboard.base.settings import CatalogRule
from callboard.catalog.processing.draft import Draft, Route, generated
from callboard.catalog.processing.reader import SourceReader
from callboard.catalog.processing.reading import SourceReading
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.sources.files import folder_of
from callboard.catalog.sources.location import Location, resolved
from callboard.catalog.sources.rules import allows

__all__ = ["Claim", "LastGood", "Root", "Walked", "walk"]

MAX_DEPTH = 10
"""How far Location entities may lead. Organisations nest two or three; a longer way is a chain that grows by itself."""

PASSED_OVER = frozenset({"skeleton", "node_modules"})

LastGood = Callable[[Location], Awaitable[Sequence[Draft]]]
"""The entities the store has of a source, or by way of a target, that cannot be read now."""


class Root(msgspec.Struct, frozen=True):
    """A configured location and the rules written at it."""

    location: Location
    rules: tuple[CatalogRule, ...] = ()
    missing: Problem | None = None
    """What is told where nothing is there; None for the usual words."""
    assumed: str = ""
    """The folder of one's own that an assumed location is about: nothing has to be there, and what a template or a package brings
    along is passed over."""


class Claim(msgspec.Struct, frozen=True):
    """An entity a source brings. With `errors` it is the last good state of one that is broken now."""

    draft: Draft
    errors: tuple[str, ...] = ()


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """All claims in the order of the walk; `readings` tells whether anything was read anew."""

    claims: tuple[Claim, ...]
    problems: tuple[Problem, ...]
    readings: tuple[SourceReading, ...]
    unreadable: dict[str, tuple[str, ...]]
    """By ref of a Location entity: what is wrong with its targets."""
    lost: frozenset[str] = frozenset()
    """Refs that made us fail: what the store has of them stays."""
    told: dict[str, list[Problem]] = {}
    """By ref: what is wrong with entities that are written down."""
    mentions: dict[str, list[Problem]] = {}
    """By name: what is wrong with files that hold such a name and could not be read whole."""


class _Step(msgspec.Struct, frozen=True):
    target: Location
    root: Root
    named_by: Draft
    optional: bool = False


class _Walk:
    def __init__(
        self,
        reader: SourceReader,
        rules: Sequence[CatalogRule],
        last_good: LastGood,
        most: int,
        folders: Sequence[str] = (),
    ) -> None:
        self._folders = tuple(folders)
        self._reader = reader
        self._rules = rules
        self._last_good = last_good
        self._most = most
        self.claims: list[Claim] = []
        self.problems: list[Problem] = []
        self.readings: list[SourceReading] = []
        self.unreadable: dict[str, list[str]] = {}
        self.lost: set[str] = set()
        self.told: dict[str, list[Problem]] = {}
        self.mentions: dict[str, list[Problem]] = {}
        self._seen: set[Location] = set()
        self._refs: set[str] = set()
        self._counts: dict[Location, int] = {}

    async def level(self, steps: Sequence[_Step], force: bool) -> list[_Step]:
        """Read all targets of one depth, and give those they lead to."""
        routes: list[tuple[Route, _Step]] = []
        following: list[_Step] = []
        for step in steps:
            try:
                found = await self._reader.expand(step.target, self._folders_of(step))
            except Exception as error:
                if not step.optional or not isinstance(error, NotFound):
                    known = step.root.missing if isinstance(error, NotFound) and _is_root(step) else None
                    problem = known or _at_its_name(step, stumbled(error, step.target.shown))
                    self._unreadable(step, problem)
                    message = problem.message if not isinstance(error, BadInput) else str(problem)
                    following += self._keep(await self._last_good(step.target), step, [message])
                continue
            for path in found.outside:
                message = f"{path[:500]} leads out of the folders that may be read from there"
                self._unreadable(step, _at_its_name(step, Problem(message, where=step.target.shown)))
            for source in found.files:
                if _is_passed_over(source, step.root):
                    continue
                if source not in self._seen:
                    self._seen.add(source)
                    routes.append((Route(source, step.target, step.root.location), step))
        readings = await self._reader.read([route for route, _ in routes], force=force)
        for (_, step), reading in zip(routes, readings, strict=True):
            self.readings.append(reading)
            following += await self._take(reading, step)
        return following

    def _folders_of(self, step: _Step) -> tuple[str, ...] | None:
        """Where the files may lie to which a Location leads: the operator's own targets may be anywhere."""
        if _is_root(step) or step.target.type != "file":
            return None
        return (step.root.assumed or folder_of(step.root.location.target), *self._folders)

    async def _take(self, reading: SourceReading, step: _Step) -> list[_Step]:
        following: list[_Step] = []
        self.problems += reading.problems
        for broken in reading.broken:
            self.problems += broken.problems
            self.told.setdefault(str(broken.ref), []).extend(broken.problems)
        for name in reading.mentions:
            self.mentions.setdefault(name, []).extend(reading.problems[:1])
        for draft in reading.drafts:
            following += self._claim(draft, step, ())
        if reading.problems or reading.broken:
            lost = [str(p) for p in reading.problems]
            named = {str(b.ref): [str(p) for p in b.problems] for b in reading.broken}
            kept = await self._last_good(reading.route.source)
            fresh = {draft.ref for draft in reading.drafts}
            following += self._keep([d for d in kept if d.ref not in fresh], step, lost, named)
            if reading.documents == 0:
                self._note_unreadable(step.named_by, lost)
        return following

    def _keep(
        self,
        kept: Sequence[Draft],
        step: _Step,
        errors: Sequence[str],
        named: dict[str, list[str]] | None = None,
    ) -> list[_Step]:
        """Go on with the last good state of what may still be meant: what is named as broken, and everything when it
        cannot be told what is."""
        following: list[_Step] = []
        for draft in kept:
            own = (named or {}).get(str(draft.ref), ())
            if own or errors:
                following += self._claim(draft, step, tuple(own or errors))
        return following

    def _claim(self, draft: Draft, step: _Step, errors: tuple[str, ...]) -> list[_Step]:
        try:
            return self._claimed(draft, step, errors)
        except Exception as error:
            self._refused(draft, stumbled(error, draft.route.source.shown, draft.line))
            self.lost.add(str(draft.ref))
            return []

    def _claimed(self, draft: Draft, step: _Step, errors: tuple[str, ...]) -> list[_Step]:
        root = step.root
        if not allows(self._rules, root.rules, root.location, draft.kind, draft.spec_type):
            self._refused(
                draft,
                Problem(
                    f"{draft.ref} is not of an allowed kind for that location",
                    where=draft.route.source.shown,
                    line=draft.line,
                    found=f"kind {draft.kind}, from {root.location.shown}",
                    expected="a kind that catalog.rules or the location's own rules allow",
                ),
            )
            return []
        count = self._counts[root.location] = self._counts.get(root.location, 0) + 1
        if count > self._most:
            if count == self._most + 1:
                expected = f"at most {self._most}"
                self.problems.append(
                    Problem("leads to too many entities", where=root.location.shown, expected=expected)
                )
            return []
        first = str(draft.ref) not in self._refs
        self._refs.add(str(draft.ref))
        self.claims.append(Claim(draft, errors))
        return self._targets(draft, step) if first else []

    def _refused(self, draft: Draft, problem: Problem) -> None:
        self.problems.append(problem)
        self.told.setdefault(str(draft.ref), []).append(problem)

    def _targets(self, draft: Draft, step: _Step) -> list[_Step]:
        steps: list[_Step] = []
        for text in draft.targets:
            try:
                target = resolved(draft.route.source, draft.target_type, text)
            except Exception as error:
                found = stumbled(error, draft.route.source.shown)
                self._unreadable(
                    step,
                    Problem(
                        found.message,
                        where=draft.route.source.shown,
                        line=draft.line,
                        path="spec.target" if len(draft.targets) == 1 else "spec.targets",
                        found=found.found,
                        expected=found.expected,
                    ),
                    draft,
                )
                continue
            steps.append(_Step(target, step.root, draft, draft.optional))
        return steps

    def _unreadable(self, step: _Step, problem: Problem, named_by: Draft | None = None) -> None:
        self.problems.append(problem)
        self._note_unreadable(named_by or step.named_by, [str(problem)])

    def _note_unreadable(self, named_by: Draft, messages: Sequence[str]) -> None:
        self.unreadable.setdefault(str(named_by.ref), []).extend(messages)

    def claim_root(self, root: Root) -> _Step:
        """The Location entity that stands for a configured location, and the way on from there."""
        draft = generated(root.location)
        self._refs.add(str(draft.ref))
        self.claims.append(Claim(draft))
        return _Step(root.location, root, draft, bool(root.assumed))


def _is_passed_over(source: Location, root: Root) -> bool:
    return bool(root.assumed) and not PASSED_OVER.isdisjoint(source.target[len(root.assumed) :].split("/"))


def _is_root(step: _Step) -> bool:
    return step.target == step.root.location and step.named_by.line is None


def _at_its_name(step: _Step, problem: Problem) -> Problem:
    """A problem with a target, told where a file names that target; one that the configuration names has no other place."""
    named = step.named_by
    if named.line is None:
        return problem
    shown = step.target.shown
    message = problem.message if shown in problem.message else f"{shown}: {problem.message}"
    path = "spec.target" if len(named.targets) == 1 else "spec.targets"
    return replace(problem, message=message, where=named.route.source.shown, line=named.line, path=path)


async def walk(
    reader: SourceReader,
    roots: Sequence[Root],
    rules: Sequence[CatalogRule],
    last_good: LastGood,
    *,
    most: int,
    force: bool = False,
    folders: Sequence[str] = (),
) -> Walked:
    """Read everything the roots lead to. Files to which Locations lead lie in the folder of their root, or in one of
    `folders`. A source is read once, whoever names it, so a ring of Locations ends."""
    reader.begin()
    walking = _Walk(reader, rules, last_good, most, folders)
    steps = [walking.claim_root(root) for root in dict.fromkeys(roots)]
    for _ in range(MAX_DEPTH):
        if not steps:
            break
        steps = await walking.level(steps, force)
    for step in steps:
        walking.problems.append(
            Problem(
                "Locations nest too deep", where=step.target.shown, expected=f"at most {MAX_DEPTH} levels"
            )
        )
    reader.forget_others([reading.route for reading in walking.readings])
    return Walked(
        claims=tuple(walking.claims),
        problems=tuple(walking.problems),
        readings=tuple(walking.readings),
        unreadable={ref: tuple(messages) for ref, messages in walking.unreadable.items()},
        lost=frozenset(walking.lost),
        told=walking.told,
        mentions=walking.mentions,
    )
