"""The gate before an API server: so many at once, the others in order, until a deadline."""

import asyncio

import pytest

from callboard.kube.connection.gate import RequestGate


async def test_a_gate_lets_so_many_through_and_the_others_in_order() -> None:
    gate, passed = RequestGate(2), list[int]()
    later = asyncio.get_running_loop().time() + 60

    async def pass_through(number: int) -> None:
        if not gate.enter():
            await gate.wait(later)
        passed.append(number)

    assert gate.enter()
    assert gate.enter()
    assert not gate.enter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(pass_through(number))
        await asyncio.sleep(0)
        for let_out in range(3):
            assert passed == list(range(let_out))
            gate.leave()
            assert not gate.enter(), "the place is whose turn it is"
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert passed == [0, 1, 2]
    assert not gate.enter()


async def test_a_place_given_to_who_gave_up_goes_to_the_next() -> None:
    gate = RequestGate(1)
    later = asyncio.get_running_loop().time() + 60
    assert gate.enter()
    first, second = (asyncio.create_task(gate.wait(later)) for _ in range(2))
    await asyncio.sleep(0)
    gate.leave()
    first.cancel()
    await second
    assert first.cancelled()
    assert not gate.enter()
    gate.leave()
    assert gate.enter()


async def test_a_gate_lets_a_few_through_until_it_is_widened() -> None:
    gate = RequestGate(3, few=1)
    later = asyncio.get_running_loop().time() + 60
    assert gate.enter()
    assert gate.narrow
    waiting = [asyncio.create_task(gate.wait(later)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.widen()
    await asyncio.gather(*waiting[:2])
    gate.widen()
    assert [each.done() for each in waiting] == [True, True, False], "the places are given away once"
    gate.leave()
    await waiting[2]
    assert not RequestGate(2, few=4).narrow


async def test_a_gate_is_waited_for_until_a_deadline() -> None:
    gate = RequestGate(1)
    assert gate.enter()
    with pytest.raises(TimeoutError):
        await gate.wait(asyncio.get_running_loop().time())
    gate.leave()
    assert gate.enter()
    assert not gate.enter()
