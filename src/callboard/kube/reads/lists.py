"""One question to one cluster, answered whole: pages put together, or the one object asked for by name."""

import time
import typing
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

from callboard.kube.connection.connection import Connection, Query
from callboard.kube.failure import AnswerRefused, answer_of, failure_of_exception, json_failure
from callboard.kube.ingest.decode import (
    SHORT,
    Form,
    Page,
    WrongShape,
    decode_object,
    decode_page,
    page_in_steps,
)
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Malformed, Outcome, Question, none_read

__all__ = ["Listed", "list_objects", "outcome_of", "selectors"]

_SMALL: Final = 4096
"""Bytes of an answer that is read in some 20 µs, too little to wait for one's turn: most types of a service are empty lists or
hold one object."""

T = TypeVar("T")


class Listed(msgspec.Struct, typing.Generic[T], frozen=True, kw_only=True):
    """All pages of a list, as of one resourceVersion."""

    objects: tuple[T, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    resource_version: str = ""
    truncated: bool = False
    remaining: int | None = None


async def outcome_of(connection: Connection, question: Question) -> Outcome:
    """Ask, and say what it came to. Never raises for what the cluster does.

    A 404 on a collection means that its type is not served (ABSENT); on a named object, that there is none (EMPTY), where an
    API server says so itself.
    """
    began = time.monotonic()
    try:
        if question.name:
            listed = await _get(connection, question)
        else:
            listed = await list_objects(connection, question)
    except AnswerRefused as refused:
        return _failed(connection, question, refused.failure, began)
    except Exception as error:
        return _failed(connection, question, failure_of_exception(error), began)
    if listed.objects:
        answer = Answer.OBJECTS
    elif listed.malformed:
        answer = Answer.BROKEN
    else:
        answer = Answer.EMPTY
    failure_or_none = None
    if answer is Answer.BROKEN:
        failure_or_none = none_read(len(listed.malformed))
    return Outcome(
        question=question,
        answer=answer,
        objects=listed.objects,
        malformed=listed.malformed,
        failure=failure_or_none,
        as_of=connection.clock.now(),
        took=time.monotonic() - began,
        resource_version=listed.resource_version,
        truncated=listed.truncated,
        remaining=listed.remaining,
    )


def selectors(question: Question) -> list[tuple[str, str]]:
    """The question's selectors as query parameters."""
    return _selectors(question.label_selector, question.field_selector)


def _selectors(label_selector: str, field_selector: str) -> list[tuple[str, str]]:
    pairs = (("labelSelector", label_selector), ("fieldSelector", field_selector))
    return [(name, value) for name, value in pairs if value]


@typing.overload
async def list_objects(connection: Connection, question: Question) -> Listed[KubeObject]: ...
@typing.overload
async def list_objects(
    connection: Connection, question: Question, form: Form[T], *, progress: Callable[[], None] | None = None
) -> Listed[T]: ...
async def list_objects(
    connection: Connection,
    question: Question,
    form: Callable[..., object] = KubeObject,
    *,
    progress: Callable[[], None] | None = None,
) -> Listed[typing.Any]:
    """All pages, within `whole` seconds, each object in the form chosen. Raises AnswerRefused.

    With `progress`, which is called after each page, `whole` holds for each by itself: whoever wants everything there is, and
    waits for it beside what is shown, gives up nothing that comes slowly.

    A continue token that has expired (410) starts the list anew without pages, as client-go's pager does: what was read
    before belongs to another moment and is dropped.
    """
    limits = connection.limits
    path = question.type.path(question.namespace)
    query = _first_query(
        question.label_selector, question.field_selector, min(limits.page_size, limits.max_objects)
    )
    until = connection.until()
    page, size = await _page(connection, question, path, query, until, form)
    if not page.continue_ and len(page.objects) <= limits.max_objects:
        if progress is not None:
            progress()
        return Listed(objects=page.objects, malformed=page.malformed, resource_version=page.resource_version)
    asked_for, restarted = "", False
    objects: list[object] = []
    malformed: list[Malformed] = []
    while True:
        objects += page.objects
        malformed += page.malformed
        if progress is not None:
            progress()
        over = len(objects) - limits.max_objects
        full = over >= 0 or size >= limits.max_list
        stuck = page.continue_ != "" and page.continue_ == asked_for
        if full or not page.continue_ or stuck:
            more = bool(page.continue_)
            remaining = page.remaining if more else None
            if over > 0:
                del objects[limits.max_objects :]
                remaining = (remaining or 0) + over if remaining is not None or not more else None
            return Listed(
                objects=tuple(objects),
                malformed=tuple(malformed),
                resource_version=page.resource_version,
                truncated=more or over > 0,
                remaining=remaining,
            )
        asked_for = page.continue_
        await connection.next_step()
        if progress is not None:
            until = connection.until()
        try:
            page, came = await _page(
                connection, question, path, [*query, ("continue", asked_for)], until, form
            )
            size += came
        except AnswerRefused as refused:
            if refused.failure.code is not FailureCode.GONE or restarted:
                raise
            asked_for, restarted = "", True
            objects.clear()
            malformed.clear()
            query = tuple(selectors(question))
            page, size = await _page(connection, question, path, query, until, form)


@lru_cache(1024)
def _first_query(label_selector: str, field_selector: str, limit: int) -> tuple[tuple[str, str], ...]:
    """Kept, because all clusters are asked alike."""
    return (*_selectors(label_selector, field_selector), ("limit", str(limit)))


async def _page(
    connection: Connection, question: Question, path: str, query: Query, until: float, form: Form[T]
) -> tuple[Page[T], int]:
    """The page, and how many bytes it came in."""
    answer = await connection.read("GET", path, query, until=until)
    body, resource, nesting = answer.body, question.type, connection.limits.max_nesting
    steps = connection.steps
    if len(body) >= _SMALL and not steps.at_once():
        await steps.next_step()
    try:
        if len(body) < SHORT:
            return decode_page(body, resource, form, max_nesting=nesting), len(body)
        reading = page_in_steps(body, resource, form, max_nesting=nesting)
        while True:
            try:
                next(reading)
            except StopIteration as ended:
                page: Page[T] = ended.value
                return page, len(body)
            await steps.next_step()
    except WrongShape as wrong:
        raise AnswerRefused(
            Failure(code=FailureCode.WRONG_SHAPE, message=str(wrong), status=answer.status)
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AnswerRefused(json_failure(body, answer.headers, error)) from None


async def _get(connection: Connection, question: Question) -> Listed[KubeObject]:
    path = question.type.path(question.namespace, question.name)
    try:
        answer = await connection.read("GET", path)
    except AnswerRefused as refused:
        failure = refused.failure
        if failure.status == 404 and failure.reason == "NotFound":
            return Listed()
        raise
    try:
        msgspec.json.decode(answer.body, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise AnswerRefused(json_failure(answer.body, answer.headers, error)) from None
    found = decode_object(answer.body, question.type, max_nesting=connection.limits.max_nesting)
    if isinstance(found, Malformed):
        raise AnswerRefused(
            Failure(code=FailureCode.WRONG_SHAPE, message=found.message, status=answer.status)
        )
    if found.name != question.name:
        raise AnswerRefused(
            Failure(code=FailureCode.WRONG_SHAPE, message="another object came than was asked for")
        )
    return Listed(objects=(found,), resource_version=found.meta.resource_version)


def _failed(connection: Connection, question: Question, failure: Failure, began: float) -> Outcome:
    return Outcome(
        question=question,
        answer=answer_of(failure),
        failure=failure,
        as_of=connection.clock.now(),
        took=time.monotonic() - began,
    )
