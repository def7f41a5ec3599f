"""The selectors Callboard sends are read by the simulator as Callboard means them, and both refuse the same texts."""

from hypothesis import example, given
from hypothesis import strategies as st

from callboard.base.errors import UsageError
from callboard.model.selector import LabelSelector
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.selectors import match_labels, parse_labels

KEYS = st.sampled_from(["app", "tier", "example.com/name", "n", "in", "notin"])
VALUES = st.sampled_from(["", "a", "b", "1", "2", "10", "v1.2_x", "in", "notin"])
LABELS = st.dictionaries(KEYS, VALUES, max_size=4)
SPACES = st.sampled_from(["", " "])


@st.composite
def terms(draw: st.DrawFn) -> str:
    key, value, gap = draw(KEYS), draw(VALUES), draw(SPACES)
    several = ",".join(draw(st.lists(VALUES, min_size=1, max_size=3)))
    forms = [
        key,
        f"!{gap}{key}",
        f"{key}{gap}={gap}{value}",
        f"{key}{gap}=={gap}{value}",
        f"{key}{gap}!={gap}{value}",
        f"{key} in {gap}({several})",
        f"{key} notin{gap} ({several})",
        f"{key}{gap}>{gap}{draw(st.integers(0, 12))}",
        f"{key}{gap}<{gap}{draw(st.integers(0, 12))}",
    ]
    return draw(st.sampled_from(forms))


SELECTORS = st.lists(terms(), max_size=4).map(",".join)


@given(SELECTORS, LABELS)
@example("app=,tier", {"app": "", "tier": "a"})
@example("app in (,)", {"app": ""})
def test_both_choose_the_same_objects(text: str, labels: dict[str, str]) -> None:
    ours = LabelSelector.parse(text)
    chosen = match_labels(parse_labels(text), {"metadata": {"labels": labels}})
    assert ours.matches(labels) is chosen
    assert match_labels(parse_labels(str(ours)), {"metadata": {"labels": labels}}) is chosen
    assert LabelSelector.parse(str(ours)) == ours


@given(
    st.text(alphabet="ab1.-_/ ,=!()<>", max_size=12)
    | st.lists(
        st.sampled_from(
            ["a", "b/c", "in", "notin", "(", ")", ",", "=", "==", "!=", "!", "<", ">", "1", "-", " "]
        ),
        max_size=9,
    ).map("".join)
)
@example("a=,")
@example("a,")
@example(",a")
@example("a in ()")
@example("a in (b")
@example("a==!b")
@example("/a")
@example("b/cb/c")
@example("B/a")
@example("a=-1")
@example("a>-1")
@example("a b")
def test_both_refuse_the_same_texts(text: str) -> None:
    try:
        ours = str(LabelSelector.parse(text))
    except UsageError:
        ours = "refused"
    try:
        parse_labels(text)
    except ApiRefusal:
        assert ours == "refused"
    else:
        assert ours != "refused"
