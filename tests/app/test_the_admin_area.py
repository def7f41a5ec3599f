"""Whoever looks after Callboard finds every page of it from each of the others, and is offered what they may see alone."""

from pathlib import Path

from callboard.simulator import Fleet
from callboard.web.pages.admin.frame import SECTIONS
from support.company import as_, company

EVE, AUDITOR, ANNA = "eve platform", "ada auditors", "anna team"


async def test_the_frame_offers_what_somebody_may_see(tmp_path: Path) -> None:
    (tmp_path / "audit.cedar").write_text(
        'permit (principal in Group::"group:default/auditors", action == Action::"callboard.audit.read", resource);'
    )
    policies = {"ready": "open-inside", "files": ["audit.cedar"], "admins": ["group:default/platform"]}
    async with Fleet.start() as fleet, company(tmp_path, fleet, policies) as (_, base):
        for path in ("/admin", *(f"/admin/{s.key}" for s in SECTIONS)):
            page = await as_(base, EVE, path)
            assert page.status == 200, path
            assert all(f'href="/admin/{s.key}"' in page.text for s in SECTIONS), path
            assert page.text.count("aria-current") == 1, path
            assert (await as_(base, ANNA, path)).status == 403, path
        index = await as_(base, AUDITOR, "/admin")
        assert index.status == 200
        assert 'href="/admin/audit"' in index.text
        assert index.text.count('href="/admin/') == 2  # in the row of links, and below
        assert (await as_(base, AUDITOR, "/admin/policies")).status == 403
