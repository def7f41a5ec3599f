"""The example of a service beside, in JavaScript: it takes our tokens and nobody else's, and its data is shown in a tab."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from callboard.model.caller import Caller
from support.checkout import ROOT
from support.extended import ENTITY, extended, site_of

SERVER = ROOT / "examples" / "service-beside" / "server.mjs"
GUIDE = (ROOT / "examples" / "service-beside" / "README.md").read_text(encoding="utf-8")


@asynccontextmanager
async def running(node: Path, callboard: str, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        str(node),
        str(SERVER),
        stdout=asyncio.subprocess.PIPE,
        env={"CALLBOARD": callboard, "PORT": str(port)},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert b"listening" in await process.stdout.readline()
        yield
    finally:
        process.kill()
        await process.communicate()


async def test_it_is_asked_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    services: dict[str, Any] = yaml.safe_load(block)["callboard"]["services"]
    services["costs"]["target"] = f"http://127.0.0.1:{port}"
    async with (
        extended({}, tmp_path, monkeypatch, callboard={"services": services}) as app,
        site_of(app) as site,
        running(node, site.base, port),
    ):
        got = await site.get("/api/ext/costs/of/default/component/web")
        assert got.status == 200, got.text
        assert json.loads(got.text) == {
            "total": 255,
            "currency": "EUR",
            "asked_by": "r",
            "months": [{"month": "may", "eur": 120}, {"month": "june", "eur": 135}],
        }
        tab = (await site.get(f"{ENTITY}/costs")).text
        assert "<td>june</td><td>135</td>" in tab
        other = app.identity_tokens.token("another", Caller.loopback())
        mine = app.identity_tokens.token("costs", Caller.loopback())
        good = mine.reveal()
        async with aiohttp.ClientSession() as http:
            for token, status in (
                (good, 404),  # about no entity
                (other.reveal(), 401),
                (good[:-8] + ("A" * 8 if not good.endswith("A" * 8) else "B" * 8), 401),
                ("", 401),
                ("a.b.c", 401),
            ):
                headers = {"Authorization": f"Bearer {token}"}
                async with http.get(f"http://127.0.0.1:{port}/v1/costs/x", headers=headers) as answer:
                    assert answer.status == status, token[:20]
