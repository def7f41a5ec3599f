"""The touched are judged first, each once, none too soon; and the others get their turn however much is touched."""

import asyncio

from callboard.model.verdict import Health, Verdict
from callboard.portal.health.queue import LATER, TOUCHED, TOUCHED_FIRST, JudgingQueue
from callboard.portal.health.service_state import ServiceState
from support.fake_fleet import entity


def states(number: int) -> list[ServiceState]:
    return [ServiceState(entity(f"service-{n}"), ()) for n in range(number)]


async def test_who_asks_often_has_one_turn_and_the_touched_go_first() -> None:
    revisit_at, (one, two) = JudgingQueue(), states(2)
    for _ in range(3):
        revisit_at.ask(one, LATER)
        revisit_at.ask(two, TOUCHED)
    assert (revisit_at.take(), revisit_at.lane) == (two, TOUCHED)
    assert (revisit_at.take(), revisit_at.lane) == (one, LATER)
    assert revisit_at.take() is None
    revisit_at.ask(one, LATER)
    revisit_at.ask(one, TOUCHED)
    assert [revisit_at.take(), revisit_at.take()] == [one, None]


async def test_nobody_has_a_turn_before_it_is_due() -> None:
    revisit_at, (one,) = JudgingQueue(), states(1)
    one.due = asyncio.get_running_loop().time() + 0.05
    revisit_at.ask(one, TOUCHED)
    assert revisit_at.take() is None
    async with asyncio.timeout(5):
        while (taken := revisit_at.take()) is None:
            await revisit_at.wait()
    assert taken is one
    assert asyncio.get_running_loop().time() >= one.due


async def test_however_much_is_touched_the_others_have_their_part_of_the_time() -> None:
    revisit_at, (busy, other, *rest) = JudgingQueue(), states(40)
    had = {TOUCHED: 0.0, LATER: 0.0}
    for each in (other, *rest):
        revisit_at.ask(each, LATER)
    while had[LATER] < 30:
        revisit_at.ask(busy, TOUCHED)
        taken = revisit_at.take()
        cost, lane = (5.0, TOUCHED) if taken is busy else (1.0, LATER)
        had[lane] += cost
        revisit_at.spent(cost)
    assert TOUCHED_FIRST - 1 <= had[TOUCHED] / had[LATER] <= TOUCHED_FIRST + 1


async def test_what_was_never_judged_has_its_turn_with_the_others_however_often_it_is_touched() -> None:
    revisit_at, (known, new) = JudgingQueue(), states(2)
    known.verdict = Verdict(health=Health.HEALTHY, sentence="Healthy.")
    revisit_at.touched(new)
    revisit_at.touched(known)
    assert [(revisit_at.take(), revisit_at.lane) for _ in range(2)] == [(known, TOUCHED), (new, LATER)]


async def test_a_renewal_comes_once() -> None:
    revisit_at, (one,) = JudgingQueue(), states(1)
    for _ in range(5):
        revisit_at.renew(one, 0.01)
    await asyncio.sleep(0.03)
    assert list(revisit_at.renewals()) == [one]
    assert not list(revisit_at.renewals())
