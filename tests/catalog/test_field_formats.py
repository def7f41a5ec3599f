"""The formats of fields, against the rules written another way, on strings Hypothesis thinks of."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from callboard.base.yaml import Marks, YamlDocument
from callboard.catalog.sources.document import SourceDocument
from callboard.catalog.validation import formats, problems_of

ANY = st.text(alphabet=st.sampled_from("abzAZ019-_.:+#/ \nñ"), max_size=70)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "name",
    "namespace",
    "tags",
    "links",
    "labels",
    "url",
    "owner",
]
ENTITY = st.recursive(
    JSON | st.sampled_from(["backstage.io/v1alpha1", "Component", "Group", "API"]),
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=20,
)


def ascii_alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()


@given(ANY)
@example("a\n")
@example("")
@example("a" * 63)
@example("a" * 64)
def test_names(text: str) -> None:
    expected = (
        1 <= len(text) <= 63
        and all(ascii_alnum(c) or c in "-_." for c in text)
        and ascii_alnum(text[0])
        and ascii_alnum(text[-1])
    )
    assert formats.NAME.accepts(text) is expected
    assert formats.LABEL_VALUE.accepts(text) is (expected or text == "")


@given(ANY)
@example("a--b")
@example("default\n")
def test_namespaces(text: str) -> None:
    parts = re.split("-+", text)
    expected = 1 <= len(text) <= 63 and all(
        part and all(ascii_alnum(c) and not c.isupper() for c in part) for part in parts
    )
    assert formats.NAMESPACE.accepts(text) is expected


@given(ANY)
@example("java-17")
@example("a--b")
def test_tags(text: str) -> None:
    expected = 1 <= len(text) <= 63 and all(
        part and all((ascii_alnum(c) and not c.isupper()) or c in ":+#" for c in part)
        for part in text.split("-")
    )
    assert formats.TAG.accepts(text) is expected


@given(ANY)
@example("backstage.io/v1alpha1")
@example("a/b/c")
@example("A.b/c")
def test_keys_and_api_versions(text: str) -> None:
    *prefix, last = text.split("/")
    domain_ok = not prefix or (
        len(prefix) == 1
        and len(prefix[0]) <= 253
        and all(formats.NAMESPACE.accepts(part) for part in prefix[0].split("."))
    )
    assert formats.LABEL_KEY.accepts(text) is (domain_ok and formats.NAME.accepts(last))
    version_ok = 1 <= len(last) <= 63 and all(ascii_alnum(c) for c in last)
    assert formats.API_VERSION.accepts(text) is (domain_ok and version_ok)


def test_urls_are_what_a_browser_would_take() -> None:
    for good in (
        "https://x.example",
        "HTTP://x/y?z#a",
        "mailto:a@example.org",
        "https:x.example",
        "slack://channel?id=1",
    ):
        assert formats.URL.accepts(good), good
    for bad in (
        "",
        "x.example/path",
        "/path",
        "https://",
        "http://a b/",
        "https://x:99999999/",
        "https://[::1/",
    ):
        assert not formats.URL.accepts(bad), bad


@given(ENTITY)
def test_validation_never_fails_itself_and_places_every_problem(value: object) -> None:
    document = SourceDocument("x.yaml", value, YamlDocument(value, 1, Marks(1)))  # type: ignore[arg-type]  # JSON is a Value
    for problem in problems_of(document):
        assert problem.where == "x.yaml"
        assert problem.line == 1
        assert problem.message
        assert len(problem.found) < 500
