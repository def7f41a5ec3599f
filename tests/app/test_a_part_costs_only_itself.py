"""Each kind of part is driven through each kind of trouble: what it is there for is lost, is told, and nothing else is.

`docs/parts.md` has what comes of it as a table. `CALLBOARD_WRITE_PARTS=1` writes it anew.
"""

import asyncio
import os
import time
from pathlib import Path

import pytest

from callboard.model.verdict import Health
from callboard.portal.protocol import ServicesQuery
from support.checkout import ROOT
from support.fake_fleet import CALLER
from support.troubled_parts import KINDS, SCALE, TROUBLES, lost, seen, troubled

TABLE = ROOT / "docs" / "parts.md"


def row_of(kind: str) -> str:
    """As it stands in the table."""
    return next((x for x in TABLE.read_text().splitlines() if x.startswith(f"| {kind} |")), "")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_it_is_there_for_is_lost_and_told_and_nothing_else(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = []
    for trouble in TROUBLES:
        with monkeypatch.context() as scaled:
            async with troubled(kind, trouble, tmp_path, scaled) as (_, app):
                found = await seen(app)
        assert found.listed == 200
        assert found.overview == 200
        assert found.could_not_tell or found.health == Health.HEALTHY
        if found.clusters and kind not in ("fetcher", "objects provider"):
            assert found.clusters["ours"].startswith("answered"), "a cluster that has nothing to do with it"
        cells.append(lost(found))
    row = f"| {kind} | {' | '.join(cells)} |"
    if os.environ.get("CALLBOARD_WRITE_PARTS"):
        TABLE.write_text(TABLE.read_text().replace(row_of(kind) or "\n<!-- end -->", row))
    assert row_of(kind) == row


async def test_a_source_of_clusters_that_fails_leaves_those_it_gave_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.fleet.suppliers.lasting.AGAIN", 0.05)
    for trouble in TROUBLES[:3]:
        with monkeypatch.context() as scaled:
            async with troubled("cluster supplier", trouble, tmp_path, scaled) as (parts, app):
                ref = (await app.portal.services(ServicesQuery(), CALLER)).rows[0].ref
                parts.well = True
                await asyncio.sleep(0.1)
                for wanted in (False, True, False):
                    supplied = await app.operations.clusters(CALLER)
                    async with asyncio.timeout(10):
                        while any(n.gap for n in supplied.notices) is not wanted:
                            await asyncio.sleep(0.05)
                            supplied = await app.operations.clusters(CALLER)
                    assert [c.name for c in supplied.clusters] == ["ours", "theirs"]
                    assert any(n.gap for n in supplied.notices) is wanted
                    if wanted:
                        (notice,) = supplied.notices
                        assert "are those known at" in notice.message
                    parts.well = wanted
                view = await app.portal.kubernetes_settled(ref, CALLER, within=10)
                assert len(view.clusters) == 2


@pytest.mark.parametrize("kind", ["cluster supplier", "service locator", "auth strategy", "objects provider"])
async def test_who_leaves_is_not_kept_by_a_part_that_does_not_end(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with troubled(kind, "hangs", tmp_path, monkeypatch) as (_, app):
        ref = (await app.portal.services(ServicesQuery(), CALLER)).rows[0].ref
        looking = asyncio.create_task(app.portal.kubernetes_settled(ref, CALLER, within=3600))
        await asyncio.sleep(SCALE)
        began = time.monotonic()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        assert time.monotonic() - began < 2, "it was waited for"
