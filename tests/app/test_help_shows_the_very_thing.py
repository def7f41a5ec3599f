"""For each trouble, help lays out what somebody who helps would look at first, out of a simulated fleet and over real sockets."""

from pathlib import Path

import msgspec
import pytest

from callboard.model.audit import AuditDeed, AuditFilter
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action, Resource, Ruling
from callboard.portal.views import HelpView
from callboard.simulator import Fleet
from support.portal import application

ME = Caller.loopback()
SERVICES = ("search", "checkout", "notifications", "ledger")


def rows(found: HelpView) -> dict[str, tuple[str, bool]]:
    return {row.label: (row.value, row.wrong) for exhibit in found.exhibits for row in exhibit.rows}


def all_but_logs(caller: Caller, action: Action, resource: Resource) -> Ruling:
    return Ruling(allowed=action is not Action.LOGS_READ, by="logs are for others")


async def test_each_trouble_has_what_a_helper_looks_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Fleet.start("demo", clusters=6) as fleet, application(tmp_path, fleet, *SERVICES) as app:
        helped: dict[str, HelpView] = {}
        for service in SERVICES:
            ref = EntityRef.parse(f"component:default/{service}")
            view = await app.portal.kubernetes_settled(ref, ME, within=20)
            for finding in view.verdict.findings:
                helped[finding.code] = await app.portal.help(ref, finding, ME)
                if finding.code == "CB-JOB-FAILED":
                    with monkeypatch.context() as patched:
                        patched.setattr(app.portal._permissions, "decide", all_but_logs)
                        helped["without logs"] = await app.portal.help(ref, finding, ME)
        record = " ".join(
            e.what for e in (await app.portal.audit(AuditFilter(deed=AuditDeed.LOG), ME)).events
        )
    assert {"CB-OOM", "CB-JOB-FAILED"} <= set(record.split())
    assert "CB-SCHEDULE-RESOURCES" not in record, "help that shows no log is no reading of one"
    memory = helped["CB-OOM"]
    assert rows(memory)["It may use at most"] == ("1 GiB", True)
    assert memory.crash is not None
    assert memory.crash.how == "OOMKilled, exit code 137"
    room = rows(helped["CB-SCHEDULE-RESOURCES"])
    assert room["The pod asks for CPU"] == ("64 cores", True)
    assert "Insufficient cpu" in room["The scheduler says"][0]
    probe = helped["CB-PROBE-READINESS"]
    assert rows(probe)["Asks for"] == ("/ready on port http", False)
    assert probe.events is not None
    assert [row.reason for row in probe.events.rows].count("Unhealthy") == 1, "alike ones are one"
    missing = rows(helped["CB-CONFIG-MISSING"])
    assert missing["ConfigMap that is asked for"] == ("notifications-settings", True)
    job = helped["CB-JOB-FAILED"]
    assert job.crash is not None, "the log of a pod that the Job made"
    assert job.crash.line.endswith("ERROR giving up, the schema is left at 0041")
    assert job.crash.lines[job.crash.first].endswith("migration 0042_add_ledger_index failed")
    no_logs = helped["without logs"]
    assert no_logs.exhibits == job.exhibits
    assert no_logs.crash is not None, "that it ended is no log"
    assert (no_logs.crash.line, no_logs.crash.lines) == ("", ())


async def test_what_is_gone_is_said_and_raises_nothing(tmp_path: Path) -> None:
    ref = EntityRef.parse("component:default/payments")
    async with Fleet.start("demo", clusters=3) as fleet, application(tmp_path, fleet, "payments") as app:
        finding = (await app.portal.kubernetes_settled(ref, ME, within=20)).verdict.findings[0]
        place = msgspec.structs.replace(finding.places[0], names=("gone",))
        found = await app.portal.help(ref, msgspec.structs.replace(finding, places=(place,)), ME)
    assert "there is no" in found.gone
    assert found.crash is None
