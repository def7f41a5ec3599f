"""The last crashes of a service in all its clusters, read through a simulated fleet, for who may read them."""

from pathlib import Path

import pytest

from callboard.model.audit import AuditDeed, AuditFilter
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action, Resource, Ruling
from callboard.simulator import Fleet
from support.portal import application

ME = Caller.loopback()
PAYMENTS = EntityRef.parse("component:default/payments")


async def test_the_same_error_everywhere_is_one_and_reading_it_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Fleet.start("demo", clusters=6) as fleet, application(tmp_path, fleet, "payments") as app:
        view = await app.portal.crashes(PAYMENTS, ME, most=20)
        (group,) = view.groups
        assert len(group.members) == 5
        assert len(group.clusters) == 2
        assert {c.line for c in group.members} == {
            "panic: startup failed: dial tcp 10.96.14.7:5432: connect: connection refused"
        }
        reads = sum(cluster.counters.count("/log") for cluster in fleet)
        few = await app.portal.crashes(PAYMENTS, ME, most=2)
        assert sum(len(g.members) for g in few.groups) + few.older == 5
        assert few.older == 3
        assert sum(cluster.counters.count("/log") for cluster in fleet) == reads, "what ended is read once"
        record = (await app.portal.audit(AuditFilter(deed=AuditDeed.LOG), ME)).events
        assert {c.key.name for c in group.members} == {
            name for event in record for name in event.what.split(" ", 2)[2].split(", ")
        }

        place = group.members[0].key.cluster

        def elsewhere(caller: Caller, action: Action, resource: Resource) -> Ruling:
            return Ruling(action is not Action.LOGS_READ or resource.cluster != place, "logs are for others")

        monkeypatch.setattr(app.portal._permissions, "decide", elsewhere)
        refused = (await app.portal.crashes(PAYMENTS, ME, most=20)).groups
        assert [g.unread for g in refused] == [False, True]
        assert {c.key.cluster for c in refused[1].members} == {place}
        assert all(c.lines == () and "logs are for others" in c.failure for c in refused[1].members)
