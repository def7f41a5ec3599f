"""Whoever reads slowly is given the newest there is, and the last of it: an asking that ends meanwhile takes nothing with it."""

from contextlib import aclosing
from pathlib import Path

from callboard.model.caller import Caller
from callboard.simulator import Fleet
from support.portal import application
from support.shared_cluster import DICE


async def test_who_is_still_at_the_first_view_when_the_asking_ends_is_given_the_whole(tmp_path: Path) -> None:
    me = Caller.loopback()
    async with (
        Fleet.start(clusters=2) as fleet,
        application(tmp_path, fleet, "dice-roller") as app,
        aclosing(app.portal.kubernetes(DICE, me)) as slow,
    ):
        first = await anext(slow)
        assert not first.settled
        async with aclosing(app.portal.kubernetes(DICE, me)) as other:
            seen = [view async for view in other]
        assert seen[-1].settled
        rest = [view async for view in slow]
        assert rest
        assert rest[-1].settled
