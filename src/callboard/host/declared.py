"""Routes that are written in the configuration (`callboard.routes`): no code, the same door, permission and bounds."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from callboard.base.errors import BadInputs, CallboardError, NotFound, Problem, Unavailable, UsageError
from callboard.base.fence import PartFailed
from callboard.base.part_failures import FAILED
from callboard.base.settings import RouteSettings
from callboard.extend.routes import ExtensionRoute, RouteContext
from callboard.host.expressions.pool import ExpressionFailed
from callboard.host.paths import route_problem
from callboard.host.routes import sound_routes
from callboard.model.outcome import Answer, Outcome
from callboard.model.permission import Action
from callboard.model.resource import KNOWN_TYPES, ResourceType

__all__ = ["DECLARED", "DeclaredAnswer", "DeclaredPart", "Shape", "ShapedAnswer", "declared_routes"]

DECLARED: Final = "declared"
"""Stands in their addresses where an extension's name does."""
DEADLINE: Final = 30.0
WITHIN: Final = 10.0
"""Seconds that clusters are waited for, of a service."""
MOST_QUESTIONS: Final = 64
AT_ONCE: Final = 8
MOST_BYTES: Final = 3 * 1024 * 1024
"""Of all objects of an answer; what does not fit is left out and told."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_LABEL: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_KNOWN: Final = {t.key: t for t in KNOWN_TYPES}


class DeclaredPart(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one question came to. `answer` is as in `Answer`; `failure` says why there is none. The objects are JSON as the
    cluster gives them, without values of Secrets; `truncated`: there are more."""

    cluster: str
    type: str
    namespace: str
    answer: Answer
    objects: tuple[msgspec.Raw, ...] = ()
    failure: str = ""
    truncated: bool = False


class DeclaredAnswer(msgspec.Struct, frozen=True):
    """The parts, in the order they were asked in. `complete` says that nothing failed, is awaited, or was left out."""

    complete: bool
    parts: tuple[DeclaredPart, ...]


class ShapedAnswer(msgspec.Struct, frozen=True):
    """What the route's expression gives. `complete` as in a DeclaredAnswer; `parts` tell what came of each question, without
    objects."""

    complete: bool
    value: object
    parts: tuple[DeclaredPart, ...]


Shape = Callable[[str, Mapping[str, object]], Awaitable[object]]
"""What an expression gives of `parts` and `path`. Raises ExpressionFailed, Unavailable."""


async def _shapeless(expression: str, data: Mapping[str, object]) -> object:
    raise Unavailable("Expressions are not evaluated here.", code="not-there")


def declared_routes(
    settings: Sequence[RouteSettings], shape: Shape = _shapeless
) -> tuple[ExtensionRoute, ...]:
    """The routes of the configuration; whether their expressions are understood is not looked at. Raises BadInputs that tells all
    that is wrong."""
    problems: list[Problem] = []
    routes: list[ExtensionRoute] = []
    for index, each in enumerate(settings):
        where = f"callboard.routes[{index}]"
        try:
            route = _Declared(each, shape).route()
        except UsageError as error:
            problems.append(Problem(error.message, where=where))
            continue
        if why := route_problem(route):
            problems.append(Problem(why, where=where, path="path", found=repr(each.path[:100])))
        elif len(sound_routes([*routes, route])[0]) <= len(routes):
            problems.append(Problem("another route stands there", where=where, path="path"))
        else:
            routes.append(route)
    if problems:
        raise BadInputs(problems)
    return tuple(routes)


class _Declared:
    def __init__(self, settings: RouteSettings, shape: Shape) -> None:
        self._settings = settings
        self._shape = shape
        self._types = tuple(_type_of(text) for text in settings.types)
        names = set(_PLACEHOLDER.findall(settings.path))
        self._of_entity = "entity" in names
        if not self._of_entity and not self._types:
            raise UsageError("it names no types, and its path has no {entity}")
        if self._of_entity and (settings.namespaces or settings.selector):
            raise UsageError(
                "namespaces and a selector are for routes without {entity}: a service has its own"
            )
        if self._of_entity and len(settings.clusters) > 1:
            raise UsageError("a route with {entity} is about all clusters, or about one")
        for text in (*settings.clusters, *settings.namespaces, settings.selector):
            for name in _PLACEHOLDER.findall(text):
                if name not in names or name == "entity":
                    raise UsageError(f"{{{name[:100]}}} is no parameter of its path")

    def route(self) -> ExtensionRoute:
        work: Callable[[RouteContext], Awaitable[DeclaredAnswer]]
        work = self._of_service if self._of_entity else self._of_types
        return ExtensionRoute(
            path=self._settings.path,
            handler=partial(self._shaped, work) if self._settings.expression else work,
            permission=Action.RESOURCES_READ if self._of_entity else Action.OBJECTS_READ,
            answer=ShapedAnswer if self._settings.expression else DeclaredAnswer,
            title=self._settings.title,
            deadline=DEADLINE,
            extension=DECLARED,
        )

    async def _shaped(
        self, work: Callable[[RouteContext], Awaitable[DeclaredAnswer]], context: RouteContext
    ) -> ShapedAnswer:
        answer = await work(context)
        data = {"parts": answer.parts, "path": dict(context.path)}
        try:
            value = await self._shape(self._settings.expression, data)
        except ExpressionFailed as error:
            part, why = f"the expression of the route {self._settings.path}", f"went wrong: {error}"
            FAILED.note(DECLARED, part, "shape an answer", why)
            raise PartFailed(part, why, code="expression-failed") from None
        parts = tuple(msgspec.structs.replace(each, objects=()) for each in answer.parts)
        return ShapedAnswer(answer.complete, value, parts)

    async def _of_service(self, context: RouteContext) -> DeclaredAnswer:
        if context.entity is None:
            raise NotFound("There is no such entity.")
        cluster = _filled(next(iter(self._settings.clusters), ""), context.path)
        seen = await context.ask.observed(context.entity.ref, cluster=cluster, within=WITHIN)
        keys = {t.key for t in self._types}
        parts = []
        for each in seen.snapshot.clusters:
            name = each.cluster.name
            if not each.outcomes:
                words = each.failure.message if each.failure else ""
                answer = Answer.BROKEN if each.failure else Answer.AWAITED
                parts.append(DeclaredPart(cluster=name, type="", namespace="", answer=answer, failure=words))
            parts += [_part(name, o) for o in each.outcomes if not keys or o.question.type.key in keys]
        return _bounded(parts, complete=seen.settled)

    async def _of_types(self, context: RouteContext) -> DeclaredAnswer:
        settings, path = self._settings, context.path
        clusters = [_filled(c, path) for c in settings.clusters]
        clusters = clusters or [c.name for c in await context.ask.clusters()]
        namespaces = [_filled(n, path) for n in settings.namespaces] or [""]
        selector = _PLACEHOLDER.sub(lambda m: _label(m[1], path), settings.selector)
        questions = [(c, t, n) for c in clusters for t in self._types for n in namespaces]
        if len(questions) > MOST_QUESTIONS:
            raise UsageError(
                f"This address asks {len(questions)} questions; at most {MOST_QUESTIONS} are asked at once."
            )
        room = asyncio.Semaphore(AT_ONCE)
        only = len(questions) == 1

        async def asked(cluster: str, of: ResourceType, namespace: str) -> DeclaredPart:
            async with room:
                try:
                    outcome = await context.ask.list(cluster, of, namespace=namespace, selector=selector)
                except CallboardError as error:
                    if only:
                        raise
                    return DeclaredPart(
                        cluster=cluster,
                        type=of.key,
                        namespace=namespace,
                        answer=Answer.FORBIDDEN if error.code == "not-permitted" else Answer.BROKEN,
                        failure=error.message,
                    )
            return _part(cluster, outcome)

        return _bounded(await asyncio.gather(*(asked(*q) for q in questions)), complete=True)


def _part(cluster: str, outcome: Outcome) -> DeclaredPart:
    return DeclaredPart(
        cluster=cluster,
        type=outcome.question.type.key,
        namespace=outcome.question.namespace,
        answer=outcome.answer,
        objects=tuple(msgspec.Raw(o.raw) for o in outcome.objects),
        failure=outcome.failure.message if outcome.failure else "",
        truncated=outcome.truncated,
    )


def _bounded(parts: Sequence[DeclaredPart], *, complete: bool) -> DeclaredAnswer:
    """With as many objects as there is room for."""
    room, kept = MOST_BYTES, []
    for part in parts:
        objects = []
        for each in part.objects:
            room -= len(bytes(each))
            if room < 0:
                break
            objects.append(each)
        whole = len(objects) == len(part.objects)
        truncated = part.truncated or not whole
        kept.append(msgspec.structs.replace(part, objects=tuple(objects), truncated=truncated))
    known = all(p.answer.known and not p.truncated for p in kept)
    return DeclaredAnswer(complete=complete and known, parts=tuple(kept))


def _filled(text: str, path: Mapping[str, str]) -> str:
    """A setting with the path's parameters in place. Names are only compared, so that any text will do."""
    return _PLACEHOLDER.sub(lambda m: path[m[1]], text)


def _label(name: str, path: Mapping[str, str]) -> str:
    """A parameter that stands in a selector: a label's value, and nothing that is read as more of the selector."""
    value = path[name]
    if not _LABEL.fullmatch(value):
        raise UsageError(f"The parameter {name!r} is no value of a label: {value[:80]!r}.")
    return value


def _type_of(text: str) -> ResourceType:
    """`pods`, `deployments.apps`, or `rollouts.v1alpha1.argoproj.io` as kubectl writes it. Raises UsageError."""
    known = _KNOWN.get(text) or next((t for t in KNOWN_TYPES if t.plural == text), None)
    if known is not None:
        return known
    plural, _, rest = text.partition(".")
    version, _, group = rest.partition(".")
    if (
        not re.fullmatch(r"[a-z][a-z0-9]*", plural)
        or not re.fullmatch(r"v[0-9][a-z0-9]*", version)
        or not group
    ):
        raise UsageError(f"{text[:100]!r} is no type; write pods, deployments.apps, or PLURAL.VERSION.GROUP")
    return ResourceType(group, version, plural)
