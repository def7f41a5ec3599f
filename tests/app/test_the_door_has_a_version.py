"""The door's own version: an extension says which it needs, the surface is written down, and what goes has warned before."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import callboard.extend
from callboard.app.installed import installed
from callboard.app.plugins import Extension, asked
from callboard.app.references.surface import render
from callboard.app.references.surface_change import Weight, differences, version_problems
from callboard.extend import API_VERSION
from callboard.extend.deprecation import DEPRECATIONS, Deprecation
from callboard.extend.version import numbers_of, version_problem
from support.checkout import ROOT
from support.extended import Fleet, extended

RELEASED = (ROOT / "docs" / "extend-surface-released.txt").read_text(encoding="utf-8")
GOING = r"(Located|Card) of callboard.extend is going to go in version 2\.0: use Placed"

# written against the version that is here, and changed no more
EXTENSION = """
from callboard.extend import Card, Entity, Located, Registration, hookimpl

CALLBOARD_API = "{version}"

class Everywhere:
    async def locate(self, entity, clusters, caller):
        return Located(tuple(clusters))

class Price:
    words = "3 euro"

async def price(context):
    return Price()

@hookimpl
def callboard_service_locators():
    return [Registration("everywhere", lambda config: Everywhere())]

@hookimpl
def callboard_cards(context):
    return [Card(key="price", title="Price", template="support:templates/cost.html", view=price,
                 applies=lambda entity: True)]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an extension `old` of the package callboard_old is installed as soon as its source is written there."""
    info = tmp_path / "site" / "callboard_old-4.2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: callboard-old\nVersion: 4.2.0\n")
    (info / "entry_points.txt").write_text("[callboard]\nold = callboard_old\n")
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # two sources within a second look alike by their stamps
    yield info.parent
    sys.modules.pop("callboard_old", None)


def found(site: Path, source: str = EXTENSION, version: str = "1.2") -> Extension:
    sys.modules.pop("callboard_old", None)
    (site / "callboard_old.py").write_text(source.format(version=version) if version else source)
    (extension,) = installed()
    return extension


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (None, ""), ("1.0", ""), ("1.2", ""), ("1.2.0", ""),
        ("1.3", "use a later Callboard, or an earlier version of it"),
        ("1.2.7", "it was written for version 1.2.7 of callboard.extend, and here is 1.2.3"),
        ("2.0", "use a version of it for 1, or a later Callboard"),
        ("0.9", "use a version of it for 1, or an earlier Callboard"),
        ("1", "is no version"), ("", "is no version"), ("one.two", "is no version"), (1.2, "is no version"),
        ("1.2.0.1", "is no version"), ("9" * 5000 + ".1", "is no version"), (["1.2"], "is no version"),
    ],
)  # fmt: skip
def test_a_version_that_does_not_fit_is_told(needed: object, words: str) -> None:
    told = version_problem(needed, "1.2.0" if needed != "1.2.7" else "1.2.3")
    assert (words in told) if words else told == ""


def test_an_extension_for_another_version_is_refused_with_a_plain_sentence_and_asked_nothing(
    site: Path,
) -> None:
    refused = found(site, version="7.1")
    assert refused.offers == {}
    assert refused.problems == (
        f"extension old: it was written for version 7.1 of callboard.extend, and here is {API_VERSION}: "
        "use a version of it for 1, or a later Callboard",
    )
    fits = found(site)
    assert (fits.problems, fits.needs, fits.version, fits.origin) == (
        (),
        "1.2",
        "4.2.0",
        "the package callboard-old",
    )


def test_one_that_imports_what_the_door_does_not_have_is_told_that_versions_differ(site: Path) -> None:
    refused = found(site, "from callboard.extend import Hologram\n", version="")
    assert "cannot import name 'Hologram'" in refused.problems[0]
    assert f"another version of callboard.extend than {API_VERSION}" in refused.problems[0]


def test_a_version_that_raises_when_it_is_read_costs_its_extension() -> None:
    class Hostile:
        @property
        def CALLBOARD_API(self) -> str:  # noqa: N802
            raise SystemExit(3)

    assert "cannot be read (SystemExit)" in asked("hostile", Hostile()).problems[0]


async def test_an_extension_runs_unchanged_after_a_minor_version_that_deprecates_a_name(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found(site)
    major, minor, _ = numbers_of(API_VERSION)
    following = f"{major}.{minor + 1}.0"
    with DEPRECATIONS.pretended(), monkeypatch.context() as later, structlog.testing.capture_logs() as logs:
        later.setattr("callboard.extend.API_VERSION", following)
        later.setattr("callboard.app.plugins.API_VERSION", following)
        for name in ("Located", "Card"):
            value = getattr(callboard.extend, name)
            later.delattr(callboard.extend, name)
            words = Deprecation(name=name, instead="use Placed", since=following, gone=f"{major + 1}.0")
            DEPRECATIONS.former(words, value)
        DEPRECATIONS.declare(
            Deprecation(name="callboard_cards", instead="use tabs", since=following, gone=f"{major + 1}.0")
        )
        # `make surface` calls this an addition, and a released surface that has them still has every member
        assert {d.weight for d in differences(RELEASED, render())} == {Weight.ADDITION}
        with pytest.warns(DeprecationWarning, match=GOING):
            after = found(site)
        with pytest.warns(DeprecationWarning, match=GOING):
            found(site)  # the log is told once
        assert (after.problems, after.needs) == ((), before.needs)
        assert {hook: [i.key for i in items] for hook, items in after.offers.items()} == {
            "callboard_service_locators": ["everywhere"],
            "callboard_cards": ["price"],
        }
        assert [d.name for d in after.deprecations] == ["Card", "Located", "callboard_cards"]
        plugin = sys.modules["callboard_old"]
        parts = {"serviceLocatorMethod": {"type": "everywhere"}}
        async with extended({"old": plugin}, tmp_path, monkeypatch, fleet=Fleet(), kubernetes=parts) as app:
            assert [card.key for card in app.fleet.plugins.cards()].count("price") == 1
            (told,) = [e for e in app.fleet.plugins.extensions if e.name == "old"]
            assert len(told.deprecations) == 3
    told_in_log = [(e["extension"], e["name"]) for e in logs if "going to go" in e["event"]]
    assert sorted(told_in_log) == [("old", "Card"), ("old", "Located"), ("old", "callboard_cards")]
    assert DEPRECATIONS.met_by("old") == ()


def test_a_name_goes_with_a_major_version_and_after_two_minor_ones_that_warn() -> None:
    known = Deprecation(name="Card", instead="use Panel", since="1.3", gone="2.0")
    assert [known.may_go_after(last) for last in ("1.3", "1.4", "1.5.2")] == [False, True, True]
    for gone in ("1.5", "2.1", "1.0"):
        with pytest.raises(ValueError, match="a name goes with a major version"):
            Deprecation(name="Card", instead="use Panel", since="1.3", gone=gone)
    for each in DEPRECATIONS.known.values():  # of the door itself
        assert numbers_of(each.since) <= numbers_of(API_VERSION) < numbers_of(each.gone)


def test_the_version_says_what_changed_since_the_last_release() -> None:
    assert version_problems(RELEASED, render()) == (), "see: make surface"


BEFORE = """\
# callboard.extend 1.4.0
struct Card
    field key: str
    field order: int = 1000
    field link: str  # 0

protocol Fetcher
    def fetch(self, cluster: Cluster) -> AsyncIterator[Outcome]

lent Ask
    async def entity(self, ref: EntityRef, *, within: float=5.0) -> Entity

enum Kind
    member A = "a"

value Method
    = Literal['GET', 'PUT']

hook callboard_cards
    def callboard_cards(self, context: ExtensionContext) -> Sequence[Card]

class Old
    deprecated since 1.3, gone in 2.0
    def old(self) -> str

class Late
    deprecated since 1.4, gone in 2.0
"""


@pytest.mark.parametrize(
    ("old", "new", "weight"),
    [
        ("", "struct New\n    field a: str\n", "addition"),
        ("    field order: int = 1000", "    field order: int = 1000\n    field more: str = ''", "addition"),
        ("    field order: int = 1000", "    field order: int = 1000\n    field more: str", "break"),
        ("    field order: int = 1000", "    field order: int = 100", "break"),
        ("    field order: int = 1000", "", "break"),
        ("    field order: int = 1000", "    field order: int", "break"),
        ("    field key: str", "    field key: str = ''", "addition"),
        ("    field key: str", "    field key: bytes", "break"),
        ("# 0", "# 1", "break"),
        ("cluster: Cluster) -> Async", "cluster: Cluster, more: int=3) -> Async", "break"),
        ("    def fetch", "    def also(self) -> None\n    def fetch", "break"),
        ("    async def entity", "    async def also(self) -> None\n    async def entity", "addition"),
        ("within: float=5.0", "within: float=5.0, more: int=3", "addition"),
        ("within: float=5.0", "within: float=5.0, more: int", "break"),
        ("within: float=5.0", "within: float=9.0", "break"),
        (", *, within: float=5.0", "", "break"),
        ("*, within", "within", "break"),
        ("-> Entity", "-> Entity | None", "break"),
        ("async def entity", "def entity", "break"),
        ('    member A = "a"', '    member A = "a"\n    member B = "b"', "addition"),
        ('    member A = "a"', '    member A = "b"', "break"),
        ("'PUT'", "'PUT', 'HEAD'", "addition"),
        ("'GET', ", "", "break"),
        ("context: Ext", "context: Ext", ""),
        ("context: ExtensionContext)", "context: ExtensionContext, more: int)", "addition"),
        ("class Late", "class Late\n    def more(self) -> int", "addition"),
        ("struct Card", "class Card", "break"),
        ("struct Card", "struct Card\n    deprecated since 1.4, gone in 2.0", "addition"),
    ],
)  # fmt: skip
def test_a_difference_is_a_break_or_an_addition(old: str, new: str, weight: str) -> None:
    after = BEFORE.replace(old, new, 1) if old else f"{BEFORE}\n{new}"
    assert [d.weight.value for d in differences(BEFORE, after)] == ([weight] if weight else [])
    for version, fits in (
        ("1.4.0", not weight),
        ("1.5.0", weight != "break"),
        ("2.0.0", True),
        ("1.3.9", False),
    ):
        assert (version_problems(BEFORE, after.replace("1.4.0", version)) == ()) is fits, version


def test_what_is_gone_must_have_warned() -> None:
    late = BEFORE.replace("1.4.0", "2.0.0").partition("class Late")[0]
    assert version_problems(BEFORE, late) == ("Late is gone, and two minor versions have not warned before",)
    old = BEFORE.replace("1.4.0", "2.0.0").replace(
        BEFORE[BEFORE.index("class Old") : BEFORE.index("class Late")], ""
    )
    assert version_problems(BEFORE, old) == ()
    card = BEFORE.replace("1.4.0", "2.0.0").replace(
        BEFORE[BEFORE.index("struct Card") : BEFORE.index("protocol")], ""
    )
    assert version_problems(BEFORE, card) == ("Card is gone, and two minor versions have not warned before",)
