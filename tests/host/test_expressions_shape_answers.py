"""Expressions of declared routes: what they give, where they are wrong, and that one that takes too much costs itself alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.base.errors import BadInputs, Unavailable
from callboard.host.expressions.pool import ExpressionFailed, ExpressionPool
from support.extended import extended, site_of

POD = {"metadata": {"name": "web-1", "labels": {"app": "web"}}, "status": {"phase": "Running", "n": 2}}


def data(count: int = 3) -> dict[str, Any]:
    return {"parts": [{"cluster": "eu", "objects": [POD] * count}], "path": {"cluster": "eu"}}


@asynccontextmanager
async def pool(**more: Any) -> AsyncIterator[ExpressionPool]:
    made = ExpressionPool(**{"deadline": 60.0, **more})
    async with aclosing(made):
        yield made


async def test_what_an_expression_gives_and_where_it_is_wrong() -> None:
    async with pool() as expressions:
        for expression, value in (
            ("objects.map(o, o.metadata.name)", ["web-1"] * 3),
            ('{"n": size(objects), "in": path.cluster}', {"n": 3, "in": "eu"}),
            ("parts[0].objects[0].status.n + 0.5", None),  # 2 is an integer
            ("objects.all(o, o.status.phase == 'Running')", True),
            ("duration('90s')", 90.0),
            ("null", None),
        ):
            if expression.endswith("0.5"):
                with pytest.raises(ExpressionFailed, match="overload"):
                    await expressions.value(expression, data())
            else:
                assert await expressions.value(expression, data()) == value
        for expression, words in (
            ("objects.map(o, nme)", "1:16: undeclared reference to 'nme'"),
            ("objects.map(o, ", "1:16: Syntax error"),
            ("size(objects) + 'a'", "no matching overload"),
            ("objects.map(o,\n  nme)", "2:3: undeclared reference"),
            ("x" * 5000, "at most 4000 characters"),
        ):
            assert words in await expressions.check(expression)
        assert (
            await expressions.check("objects.map(o, o.no.such)") == ""
        )  # what an object holds, nobody knows before
        with pytest.raises(ExpressionFailed, match="Key not found in map"):
            await expressions.value("objects.map(o, o.metadata.gone)", data())
        with pytest.raises(ExpressionFailed, match="no JSON"):
            await expressions.value("type(1)", data())


async def test_one_that_takes_too_much_costs_itself_alone() -> None:
    iterates = "objects.all(a, objects.all(b, objects.all(c, objects.all(d, true))))"
    grows = "objects.map(a, objects.map(b, objects.map(c, objects)))"
    async with pool() as expressions:
        with pytest.raises(ExpressionFailed, match="Iteration budget exceeded"):
            await expressions.value(iterates, data(100))
        assert await expressions.value("size(objects)", data()) == 3
        with pytest.raises(ExpressionFailed, match="it gives more than 100000 values"):
            await expressions.value(grows, data(20))
        long = "'" + "x" * 3000 + "'"
        doubled = f"[{long}].map(a, a + a + a + a).map(b, b + b + b + b + b + b + b + b + b)[0]"
        assert len(str(await expressions.value(doubled, data()))) == 3000 * 36
        assert await expressions.value("size(objects)", data()) == 3


async def test_one_that_is_late_is_ended_and_left_alone() -> None:
    slow = "objects.all(a, objects.all(b, size(a) > 0 && size(b) > 0))"
    async with pool(deadline=0.0) as expressions:
        with pytest.raises(ExpressionFailed, match="takes longer than"):
            await expressions.value(slow, data())
        with pytest.raises(ExpressionFailed, match="it is tried again in"):
            await expressions.value(slow, data())
        assert expressions._workers == set()  # it was ended


async def test_one_has_one_process_and_leaves_the_other_to_others() -> None:
    async with pool() as expressions:
        values = await asyncio.gather(
            *(expressions.value("size(objects)", data(n)) for n in range(5)),
            *(expressions.value(f"size(objects) + {n}", data(0)) for n in range(5)),
        )
        assert values == [*range(5), *range(5)]
        assert 1 <= len(expressions._workers) <= 2
        many = [expressions.value("size(objects)", data()) for _ in range(40)]
        found = await asyncio.gather(*many, return_exceptions=True)
        busy = [each for each in found if isinstance(each, Unavailable)]
        assert len(busy) == 8
        assert {each for each in found if not isinstance(each, Unavailable)} == {3}


async def test_a_process_sees_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_CANARY", "hidden")
    async with pool() as expressions:
        assert await expressions.value("1", data()) == 1
        (worker,) = expressions._workers
        place = Path(f"/proc/{worker._process.pid}")
        assert b"CALLBOARD_CANARY" not in (place / "environ").read_bytes()
        limits = (place / "limits").read_text()
        assert "Max address space         536870912" in limits
        assert (place / "cwd").readlink() == Path("/")


@given(
    st.text(max_size=40)
    | st.sampled_from(["objects[0]", "path.x", "{1: 2}", "b'a'", "[1u, 2.5, 'a']", "1/0"])
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_a_value_or_an_error(expression: str) -> None:
    _RUNNER.run(_any(expression))


_RUNNER = asyncio.Runner()


async def _any(expression: str) -> None:
    try:
        value = await _POOL.value(expression, data())
    except ExpressionFailed:
        return
    msgspec.json.encode(value)


@pytest.fixture(scope="module", autouse=True)
def _any_pool() -> Any:
    global _POOL
    with _RUNNER:
        _RUNNER.get_loop()
        _POOL = _RUNNER.run(_made())
        yield
        _RUNNER.run(_POOL.aclose())


async def _made() -> ExpressionPool:
    return ExpressionPool(deadline=60.0)


_POOL: ExpressionPool


async def test_a_route_answers_what_its_expression_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = {"path": "/names/{cluster}", "types": ["pods"], "clusters": ["{cluster}"]}
    routes = [
        {**route, "expression": "objects.map(o, o.metadata.name)"},
        {**route, "path": "/wrong/{cluster}", "expression": "objects.map(o, o.metadata.gone)"},
    ]
    async with (
        extended({}, tmp_path, monkeypatch, callboard={"routes": routes}) as app,
        site_of(app, everyone=True) as site,
    ):
        got = json.loads((await site.get("/api/ext/declared/names/eu", {})).text)
        assert got == {
            "complete": True,
            "value": ["web-1"],
            "parts": [
                {"cluster": "eu", "type": "pods", "namespace": "", "answer": "objects", "objects": [], "failure": "",
                 "truncated": False},
            ],
        }  # fmt: skip
        wrong = await site.get("/api/ext/declared/wrong/eu", {})
        assert wrong.status == 503
        assert "Key not found in map" in wrong.text
        page = (await site.get("/admin/extensions", {})).text
        assert (
            "Key not found in map" in page.partition('id="extension-declared"')[2].partition("</section>")[0]
        )
        form = "/admin/extensions/route?path=/a&types=pods&clusters=eu&expression={}&try=/a"
        assert "&#34;value&#34;:1" in (await site.get(form.format("size(objects)"), {})).text
        told = (await site.get(form.format("siz(objects)"), {})).text
        assert "1:4: undeclared reference to &#39;siz&#39;" in told
        assert "Keep it" not in told
    with pytest.raises(BadInputs, match=r"callboard.routes\[0\]: expression: 1:4: undeclared"):
        async with extended(
            {}, tmp_path, monkeypatch, callboard={"routes": [{**route, "expression": "siz(objects)"}]}
        ):
            pass
