"""Another engine may take away what the policies allow; what it does not answer nobody may."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest

from callboard.access.policies import another as module
from callboard.access.policies.another import BATCH, AnotherEngine
from callboard.access.policies.engine import ObjectPlace, PolicyEngine
from callboard.base.errors import BadInput, NotAllowed
from callboard.base.giving_way import giving_way
from callboard.extend import AccessAnswer, AccessAnswers, AccessQuestion
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action, Resource, ResourceKind, Ruling
from support.leaping import Leaping
from support.policies import CLUSTERS, COMPANY, engine, person, policies, ready

Answering = Callable[[Sequence[AccessQuestion]], Awaitable[object]]
YES = AccessAnswer(True, "it is fine")
ALL = "permit (principal, action, resource);"
SHOP = EntityRef("component", "default", "shop")
PORTAL = Resource(kind=ResourceKind.PORTAL)


class Elsewhere:
    """Answers by a function, and remembers what it was asked."""

    def __init__(self, answering: Answering, ignores: frozenset[str] = frozenset()) -> None:
        self.answering = answering
        self.ignores = ignores
        self.batches: list[Sequence[AccessQuestion]] = []
        self.at_once = self.most = 0
        self.crowded = asyncio.Event()

    async def decide(self, questions: Sequence[AccessQuestion]) -> AccessAnswers:
        self.batches.append(questions)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.at_once == module.AT_ONCE:
            self.crowded.set()
        try:
            return await self.answering(questions)  # type: ignore[return-value]
        finally:
            self.at_once -= 1


def leaping(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(work)


def saying(rule: Callable[[AccessQuestion], AccessAnswer | None], lifetime: float = 30.0) -> Answering:
    async def answering(questions: Sequence[AccessQuestion]) -> AccessAnswers:
        return AccessAnswers(tuple(map(rule, questions)), lifetime)

    return answering


async def begun(elsewhere: Elsewhere, text: str = ALL) -> PolicyEngine:
    found = engine(policies(text))
    asked = AnotherEngine("opa", elsewhere, "mine")
    await asked.start()
    found.use_another(asked)
    return found


async def ruled(found: PolicyEngine, who: Caller, action: Action, about: Resource) -> Ruling:
    return await found.answered(lambda: found.decide(who, action, about))


def logs(name: str = "shop", cluster: str = "eu", namespace: str = "prod") -> Resource:
    ref = EntityRef("component", "default", name)
    return Resource(kind=ResourceKind.OBJECTS, entity=ref, cluster=cluster, namespace=namespace, type="pods")


async def test_it_takes_away_what_policies_allow_and_gives_nothing() -> None:
    elsewhere = Elsewhere(saying(lambda q: AccessAnswer(q.namespace == "prod", f"of {q.namespace}")))
    found = await begun(
        elsewhere,
        ALL
        + 'forbid (principal, action == Action::"kubernetes.logs.read", resource) when { resource.type == "website" };',
    )
    anna = person("anna")
    yes = await ruled(found, anna, Action.LOGS_READ, logs())
    assert yes.allowed
    assert yes.by.endswith("allows it, and the engine 'opa' of the extension 'mine' allows it: of prod")
    assert yes.policies == ("policy 1 (a.cedar:1)", "the engine 'opa' of the extension 'mine'")
    no = await ruled(found, anna, Action.LOGS_READ, logs(namespace="dev"))
    assert (no.allowed, no.errors) == (False, ())
    assert no.by == "the engine 'opa' of the extension 'mine' forbids it: of dev"
    asked = len(elsewhere.batches)
    assert not (await ruled(found, anna, Action.LOGS_READ, logs("books"))).allowed
    assert len(elsewhere.batches) == asked, "what policies forbid it is not asked about"
    (question,) = elsewhere.batches[0]
    assert question == AccessQuestion(
        action=Action.LOGS_READ, subject="user:default/anna",
        groups=COMPANY.groups_of("user:default/anna"), entity="component:default/shop", kind="component", type="service",
        owners=frozenset({"group:default/web"}), tags=frozenset({"public"}), labels=(("tier", "1"),), cluster="eu",
        cluster_labels=(("environment", "production"), ("region", "eu")), namespace="prod", resource="pods",
    )  # fmt: skip
    here = await ruled(found, Caller.loopback(), Action.AUDIT_READ, PORTAL)
    assert here.allowed, "the person at the machine is decided for by no policy, and by no engine"


async def _raises(questions: Sequence[AccessQuestion]) -> object:
    raise SystemExit("password=hunter2")


async def _hangs(questions: Sequence[AccessQuestion]) -> object:
    await asyncio.sleep(3600)
    return True


async def _lies(questions: Sequence[AccessQuestion]) -> object:
    return AccessAnswers(tuple(True for _ in questions))  # type: ignore[misc]


async def _too_few(questions: Sequence[AccessQuestion]) -> object:
    return AccessAnswers(())


async def _forever(questions: Sequence[AccessQuestion]) -> object:
    return AccessAnswers(tuple(YES for _ in questions), lifetime=float("nan"))


async def _true(questions: Sequence[AccessQuestion]) -> object:
    return True


BROKEN: dict[str, tuple[Answering, str]] = {
    "raises": (_raises, "failed unexpectedly (SystemExit)"),
    "lies": (_lies, "gave something else than it should"),
    "answers too few": (_too_few, "0 answers to 1 questions"),
    "no lifetime": (_forever, "a lifetime that is no number of seconds"),
    "true": (_true, "gave something else than it should"),
    "answers nothing": (saying(lambda q: None), "it gave no answer to this"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_what_it_does_not_answer_nobody_may_and_it_is_said(how: str) -> None:
    answering, told = BROKEN[how]
    found = await begun(Elsewhere(answering))
    ruling = await ruled(found, person("anna"), Action.LOGS_READ, logs())
    assert not ruling.allowed
    assert "the engine 'opa' of the extension 'mine' does not say that it is allowed" in ruling.by
    assert told in ruling.by
    assert ruling.errors == (ruling.by,)
    assert ruling.by in found.errors
    assert "hunter2" not in ruling.by
    with pytest.raises(NotAllowed, match="does not say that it is allowed"):
        await found.answered(lambda: refused(found))


def refused(found: PolicyEngine) -> None:
    ruling = found.decide(person("anna"), Action.LOGS_READ, logs())
    if not ruling.allowed:
        raise NotAllowed(ruling.by)


async def _at_its_deadline() -> None:
    elsewhere = Elsewhere(_hangs)
    found = await begun(elsewhere)
    ruling = await ruled(found, person("anna"), Action.LOGS_READ, logs())
    assert not ruling.allowed
    assert "did not decide within 5 seconds" in ruling.by
    # those that hang do not pile up: after three in a row nobody waits for it in vain
    for number in range(2):
        await ruled(found, person("anna"), Action.LOGS_READ, logs(namespace=f"n{number}"))
    paused = await ruled(found, person("anna"), Action.LOGS_READ, logs(namespace="n9"))
    assert "it is asked again in" in paused.by
    assert len(elsewhere.batches) == 3


def test_one_that_hangs_is_given_up() -> None:
    leaping(_at_its_deadline())


async def test_what_is_answered_partly_stands() -> None:
    found = await begun(Elsewhere(saying(lambda q: YES if q.namespace == "prod" else None)))

    def both() -> tuple[bool, bool]:
        place = ObjectPlace(CLUSTERS["eu"], "prod", "pods"), ObjectPlace(CLUSTERS["eu"], "dev", "pods")
        shop = COMPANY.facts(SHOP)
        assert shop is not None
        first, second = (found.on_objects(person("anna"), Action.LOGS_READ, shop, p).allowed for p in place)
        return first, second

    assert await found.answered(both) == (True, False)


async def _held() -> None:
    allowed = True
    elsewhere = Elsewhere(lambda q: saying(lambda _: AccessAnswer(allowed), lifetime=20.0)(q))
    found = await begun(elsewhere)
    anna, version = person("anna"), found.version
    for _ in range(3):
        assert (await ruled(found, anna, Action.AUDIT_READ, PORTAL)).allowed
    assert len(elsewhere.batches) == 1, "kept for as long as it says"
    allowed = False
    await asyncio.sleep(16)  # past three quarters of its life: it is asked again, and meanwhile holds
    assert found.decide(anna, Action.AUDIT_READ, PORTAL).allowed
    await found.another_answered()
    assert not found.decide(anna, Action.AUDIT_READ, PORTAL).allowed
    assert found.version > version, "whatever was made of the answer before is made anew"
    allowed = True
    await asyncio.sleep(21)
    ruling = found.decide(anna, Action.AUDIT_READ, PORTAL)
    assert (ruling.allowed, ruling.awaited) == (False, True), "what has run out is not used"
    elsewhere.answering = _raises
    await found.another_answered()
    assert not found.decide(anna, Action.AUDIT_READ, PORTAL).allowed
    elsewhere.answering = saying(lambda q: YES)
    await asyncio.sleep(6)
    assert (await ruled(found, anna, Action.AUDIT_READ, PORTAL)).allowed, "asked again after some seconds"


def test_an_answer_holds_as_long_as_it_says() -> None:
    leaping(_held())


async def _overtaken() -> None:
    elsewhere = Elsewhere(saying(lambda q: YES, lifetime=20.0))
    found = await begun(elsewhere)
    assert (await ruled(found, person("anna"), Action.AUDIT_READ, PORTAL)).allowed
    elsewhere.answering = _raises
    await asyncio.sleep(16)
    for _ in range(10):
        assert found.decide(person("anna"), Action.AUDIT_READ, PORTAL).allowed
        await found.another_answered()
    assert len(elsewhere.batches) == 2, "a renewal that fails is not tried at each look"
    await asyncio.sleep(5)
    assert not (await ruled(found, person("anna"), Action.AUDIT_READ, PORTAL)).allowed


def test_an_answer_holds_while_it_cannot_be_renewed_and_no_longer() -> None:
    leaping(_overtaken())


async def test_questions_come_in_batches_of_different_ones() -> None:
    elsewhere = Elsewhere(saying(lambda q: AccessAnswer(q.entity.endswith("shop"))))
    found = await begun(elsewhere)
    for who in (person("anna"), person("anna")):
        assert (await giving_way(found.allowed(who))).awaited == (not elsewhere.batches)
        await found.another_answered()
        read = await giving_way(found.allowed(who))
        assert (read.refs, read.awaited) == (frozenset({SHOP}), False)
    questions = [question for batch in elsewhere.batches for question in batch]
    assert len(questions) == len(set(questions)) == len(tuple(COMPANY.all()))

    hold = asyncio.Event()

    async def when_told(questions: Sequence[AccessQuestion]) -> AccessAnswers:
        await hold.wait()
        return AccessAnswers(tuple(YES for _ in questions))

    elsewhere.answering, elsewhere.batches, elsewhere.most = when_told, [], 0
    for number in range(10 * BATCH):
        assert found.decide(person("anna"), Action.LOGS_READ, logs(namespace=f"n{number}")).awaited
        assert found.decide(person("anna"), Action.LOGS_READ, logs(namespace=f"n{number}")).awaited
    async with asyncio.timeout(20):
        await elsewhere.crowded.wait()
    hold.set()
    await found.another_answered()
    assert [len(batch) for batch in elsewhere.batches] == [BATCH] * 10
    assert elsewhere.most == module.AT_ONCE


async def test_there_is_an_end_to_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    found = await begun(Elsewhere(saying(lambda q: YES)))
    told = [found.decide(person("anna"), Action.LOGS_READ, logs(namespace=f"n{n}")) for n in range(3)]
    assert [r.awaited for r in told] == [True, True, False]
    assert "too many questions" in told[2].by
    await found.another_answered()
    assert (await ruled(found, person("anna"), Action.LOGS_READ, logs(namespace="n2"))).allowed


async def test_what_it_ignores_makes_no_two_questions_different() -> None:
    placeless = {"cluster", "cluster_labels", "namespace", "resource"}
    elsewhere = Elsewhere(saying(lambda q: YES), frozenset({"subject", "entity", *placeless}))
    found = await begun(elsewhere)
    for who in (person("x", "money"), person("y", "money")):
        assert (await ruled(found, who, Action.LOGS_READ, logs())).allowed
    (first, *_), *more = elsewhere.batches
    assert (first.subject, first.entity, first.cluster, more != []) == ("", "", "", True)
    assert not found.uses(Action.LOGS_READ).place
    assert (await begun(Elsewhere(saying(lambda q: YES)))).uses(Action.LOGS_READ).place
    for wrong in (frozenset({"colour"}), frozenset({"action"})):
        with pytest.raises(BadInput, match="ignores what no question holds"):
            AnotherEngine("opa", Elsewhere(_true, wrong), "")


async def test_it_is_asked_no_more_once_it_is_not_in_force() -> None:
    elsewhere = Elsewhere(saying(lambda q: YES))
    found = engine(ready("open-inside"))
    asked = AnotherEngine("opa", elsewhere, "mine")
    await asked.start()
    found.use_another(asked)
    version = found.version
    await asked.close()
    ruling = found.decide(person("anna"), Action.LOGS_READ, logs())
    assert (ruling.allowed, ruling.awaited) == (False, False)
    found.use_another(None)
    assert found.version > version
    assert found.decide(person("anna"), Action.LOGS_READ, logs()).allowed
    assert elsewhere.batches == []
