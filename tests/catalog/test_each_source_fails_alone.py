"""Whatever one source, file or entity makes us raise is told at its place, and everything else is read: at start, and while it
runs."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callboard.base.errors import Problem
from callboard.base.settings import ReadingAllow
from callboard.catalog import Catalog, Fetched, HttpFetch, validate_paths
from callboard.catalog.processing import local, reader, reading, stitch, targets, walk
from callboard.catalog.store import store
from callboard.outbound import Outbound
from support.catalog import ME, entity, get, has, opened, settings, write
from support.http_server import Answer, served

FAILURES = [
    RecursionError("canary"),
    OverflowError("canary"),
    MemoryError("canary"),
    UnicodeEncodeError("utf-8", "canary", 0, 1, "canary"),
    KeyError("canary"),
    AssertionError("canary"),
]


def failing(real: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """The real thing, but for what has to do with the file or entity called poor."""

    def step(*args: Any, **kwargs: Any) -> Any:
        if "poor" in repr((args, kwargs)):
            raise error
        return real(*args, **kwargs)

    return step


GROUP = (
    b"{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: a}, spec: {type: b, children: []}}"
)

STEPS: list[tuple[Any, str]] = [
    (reader, "expand"),
    (local, "stamp"),
    (local, "read_file"),
    (local, "parse"),
    (local, "reading_of"),
    (reading, "read_documents"),
    (reading, "placeholder"),
    (reading, "resolve_target"),
    (reading, "problems_of"),
    (reading, "misplaced"),
    (reading, "draft_of"),
    (reading, "substituted"),
    (walk, "allows"),
    (walk, "resolved"),
    (stitch, "_etag"),
    (stitch, "_whole"),
    (store, "_entity_row"),
    (store, "search_rows"),
    (store, "text_words"),
]


def poor_and_good(directory: Path, *, which: str = "poor") -> None:
    write(
        directory / "poor" / "poor.yaml",
        entity("Component", which),
        entity("Location", f"{which}-more", target="./poor-more.yaml"),
        entity("API", f"{which}-api", definition={"$json": "./poor.json"}),
    )
    write(directory / "poor" / "poor-more.yaml", entity("Component", f"{which}-further"))
    write(directory / "poor" / "poor.json", "{}")


async def good(catalog: Catalog, lifecycle: str) -> None:
    for name in ("one", "two"):
        assert (await get(catalog, f"component:{name}")).spec_text("lifecycle") == lifecycle


@pytest.mark.parametrize(
    ("module", "name", "error"),
    [(module, name, FAILURES[n % len(FAILURES)]) for n, (module, name) in enumerate(STEPS)],
    ids=[name for _, name in STEPS],
)
async def test_a_step_that_raises_costs_what_it_was_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, error: Exception
) -> None:
    poor_and_good(tmp_path)
    write(tmp_path / "one.yaml", entity("Component", "one"))
    write(tmp_path / "two.yaml", entity("Component", "two"))
    configured = settings("one.yaml", "poor/poor.yaml", "two.yaml")
    with monkeypatch.context() as patch:
        patch.setattr(module, name, failing(getattr(module, name), error))
        async with opened(tmp_path, configured) as catalog:  # at start
            await catalog.refresh()
            await good(catalog, "production")
            told(await catalog.problems(ME))
    async with opened(tmp_path, configured) as catalog:  # while it runs
        await catalog.refresh()
        assert await catalog.problems(ME) == ()
        poor_and_good(tmp_path)
        write(tmp_path / "poor" / "poor.yaml", entity("Component", "poor", lifecycle="poor"))
        for each in ("one", "two"):
            write(tmp_path / f"{each}.yaml", entity("Component", each, lifecycle="later"))
        with monkeypatch.context() as patch:
            patch.setattr(module, name, failing(getattr(module, name), error))
            await catalog.refresh()
            await good(catalog, "later")
        write(tmp_path / "poor" / "poor.yaml", entity("Component", "poor", lifecycle="mended"))
        await catalog.refresh()
        assert await catalog.problems(ME) == ()
        assert (await get(catalog, "component:poor")).spec_text("lifecycle") == "mended"


@pytest.mark.parametrize("name", ["placeholder", "problems_of", "misplaced", "draft_of", "substituted"])
async def test_a_document_that_raises_costs_no_other_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = getattr(reading, name)

    def step(subject: Any, *rest: Any) -> Any:
        value = getattr(subject, "value", subject)
        if value["metadata"]["name"] == "poor":
            raise RecursionError("canary")
        return real(subject, *rest)

    (tmp_path / "other").write_text("text")
    write(
        tmp_path / "a.yaml",
        entity("Component", "before"),
        entity("API", "poor", definition={"$text": "./other"}),
        entity("Component", "after"),
    )
    monkeypatch.setattr(reading, name, step)
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:before")
        assert await has(catalog, "component:after")
        (problem,) = await catalog.problems(ME)
        assert (problem.line, problem.message) == (4, "is nested too deep")


def told(problems: tuple[Problem, ...]) -> None:
    assert problems
    for problem in problems:
        assert "poor" in problem.where
        assert "canary" not in str(problem)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_a_fetch_that_raises_costs_its_address(tmp_path: Path, error: Exception) -> None:
    async def fetch(url: str, etag: str = "") -> Fetched:
        if "poor" in url:
            raise error
        return Fetched(
            body=b"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: a}\nspec: {type: b, children: []}\n"
        )

    targets = ("https://x.example/poor.yaml", "https://x.example/good.yaml")
    async with opened(tmp_path, settings(*targets), fetch=fetch) as catalog:
        for _ in range(2):
            await catalog.refresh(force=True)
            assert await has(catalog, "group:a")
            told(await catalog.problems(ME))


DEEP = 100_000


@pytest.mark.parametrize(
    ("form", "content", "words"),
    [
        ("$json", b"[" * DEEP + b"]" * DEEP, "nested too deep"),
        ("$json", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested too deep"),
        ("$json", b"[" * 200 + b"]" * 200, "nested too deep"),
        ("$json", b"[" * DEEP, ""),
        ("$json", b'["\\ud800"]', "half of a character"),
        ("$json", b'"\\udc00\\ud800"', "half of a character"),
        ("$json", b"[1e999]", "number"),
        ("$json", b"[NaN]", "number"),
        ("$json", b"[" + b"9" * 6000 + b"]", "JSON"),
        ("$json", b"\xff\xfe{}", "UTF-8"),
        ("$json", b"", "JSON"),
        ("$yaml", b"[" * DEEP + b"]" * DEEP, "nested too deep"),
        ("$yaml", b"a: &a [x]\nb: &b [*a,*a,*a,*a]\n" + b"c: [*b,*b,*b,*b,*b]\n", ""),
        ("$yaml", b"a: .nan", "number"),
        ("$yaml", b"- " * DEEP, "nested too deep"),
        ("$yaml", b"\xff", "UTF-8"),
        ("$text", b"\xff\xfe", "UTF-8"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
async def test_a_definition_that_will_not_do_costs_its_api(
    tmp_path: Path, form: str, content: bytes, words: str
) -> None:
    (tmp_path / "other").write_bytes(content)
    file = write(
        tmp_path / "a.yaml", entity("API", "poor", definition={form: "./other"}), entity("Component", "good")
    )
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:good")
        for problem in await catalog.problems(ME):
            assert (problem.where, problem.line, problem.path) == (str(file), 2, "spec.definition")
            assert words in problem.message
    assert len(validate_paths([str(file)]).problems) <= 1


HEAD = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: poor"
SPEC = "spec: {type: a, lifecycle: b, owner: c"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "}\n" + SPEC + ", n: " + "9" * 400 + "}\n",
        HEAD + "}\n" + SPEC + ", n: " + "9" * 5000 + "}\n",
        HEAD + "}\n" + SPEC + ", n: 123456789012345678901234567890}\n",
        HEAD + "}\n" + SPEC + ", n: 0x" + "f" * 5000 + "}\n",
        HEAD + "}\n" + SPEC + ", n: 1e999, m: .nan, o: -.inf}\n",
        HEAD + "}\n" + SPEC + ", n: " + "[" * 99 + "]" * 99 + "}\n",
        HEAD + "}\n" + SPEC + ", n: " + "{a: " * 5000 + "}" * 5000 + "}\n",
        HEAD + "}\n" + SPEC + ", n: " + "[" * DEEP + "]" * DEEP + "}\n",
        HEAD + ', title: "\\0"}\n' + SPEC + "}\n",
        HEAD + ', title: "\\ud800"}\n' + SPEC + "}\n",
        HEAD + ', annotations: {a: "\\ud800\\ud800"}}\n' + SPEC + "}\n",
        HEAD + ", labels: {" + ", ".join(f"k{n}: v" for n in range(2_000)) + "}}\n" + SPEC + "}\n",
        HEAD.replace("Component", "Location") + '}\nspec: {target: "a\\0b.yaml"}\n',
        HEAD.replace("Component", "Location") + '}\nspec: {target: "a\\0b*.yaml"}\n',
        HEAD.replace("Component", "Location") + "}\nspec: {target: '" + "x" * 100_000 + "'}\n",
        HEAD.replace("Component", "Location") + "}\nspec: {target: 'a[b*]/**/[z-a]'}\n",
        HEAD.replace("Component", "Location") + "}\nspec: {type: url, target: 'http://['}\n",
        HEAD.replace("Component", "Location") + "}\nspec: {type: url, target: 'http://a:99999999/'}\n",
        HEAD.replace("Component", "Location") + '}\nspec: {type: url, target: "http://\\ud83d/"}\n',
    ],
    ids=range(19),
)
async def test_an_odd_entity_costs_itself_at_most(tmp_path: Path, text: str) -> None:
    write(tmp_path / "poor.yaml", text)
    write(tmp_path / "good.yaml", entity("Component", "good"))
    async with opened(tmp_path, settings("poor.yaml", "good.yaml")) as catalog:
        for _ in range(2):
            await catalog.refresh(force=True)
            assert await has(catalog, "component:good")
            for problem in await catalog.problems(ME):
                assert "poor" in problem.where or problem.where == "http://a:99999999/"
                assert "made Callboard fail" not in str(problem)
    validate_paths([str(tmp_path / "poor.yaml")])


async def test_problems_without_end_are_told_by_their_number(tmp_path: Path) -> None:
    write(tmp_path / "poor.yaml", "---\n{a: b}\n" * 3000)
    async with opened(tmp_path, settings("poor.yaml")) as catalog:
        await catalog.refresh()
        problems = await catalog.problems(ME)
    assert len(problems) == 1000
    assert "further problems" in problems[-1].message


async def test_a_file_that_cannot_even_be_looked_at_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "poor.yaml", entity("Component", "poor"))
    write(tmp_path / "good.yaml", entity("Component", "good"))
    monkeypatch.setattr(os, "open", failing(os.open, OSError(5, "Input/output error")))
    async with opened(tmp_path, settings("poor.yaml", "good.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:good")
        (problem,) = await catalog.problems(ME)
        assert problem.message == "cannot be read: Input/output error"


async def test_addresses_without_end_hold_up_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()

    async def fetch(url: str, etag: str = "") -> Fetched:
        if "silent" in url:
            started.set()
            await asyncio.Event().wait()
        return Fetched(body=GROUP)

    silent = [f"https://silent.example/{number}" for number in range(30)]
    write(
        tmp_path / "poor.yaml",
        *[entity("API", f"a{n}", definition={"$text": url}) for n, url in enumerate(silent)],
        entity("Location", "all", type="url", targets=silent),
    )
    write(tmp_path / "good.yaml", entity("Component", "good"))
    monkeypatch.setattr(reader, "ROUND", 0.2)
    configured = settings("poor.yaml", "good.yaml", "https://x.example/good.yaml")
    async with opened(tmp_path, configured, fetch=fetch) as catalog:
        await catalog.refresh()
        assert started.is_set()
        assert await has(catalog, "component:good")
        assert await has(catalog, "group:a")
        assert any("not read in time" in p.message for p in await catalog.problems(ME))


async def test_what_one_file_names_is_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def fetch(url: str, etag: str = "") -> Fetched:
        asked.append(url)
        return Fetched(body=b"x" * 100)

    write(
        tmp_path / "many.yaml",
        *[entity("API", f"a{n}", definition={"$text": f"https://x.example/{n}"}) for n in range(210)],
    )
    write(
        tmp_path / "large.yaml",
        *[entity("API", f"l{n}", definition={"$text": f"./{n}.txt"}) for n in range(5)],
        *[entity("API", f"r{n}", definition={"$text": f"https://x.example/r{n}"}) for n in range(5)],
    )
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("x" * 100)
    async with opened(tmp_path, settings("many.yaml"), fetch=fetch) as catalog:
        await catalog.refresh()
        assert len(asked) == 200
        assert len(await catalog.problems(ME)) == 10
    monkeypatch.setattr(targets, "MOST_BYTES", 300)
    async with opened(tmp_path, settings("large.yaml"), fetch=fetch) as catalog:
        await catalog.refresh()
        assert [p.message.partition(": ")[2] for p in await catalog.problems(ME)] == [
            "is too much beside the other definitions of its file"
        ] * 4


async def test_a_hostile_address_costs_itself(tmp_path: Path) -> None:
    with served() as server:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
        server.answers["/poor1"] = Answer(raw=chunked)
        server.answers["/poor2"] = Answer(
            raw=b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"
        )
        server.answers["/good"] = Answer(body=GROUP)
        async with Outbound(environment={}) as way:
            fetch = HttpFetch(
                way, [ReadingAllow(host=f"127.0.0.1:{server.port}")], deadline=20, max_bytes=10_000
            )
            urls = [server.url(path) for path in ("/poor1", "/good", "/poor2")]
            async with opened(tmp_path, settings(*urls), fetch=fetch) as catalog:
                await catalog.refresh()
                assert await has(catalog, "group:a")
                told(await catalog.problems(ME))
                assert len(await catalog.problems(ME)) == 2
