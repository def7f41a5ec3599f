"""What Callboard relies on, asked of a cluster through `callboard.kube`. It reads and creates nothing that stays."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec
import pytest

from callboard.base.secret import Secret
from callboard.kube.connection.connection import Connection
from callboard.kube.failure import AnswerRefused
from callboard.kube.reads.access_review import Access, WhoAmI, may, who_am_i
from callboard.kube.reads.discovery import Discovery, version_of
from callboard.kube.reads.lists import outcome_of
from callboard.kube.reads.logs import LogRequest
from callboard.kube.watching.watch import Bookmark, Change, Reset
from callboard.model.cluster import Credential, CredentialKind
from callboard.model.objects import KubeObject, PackedObject
from callboard.model.outcome import Answer, Failure, FailureCode, Question
from callboard.model.resource import ALL_OBJECT_TYPES, EVENTS, NODES, ResourceType
from support.conformance import CONFIG_MAPS, DEPLOYMENTS, PODS, Target
from support.watched import watch

TRIES = 5
"""A busy cluster changes between two questions; so often a comparison may be made again."""
NOWHERE = "callboard-conformance-nowhere"


Keys = set[tuple[str, str]]


def keys(objects: Sequence[KubeObject | PackedObject]) -> Keys:
    return {(o.namespace, o.name) for o in objects}


async def names(target: Target, selector: str = "", connection: Connection | None = None) -> Keys:
    question = Question(PODS, target.namespace, label_selector=selector)
    return keys((await outcome_of(connection or target.connection, question)).objects)


async def looked(look: Callable[[], Awaitable[tuple[Keys, ...]]]) -> tuple[Keys, ...]:
    """What a look finds, once all of it is the same, or at last."""
    for _ in range(TRIES - 1):
        found = await look()
        if all(one == found[0] for one in found):
            return found
    return await look()


async def until(
    changes: AsyncIterator[Change], wanted: Callable[[Change], bool], seconds: float
) -> list[Change]:
    seen: list[Change] = []
    async with asyncio.timeout(seconds):
        async for change in changes:
            seen.append(change)
            if wanted(change):
                break
    return seen


async def test_it_tells_its_version(target: Target) -> None:
    version = await version_of(target.connection)
    assert version.git_version.startswith("v1.")
    assert version.minor.rstrip("+").isdigit()
    assert target.clock_offset() is not None


async def test_discovery_tells_kind_scope_and_verbs(target: Target) -> None:
    discovery = Discovery()
    core = await discovery.served(target.connection, "", "v1")
    assert (core["pods"].kind, core["pods"].namespaced) == ("Pod", True)
    assert {"get", "list", "watch"} <= set(core["pods"].verbs)
    assert (core["nodes"].kind, core["nodes"].namespaced) == ("Node", False)
    assert not [plural for plural in core if "/" in plural]
    unknown = ResourceType("apps", "v1", "deployments")
    assert await discovery.resolve(target.connection, unknown) == DEPLOYMENTS


@pytest.mark.parametrize("resource", [*ALL_OBJECT_TYPES, EVENTS, NODES], ids=lambda r: r.key)
async def test_every_object_of_every_type_can_be_read(target: Target, resource: ResourceType) -> None:
    namespace = target.namespace if resource.namespaced else ""
    outcome = await outcome_of(target.connection, Question(resource, namespace))
    assert outcome.answer in (Answer.OBJECTS, Answer.EMPTY, Answer.FORBIDDEN), outcome.failure
    assert outcome.malformed == ()
    if outcome.answer.known:
        assert outcome.resource_version.isdecimal()
    for item in outcome.objects:
        assert item.meta.uid
        assert item.meta.creation_timestamp is not None
        fields = msgspec.json.decode(item.raw)
        assert not {"kind", "apiVersion"} & set(fields)
        assert "managedFields" not in fields["metadata"]
        assert b"last-applied-configuration" not in item.raw
        if resource.plural == "secrets":
            assert set((fields.get("data") or {}).values()) <= {"***"}


async def test_pages_add_up_to_the_whole_list(target: Target) -> None:
    if len(await names(target)) < 3:
        target.lacks("three pods")
    small = target.with_limits(page_size=2)

    async def look() -> tuple[Keys, ...]:
        return await names(target), await names(target, connection=small)

    whole, paged = await looked(look)
    assert paged == whole


async def test_reading_stops_at_the_limit_and_says_so(target: Target) -> None:
    if len(await names(target)) < 2:
        target.lacks("two pods")
    outcome = await outcome_of(
        target.with_limits(page_size=1, max_objects=1), Question(PODS, target.namespace)
    )
    assert len(outcome.objects) == 1
    assert outcome.truncated


async def test_label_selectors_split_what_is_there(target: Target) -> None:
    label = next(
        ((k, v) for pod in await target.pods() for k, v in (pod.meta.labels or {}).items() if v), None
    )
    if label is None:
        target.lacks("pod with a label")
    key, value = label
    assert await names(target, f"{key}={value}")
    halves = [
        (key, f"!{key}"),
        (f"{key}={value}", f"{key}!={value}"),
        (f"{key} in ({value},x)", f"{key} notin ({value},x)"),
    ]
    for selected, left in halves:

        async def look(selected: str = selected, left: str = left) -> tuple[Keys, ...]:
            having, without = await names(target, selected), await names(target, left)
            assert not having & without
            return await names(target), having | without

        everything, both = await looked(look)
        assert both == everything, selected


async def test_field_selectors_pick_by_name_and_phase(target: Target) -> None:
    pod = (await target.pods())[0]
    named = Question(PODS, pod.namespace, field_selector=f"metadata.name={pod.name}")
    assert keys((await outcome_of(target.connection, named)).objects) <= {(pod.namespace, pod.name)}
    running = Question(PODS, target.namespace, field_selector="status.phase=Running")
    for item in (await outcome_of(target.connection, running)).objects:
        assert msgspec.json.decode(item.raw)["status"]["phase"] == "Running"


@pytest.mark.parametrize(("label", "field"), [("a=b=c", ""), ("", "spec.colour=blue")])
async def test_a_wrong_selector_is_refused_in_words(target: Target, label: str, field: str) -> None:
    wrong = Question(PODS, target.namespace, label_selector=label, field_selector=field)
    outcome = await outcome_of(target.connection, wrong)
    assert outcome.answer is Answer.BROKEN
    assert outcome.failure is not None
    assert (outcome.failure.status, outcome.failure.reason) == (400, "BadRequest")
    assert outcome.failure.message


async def test_one_object_by_name_is_the_one_of_the_list(target: Target) -> None:
    pod = (await target.pods())[0]
    outcome = await outcome_of(target.connection, Question(PODS, pod.namespace, name=pod.name))
    if outcome.answer is Answer.EMPTY:
        target.lacks("pod that stays for two questions")
    assert [o.meta.uid for o in outcome.objects] == [pod.meta.uid]


async def test_what_is_not_there_is_not_a_failure(target: Target) -> None:
    space = target.namespace or "default"
    named = await outcome_of(target.connection, Question(PODS, space, name=NOWHERE))
    assert named.answer is Answer.EMPTY
    if not target.namespace:
        listed = await outcome_of(target.connection, Question(PODS, NOWHERE))
        assert listed.answer is Answer.EMPTY


async def test_a_type_that_is_not_served_is_absent(target: Target) -> None:
    unheard = ResourceType("conformance.callboard.example", "v1", "nothings", "Nothing", True)
    outcome = await outcome_of(target.connection, Question(unheard))
    assert outcome.failure is not None
    if outcome.answer is not Answer.FORBIDDEN:  # an API server checks access first
        assert (outcome.answer, outcome.failure.code) == (Answer.ABSENT, FailureCode.NOT_SERVED)
    with pytest.raises(AnswerRefused) as refused:
        await Discovery().served(target.connection, unheard.group, unheard.version)
    assert refused.value.failure.code is FailureCode.NOT_SERVED


async def test_a_wrong_token_is_told_apart_from_missing_rights(target: Target) -> None:
    wrong = Credential(kind=CredentialKind.BEARER, identity="nobody", token=Secret("not-a-token"))
    outcome = await outcome_of(target.connection.with_credential(wrong), Question(PODS, target.namespace))
    assert outcome.answer is Answer.UNAUTHORIZED
    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.status) == (FailureCode.UNAUTHORIZED, 401)
    assert "not-a-token" not in repr(outcome)


async def test_nobody_at_all_is_refused(target: Target) -> None:
    nobody = Credential(kind=CredentialKind.ANONYMOUS, identity="anonymous")
    outcome = await outcome_of(target.connection.with_credential(nobody), Question(PODS, target.namespace))
    assert outcome.answer in (Answer.UNAUTHORIZED, Answer.FORBIDDEN)


async def test_it_knows_who_we_are(target: Target) -> None:
    found = await who_am_i(target.connection)
    if isinstance(found, Failure):
        assert found.code is FailureCode.NOT_SERVED  # before Kubernetes 1.28
    else:
        assert isinstance(found, WhoAmI)
        assert found.username
        assert "system:authenticated" in found.groups


@pytest.mark.parametrize("resource", [PODS, CONFIG_MAPS, DEPLOYMENTS, NODES], ids=lambda r: r.key)
async def test_what_a_review_allows_a_list_gets(target: Target, resource: ResourceType) -> None:
    namespace = target.namespace if resource.namespaced else ""
    allowed = await may(target.connection, "list", resource, namespace)
    assert isinstance(allowed, Access)
    outcome = await outcome_of(target.connection, Question(resource, namespace))
    assert (outcome.answer is not Answer.FORBIDDEN) == allowed.allowed


async def quiet(target: Target) -> Question:
    """A watch on which nothing is likely to happen: one pod."""
    pod = await target.running_pod()
    return Question(PODS, pod.namespace, field_selector=f"metadata.name={pod.name}")


@pytest.mark.parametrize("streaming", [False, True], ids=["list then watch", "streaming list"])
async def test_a_watch_begins_with_what_is_there(target: Target, streaming: bool) -> None:
    question = Question(PODS, target.namespace)

    async def look() -> tuple[Keys, ...]:
        listed = await names(target)
        async with aclosing(watch(target.connection, question, streaming_lists=streaming)) as changes:
            first = (await until(changes, lambda c: isinstance(c, Reset), 60))[-1]
        assert isinstance(first, Reset)
        assert first.resource_version.isdecimal()
        return listed, keys(first.objects)

    listed, first = await looked(look)
    assert first == listed


async def test_a_watch_that_falls_silent_is_resumed_without_a_new_list(target: Target) -> None:
    # shorter than the simulator's bookmarks come, and the real ones, which come once a minute
    impatient = target.with_limits(watch_silence=0.15)
    async with aclosing(watch(impatient, await quiet(target), streaming_lists=False)) as changes:
        seen: list[Change] = []

        def resumed(change: Change) -> bool:
            seen.append(change)
            return sum(isinstance(c, Bookmark) for c in seen) >= 3

        await until(changes, resumed, 30)
    assert [isinstance(c, Reset) for c in seen].count(True) == 1
    assert isinstance(seen[0], Reset)
    if all(isinstance(c, Bookmark) for c in seen[1:]):
        versions = [int(c.resource_version) for c in seen if isinstance(c, Bookmark)]
        assert versions == sorted(versions)
        assert versions[0] >= int(seen[0].resource_version)


async def test_bookmarks_come(target: Target) -> None:
    """Once a minute, to where nothing happens, so that the version to resume from does not grow old."""
    async with aclosing(watch(target.connection, await quiet(target), streaming_lists=False)) as changes:
        opened = await until(changes, lambda c: isinstance(c, Bookmark), 30)
        came = await until(changes, lambda c: isinstance(c, Bookmark), 100)
    first, last = opened[-1], came[-1]
    assert isinstance(first, Bookmark)
    assert isinstance(last, Bookmark)
    assert int(last.resource_version) >= int(first.resource_version)
    assert not [c for c in came if isinstance(c, Reset)]


async def test_the_end_of_a_log_can_be_read(target: Target) -> None:
    pod = await target.running_pod()
    container = msgspec.json.decode(pod.raw)["spec"]["containers"][0]["name"]
    wanted = LogRequest(
        namespace=pod.namespace, pod=pod.name, container=container, tail_lines=5, timestamps=True
    )
    found = await target.log(wanted)
    if found.failure is not None and found.failure.code is FailureCode.FORBIDDEN:
        target.lacks("log that we may read")
    assert found.failure is None
    assert len(found.lines) <= 5
    assert all(line.text[:4].isdigit() for line in found.lines)


async def test_a_log_that_is_not_there_says_why(target: Target) -> None:
    pod = await target.running_pod()
    failure = (await target.log(LogRequest(namespace=pod.namespace, pod=NOWHERE))).failure
    assert failure is not None
    if failure.code is FailureCode.FORBIDDEN:
        target.lacks("log that we may read")
    assert (failure.status, failure.reason) == (404, "NotFound")
    wrong = LogRequest(namespace=pod.namespace, pod=pod.name, container=NOWHERE)
    failure = (await target.log(wrong)).failure
    assert failure is not None
    assert (failure.status, failure.reason) == (400, "BadRequest")
