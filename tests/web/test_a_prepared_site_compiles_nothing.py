"""Templates are compiled once the site serves, and not when the first reader comes."""

from typing import Any

import aiohttp
import jinja2
import pytest

from callboard.http.site import Site
from support.web_scenes import StubPortal
from support.web_server import listening, site

ENTITY = "/catalog/default/component/dice-roller"


async def test_no_reader_waits_for_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []

    def counted(*args: Any, **more: Any) -> Any:
        compiled.append(args)
        return compile_(*args, **more)

    def prepared(port: int) -> Site:
        made = site(StubPortal(), port)
        made.prepare()
        return made

    compile_ = jinja2.Environment.compile
    monkeypatch.setattr(jinja2.Environment, "compile", counted)
    async with listening(prepared) as base, aiohttp.ClientSession() as http:
        at_first = len(compiled)
        assert at_first > 10
        for path, status in (("/catalog", 200), (ENTITY, 200), (f"{ENTITY}/kubernetes", 200), ("/no", 404)):
            async with http.get(base + path, headers={"Accept": "text/html"}) as answer:
                assert answer.status == status
        assert len(compiled) == at_first
