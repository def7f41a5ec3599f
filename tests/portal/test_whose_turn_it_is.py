"""The touched are judged first, each once, none too soon; and the others get their turn however much is touched."""

import asyncio

from callboard.model.verdict import Health, Verdict
from callboard.portal.health.queue import LATER, TOUCHED, TOUCHED_FIRST, Turns
from callboard.portal.health.service_state import Standing
from support.fake_fleet import entity


def standings(number: int) -> list[Standing]:
    return [Standing(entity(f"service-{n}"), ()) for n in range(number)]


async def test_who_asks_often_has_one_turn_and_the_touched_go_first() -> None:
    turns, (one, two) = Turns(), standings(2)
    for _ in range(3):
        turns.ask(one, LATER)
        turns.ask(two, TOUCHED)
    assert (turns.take(), turns.lane) == (two, TOUCHED)
    assert (turns.take(), turns.lane) == (one, LATER)
    assert turns.take() is None
    turns.ask(one, LATER)
    turns.ask(one, TOUCHED)
    assert [turns.take(), turns.take()] == [one, None]


async def test_nobody_has_a_turn_before_it_is_due() -> None:
    turns, (one,) = Turns(), standings(1)
    one.due = asyncio.get_running_loop().time() + 0.05
    turns.ask(one, TOUCHED)
    assert turns.take() is None
    async with asyncio.timeout(5):
        while (taken := turns.take()) is None:
            await turns.wait()
    assert taken is one
    assert asyncio.get_running_loop().time() >= one.due


async def test_however_much_is_touched_the_others_have_their_part_of_the_time() -> None:
    turns, (busy, other, *rest) = Turns(), standings(40)
    had = {TOUCHED: 0.0, LATER: 0.0}
    for each in (other, *rest):
        turns.ask(each, LATER)
    while had[LATER] < 30:
        turns.ask(busy, TOUCHED)
        taken = turns.take()
        cost, lane = (5.0, TOUCHED) if taken is busy else (1.0, LATER)
        had[lane] += cost
        turns.spent(cost)
    assert TOUCHED_FIRST - 1 <= had[TOUCHED] / had[LATER] <= TOUCHED_FIRST + 1


async def test_what_was_never_judged_has_its_turn_with_the_others_however_often_it_is_touched() -> None:
    turns, (known, new) = Turns(), standings(2)
    known.verdict = Verdict(health=Health.HEALTHY, sentence="Healthy.")
    turns.touched(new)
    turns.touched(known)
    assert [(turns.take(), turns.lane) for _ in range(2)] == [(known, TOUCHED), (new, LATER)]


async def test_a_renewal_comes_once() -> None:
    turns, (one,) = Turns(), standings(1)
    for _ in range(5):
        turns.renew(one, 0.01)
    await asyncio.sleep(0.03)
    assert list(turns.renewals()) == [one]
    assert not list(turns.renewals())
