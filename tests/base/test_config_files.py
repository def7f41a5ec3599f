"""Config files are found, joined and merged as Backstage's own loader was seen to do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from callboard.base.config.source import ConfigReader
from callboard.base.config.tree import ConfigNode, merge, plain

ENV = {"A": "x", "EMPTY": "", "NUM": "5"}


def read(tmp_path: Path, files: dict[str, str], env: dict[str, str] = ENV) -> tuple[object, ConfigReader]:
    """What the files named c*.yaml come to, merged by name, and the reader that read them."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    reader = ConfigReader(env)
    root: ConfigNode | None = None
    for path in sorted(tmp_path.glob("c*.yaml")):
        node = reader.file(path)
        if node is not None:
            root = node if root is None else merge(root, node)
    return (None if root is None else plain(root)), reader


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${A}", "x"),
        ("p${A}q${NUM}", "pxq5"),
        ("${NUM}", "5"),
        ("${ A }", "x"),
        ("${EMPTY}", ""),
        ("${NOPE}", None),
        ("${}", None),
        ("${NOPE-x}", None),
        ("p${NOPE}", None),
        ("${NOPE:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${A:-}", "x"),
        ("${NOPE:-}", None),
        ("${NOPE:-a:-b}", "a:-b"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A", "$A"),
        ("${A", "${A"),
        ("${NOPE:-${A}}", "${NOPE:-x}"),
    ],
)
def test_a_variable_is_filled_in_or_makes_the_value_absent(
    tmp_path: Path, written: str, meant: str | None
) -> None:
    found, reader = read(tmp_path, {"c.yaml": f"v: '{written}'\nw: 1\n"})
    assert found == ({"w": 1} if meant is None else {"v": meant, "w": 1})
    assert not reader.problems
    assert len(reader.unset) == (meant is None)


@pytest.mark.parametrize(
    ("files", "meant"),
    [
        ({"c.yaml": "a: [1, '${NOPE}', 2]\nb: {c: '${NOPE}'}\n"}, {"a": [1, 2], "b": {}}),
        ({"c.yaml": "${A}: 1\n"}, {"${A}": 1}),
        (
            {"c.yaml": "a: {$env: A}\nb: {$env: NOPE}\nc: {$env: EMPTY}\nd: {$env: '${NOPE:-A}'}\n"},
            {"a": "x", "c": "", "d": "x"},
        ),
        ({"c.yaml": "a: {$file: s.txt}\n", "s.txt": "  hi\n\n"}, {"a": "  hi"}),
        ({"c.yaml": "a: {$file: s.txt}\n", "s.txt": "${A}"}, {"a": "${A}"}),
        (
            {
                "c.yaml": "a: {$include: i.yaml}\nb: {$include: 'i.yaml#x.y'}\nc: {$include: 'i.yaml#z'}\n",
                "i.yaml": "x: {y: 1}",
            },
            {"a": {"x": {"y": 1}}, "b": 1},
        ),
        (
            {"c.yaml": "a: {$include: i.json}\n", "i.json": '{"q": "${A}", "n": null}'},
            {"a": {"q": "x", "n": None}},
        ),
        (
            {
                "c.yaml": "a: {$include: sub/i.yml}\n",
                "sub/i.yml": "q: {$file: f.txt}\nr: {$include: j.yaml}\n",
                "sub/f.txt": "F",
                "sub/j.yaml": "- 1\n- ${A}\n",
            },
            {"a": {"q": "F", "r": [1, "x"]}},
        ),
        ({"c.yaml": "a: {$include: 'i.${A}.yaml'}\n", "i.x.yaml": "1"}, {"a": 1}),
        ({"c.yaml": "$include: i.yaml\n", "i.yaml": "x: 1\n"}, {"x": 1}),
        ({"c.yaml": "a: {$nope: A, $x: 2}\n"}, {"a": {"$nope": "A", "$x": 2}}),
        (
            {
                "c1.yaml": "a: {b: 1, c: [1,2]}\nz: 1\nn: {q: 1}\n",
                "c2.yaml": "a: {b: null, c: [3]}\nz: {y: 1}\nn: null\n",
            },
            {"a": {"b": None, "c": [3]}, "z": {"y": 1}, "n": None},
        ),
        ({"c1.yaml": "a: {b: 1}\n", "c2.yaml": "a: ${NOPE}\n"}, {"a": {"b": 1}}),
        ({"c1.yaml": "a: {b: 1}\n", "c2.yaml": "a: {b: {$env: NOPE}}\n"}, {"a": {"b": 1}}),
        ({"c1.yaml": "a: 1\n", "c2.yaml": "a: {b: {$env: NOPE}}\n"}, {"a": {}}),
        ({"c1.yaml": "a: {$env: A}\n", "c2.yaml": "a: {b: 1}\n"}, {"a": {"b": 1}}),
        ({"c1.yaml": "", "c2.yaml": "a: 1\n"}, {"a": 1}),
        ({"c.yaml": "b: &x {q: 1}\na:\n  <<: *x\n  r: 2\n"}, {"b": {"q": 1}, "a": {"<<": {"q": 1}, "r": 2}}),
    ],
)
def test_files_come_to_what_backstage_makes_of_them(
    tmp_path: Path, files: dict[str, str], meant: object
) -> None:
    found, reader = read(tmp_path, files)
    assert reader.problems == []
    assert found == meant


@pytest.mark.parametrize(
    ("files", "line", "path", "words"),
    [
        ({"c.yaml": "b: 1\na: {$file: nope.txt}\n"}, 2, "a", "no such file"),
        ({"c.yaml": "a: {$include: nope.yaml}\n"}, 1, "a", "no such file"),
        ({"c.yaml": "a: {$include: 'x-${NOPE}.yaml'}\n"}, 1, "a", "'NOPE', which is not set"),
        ({"c.yaml": "a: {$file: '${NOPE}'}\n"}, 1, "a", "'NOPE', which is not set"),
        ({"c.yaml": "a: {$env: 'X_${NOPE}'}\n"}, 1, "a", "'NOPE', which is not set"),
        ({"c.yaml": "a: {$include: 'x-${NOPE:-}.yaml'}\n"}, 1, "a", "'NOPE', which is not set"),
        ({"c.yaml": "a: {$include: i.toml}\n", "i.toml": ""}, 1, "a", "no reader for i.toml"),
        ({"c.yaml": "a: {$env: A, b: 2}\n"}, 1, "a", "$env stands beside other keys"),
        ({"c.yaml": "a: {$env: 5}\n"}, 1, "a", "$env does not name anything"),
        ({"c.yaml": "a: {$file: [x]}\n"}, 1, "a", "$file does not name anything"),
        ({"c.yaml": "a: {$include: c.yaml}\n"}, 1, "a", "leads back to itself"),
        (
            {
                "c.yaml": "a: {$include: i.yaml}\n",
                "i.yaml": "b: {$include: j.yaml}",
                "j.yaml": "{$include: i.yaml}",
            },
            1,
            "a.b",
            "leads back",
        ),
        ({"c.yaml": "a: {$include: 'i.yaml#x.y'}\n", "i.yaml": "x: 1"}, 1, "a", "no mapping"),
        ({"c.yaml": "a: {$include: i.json}\n", "i.json": "{"}, None, "", "not valid JSON"),
        ({"c.yaml": "a: {$include: i.yaml}\n", "i.yaml": "\n\na: [\n"}, 4, "", "flow node"),
        ({"c.yaml": "- 1\n"}, 1, "", "not a config file"),
        ({"c.yaml": "a: 1\n---\nb: 1\n"}, 3, "", "second document"),
        ({"c.yaml": "a: 1\na: 2\n"}, 2, "a", "twice"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, files: dict[str, str], line: int | None, path: str, words: str
) -> None:
    _, reader = read(tmp_path, files)
    (problem,) = reader.problems
    assert (problem.line, problem.path) == (line, path)
    assert words in problem.message


def test_every_file_that_was_read_is_known_afterwards_missing_ones_too(tmp_path: Path) -> None:
    files = {
        "c.yaml": "a: {$file: s.txt}\nb: {$include: i.yaml}\nc: {$file: gone}\n",
        "s.txt": "S",
        "i.yaml": "d: {$file: s.txt}",
    }
    _, reader = read(tmp_path, files)
    sizes = {name: len(text) for name, text in files.items()} | {"gone": -1}
    assert {path.name: each.size for path, each in reader.stamps.items()} == sizes


def test_a_value_knows_its_file_and_line_and_whether_it_may_show(tmp_path: Path) -> None:
    _, reader = read(tmp_path, {"c.yaml": "a: x\nb:\n  $env: A\n", "s.txt": ""})
    node = reader.file(tmp_path / "c.yaml")
    assert node is not None
    assert isinstance(node.value, dict)
    assert [(n.origin.line, n.origin.hidden) for n in node.value.values()] == [(1, False), (2, True)]


def test_variables_of_backstages_own_name_come_on_top() -> None:
    env = {
        "APP_CONFIG_app_title": "From outside",
        "APP_CONFIG_backend_listen": '{"port": 7}',
        "APP_CONFIG_app_baseUrl": '"5"',
        "APP_CONFIG_a": "",
        "OTHER": "1",
    }
    reader = ConfigReader(env)
    node = reader.overrides()
    assert node is not None
    assert plain(node) == {
        "app": {"title": "From outside", "baseUrl": "5"},
        "backend": {"listen": {"port": 7}},
    }
    assert not reader.problems
    reader = ConfigReader({"APP_CONFIG_a": "1", "APP_CONFIG_a_b": "hunter2", "APP_CONFIG_9": "hunter2"})
    reader.overrides()
    assert len(reader.problems) == 2
    assert "hunter2" not in repr(reader.problems)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("null", "a variable cannot be null"),
        (" null ", "a variable cannot be null"),
        ("[" * 60_000, "nested too deep"),
        ("[" * 60_000 + "]" * 60_000, "nested too deep"),
        ('{"a":' * 20_000 + "1" + "}" * 20_000, "nested too deep"),
    ],
)
def test_a_variable_that_gives_no_value_is_told_and_the_files_stand(value: str, told: str) -> None:
    reader = ConfigReader({"APP_CONFIG_app_title": value, "APP_CONFIG_app_baseUrl": "http://localhost"})
    node = reader.overrides()
    assert node is not None
    assert plain(node) == {"app": {"baseUrl": "http://localhost"}}
    assert [(p.message, p.where, p.path) for p in reader.problems] == [
        (told, "environment variable APP_CONFIG_app_title", "app.title")
    ]


@pytest.mark.parametrize("value", ["nul", '"null"', "NaN", '{"a": null}', "1e999", "9" * 6_000])
def test_a_variable_that_is_no_json_or_odd_json_is_a_value(value: str) -> None:
    reader = ConfigReader({"APP_CONFIG_app_title": value})
    assert reader.overrides() is not None
    assert not reader.problems


def test_a_variable_that_is_no_text_is_told_once_and_has_no_value(tmp_path: Path) -> None:
    env = {"APP_CONFIG_app_title": "\udcff", "BYTES": "caf\udce9", "GOOD": "café"}
    (tmp_path / "c.yaml").write_text("a: ${BYTES}\nb: {$env: BYTES}\nc: 'x${BYTES:-y}'\nd: ${GOOD}\n")
    reader = ConfigReader(env)
    node = reader.file(tmp_path / "c.yaml")
    assert node is not None
    assert plain(node) == {"c": "xy", "d": "café"}
    assert reader.overrides() is None
    assert [(p.where, p.expected) for p in reader.problems] == [
        ("environment variable BYTES", "text in UTF-8"),
        ("environment variable APP_CONFIG_app_title", "text in UTF-8"),
    ]
