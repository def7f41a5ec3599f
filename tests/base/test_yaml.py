"""YAML 1.2 with the line of every value, within bounds, and no text of the document in an error."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from callboard.base.errors import BadInputs
from callboard.base.yaml import Value, YamlLimits, key_text, path_text, read_document, read_documents, resolve

# JSON escapes what lies beyond the basic plane in halves, which libyaml refuses
words = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)


def problems_of(text: str | bytes) -> list[str]:
    return [problem.message for document in read_documents(text, "f.yaml") for problem in document.problems]


def test_words_of_yaml_1_1_are_strings_and_numbers_are_those_of_1_2() -> None:
    text = "[on, no, yes, 2024-01-01, 012, 0o14, 1:30, 0x1F, .inf, ~, null, ]"
    assert read_document(text, "f").value == [
        "on", "no", "yes", "2024-01-01", 12, 12, "1:30", 31, math.inf, None, None,
    ]  # fmt: skip


def test_the_merge_sign_is_a_plain_key() -> None:
    assert read_document("a: &a {x: 1}\nb:\n  <<: *a\n", "f").value == {"a": {"x": 1}, "b": {"<<": {"x": 1}}}


@given(values)
def test_json_is_read_as_json(value: Value) -> None:
    text = json.dumps(value, ensure_ascii=True)
    found = read_document(text, "f").value
    assert found == value
    assert json.dumps(found) == text  # 1 and 1.0 and true are three things


@given(st.text())
@example("\x85")
@example("[" * 200)
@example("%YAML 1.1\n---\n")
@example("&a *a : b")
@example("? [a]: b")
def test_any_text_is_read_or_refused(text: str) -> None:
    for document in read_documents(text, "f"):
        assert document.problems or document.value is not None
        assert all(p.line is not None and 1 <= p.line <= text.count("\n") + 2 for p in document.problems)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_documents(content, "f")


@given(st.text(alphabet="0123456789+-._eExob", min_size=1, max_size=8))
def test_a_plain_scalar_reads_back_from_its_own_spelling(text: str) -> None:
    value = resolve(text)
    if isinstance(value, int | float) and not math.isinf(value):
        assert resolve(key_text(value)) == value


@given(values)
def test_every_line_is_that_of_the_value(value: Value) -> None:
    text = yaml.safe_dump(value, default_flow_style=False)
    document = read_document(text, "f")
    lines = text.splitlines()

    def walk(part: Value, path: tuple[str | int, ...]) -> None:
        line = document.line_of(path)
        assert 1 <= line <= len(lines)
        if isinstance(part, dict):
            for key, item in part.items():
                if key.isascii() and key.isalpha() and path == ():
                    assert key in lines[document.line_of((key,)) - 1]
                walk(item, (*path, key))
        elif isinstance(part, list):
            for i, item in enumerate(part):
                walk(item, (*path, i))

    walk(document.value, ())


def test_the_line_is_that_of_the_key_and_of_the_nearest_known_ancestor() -> None:
    document = read_document("a:\n  b:\n    - x\n    - y:\n        1\nc: &c {d: 1}\ne: *c\n", "f")
    assert [document.line_of(p) for p in [("a",), ("a", "b", 1, "y"), ("a", "zz", 3), ("e", "d"), ("nothing",)]] == [
        1, 4, 1, 7, 1,
    ]  # fmt: skip


def test_a_key_given_twice_is_named_with_both_lines_and_the_other_documents_stand() -> None:
    first, second, third = read_documents("a: 1\n---\nb:\n  c: 1\n  c: 2\n---\nd: 1\n", "f.yaml")
    assert (first.value, third.value) == ({"a": 1}, {"d": 1})
    (problem,) = second.problems
    assert (problem.where, problem.line, problem.path) == ("f.yaml", 5, "b.c")
    assert "first on line 4" in problem.message


def test_empty_documents_are_left_out() -> None:
    assert [d.value for d in read_documents("---\n---\na: 1\n---\n# nothing\n---\n~\n", "f")] == [{"a": 1}]
    assert read_document("", "f").value is None


def test_a_second_document_is_refused_where_one_is_wanted() -> None:
    with pytest.raises(BadInputs) as caught:
        read_document("a: 1\n---\nb: 2\n", "f.yaml")
    assert caught.value.problems[0].line == 3


@pytest.mark.parametrize("levels", [5, 9, 40])
def test_aliases_that_unfold_to_too_much_are_refused(levels: int) -> None:
    text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels)
    )
    assert problems_of(text) == ["the aliases unfold to too much"]


def test_what_aliases_stand_for_is_bounded_to_the_value() -> None:
    text = "a: &a [1, 2]\nb: [*a, *a]\n"
    (document,) = read_documents(text, "f", YamlLimits(unfolded=6))
    assert document.value == {"a": [1, 2], "b": [[1, 2], [1, 2]]}
    (document,) = read_documents(text, "f", YamlLimits(unfolded=5))
    assert document.problems


def test_each_alias_is_a_value_of_its_own() -> None:
    value = read_document("a: &a [1]\nb: *a\n", "f").value
    assert isinstance(value, dict)
    assert value["a"] == value["b"]
    assert value["a"] is not value["b"]


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "? " * 100_000, "- " * 100_000])
def test_deep_nesting_is_refused_at_the_bound_and_nothing_more_is_read(text: str) -> None:
    assert problems_of(text)[-1] == "nested too deep"


def test_depth_up_to_the_bound_is_read() -> None:
    assert problems_of("[" * 100 + "]" * 100) == []
    assert problems_of("[" * 101 + "]" * 101) == ["nested too deep"]


@pytest.mark.parametrize(
    "text",
    [
        "a: *hunter2\n",
        "a: hunter2: b\n",
        'a: "hunter2\n',
        "a: !!int hunter2\n",
        "a: @hunter2",
        "? [hunter2]\n: 1\n",
        "a: &x [hunter2, *x]\n",
    ],
)
def test_a_problem_never_quotes_the_document(text: str) -> None:
    (document,) = read_documents(text, "f")
    assert document.problems
    assert "hunter2" not in repr(document.problems)


def test_text_that_is_not_utf_8_is_refused_with_its_line() -> None:
    (document,) = read_documents(b"a: 1\nb: \xff\n", "f")
    assert document.problems[0].line == 2


def test_keys_are_spelled_as_in_json() -> None:
    assert read_document("{1: a, 0x1F: b, 1.50: c, true: d, null: e, 1e21: f}", "f").value == {
        "1": "a", "31": "b", "1.5": "c", "true": "d", "": "e", "1e+21": "f",
    }  # fmt: skip


def test_a_path_is_spelled_as_people_write_it() -> None:
    path = ("kubernetes", "clusters", 0, "authMetadata", "kubernetes.io/auth-provider", "x\ny")
    assert path_text(path) == 'kubernetes.clusters[0].authMetadata["kubernetes.io/auth-provider"]["x�y"]'


# ---------------------------------------------------------------- what passes libyaml in another form


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('a: "\\ud83d\\ude80"', "🚀"),
        ("a: '\\ud83d\\ude80'", "\\ud83d\\ude80"),
        ("a: |-\n  \\ud83d", "\\ud83d"),
        ('a: "\x0b\x00\x7f\x9f"', "\x0b\x00\x7f\x9f"),
        ("a: x\ue00by\x0bz", "x\ue00by\x0bz"),
        ('a: "\\ue00b\x0b"', "\ue00b\x0b"),
        ('a: "\\uE00B \\uE10b\x0b"', "\ue00b \ue10b\x0b"),
        ("a: " + "".join(map(chr, range(0xE000, 0xF800, 0x100))) + "\x0b", None),
    ],
)
def test_what_libyaml_refuses_is_put_back_where_it_stood(text: str, value: str | None) -> None:
    (document,) = read_documents(text, "f")
    if value is not None:
        assert document.value == {"a": value}
    assert not document.problems


def test_half_a_character_costs_its_document_and_is_told_at_its_line() -> None:
    broken, whole = read_documents('a: 1\nb: ["\\ud83d"]\n---\nc: "\\ud83d\\ude80"\n', "f")
    (problem,) = broken.problems
    assert (problem.line, problem.path, problem.message) == (2, "b[0]", "half of a character")
    assert whole.value == {"c": "🚀"}


def test_lines_and_columns_stay_right_behind_what_was_replaced() -> None:
    (document,) = read_documents('a:\t"\\ud83d\\ude80\x01"\n-\tx: [', "f")
    assert document.problems[0].line == 2


@given(st.text(alphabet="ab-:?#|>\"'\\{}[] \t\n\x00\x0b\x85\u2028\ue000\ue05c\ud83d\ude80ud83e", max_size=60))
def test_any_text_is_read_or_told(text: str) -> None:
    for document in read_documents(text, "f"):
        assert document.value is not None or document.problems


@pytest.mark.parametrize(
    "text",
    [
        "- " * 200_000 + "\t",
        "-" + " " * 400_000 + "\tx",
        "-\t" + " " * 400_000 + ":x",
        "-\tx" + " \t" * 200_000 + ":x",
        "\\" * 400_000 + "ud83d\x01",
        "|\n" * 200_000 + "\t\x01",
        "|" + "\n " * 200_000 + "\t\x01",
        "-\tx\n" * 50_000,
        ("-\t'" + "x" * 100 + "\n") * 2_000,
        "\\ud83d" * 50_000 + "\n",
    ],
    ids=range(10),
)
def test_long_odd_texts_come_to_an_end(text: str) -> None:
    read_documents(text, "f")  # quadratic, it would take hours
