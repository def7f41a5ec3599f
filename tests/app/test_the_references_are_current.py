"""The pages below docs/reference are what the code says, and what they say is what runs."""

import inspect
import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

import callboard.extend as door_of_extensions
from callboard.app.metrics import LABELS
from callboard.app.references import pages
from callboard.app.references.source import attribute_docs, fields, methods, paragraphs
from callboard.app.site import whole_site
from callboard.base import settings
from callboard.base.clock import SystemClock
from callboard.base.config import KeyOutcome, check
from callboard.extend import hooks, parts
from callboard.extend import pages as cards
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.resource import ALL_OBJECT_TYPES, DEFAULT_OBJECT_TYPES
from callboard.model.snapshot import ClusterState
from callboard.simulator import Fleet
from callboard.web.application import WebOptions
from support.checkout import ROOT
from support.portal import application
from support.web_scenes import StubPortal
from support.web_server import door, get, listening, operations

PAGES = pages()
REFERENCE = ROOT / "docs" / "reference"
ROUTES = re.findall(r"^\| `(/[^`]*)` \| (\w+) \| ([\w-]+) \| (.*) \|$", PAGES["routes.md"], re.MULTILINE)


def test_every_class_of_the_door_is_told_with_its_fields() -> None:
    sections = dict(re.findall(r"^### `(\w+)`[^\n]*\n+(.*?)(?=^##|\Z)", PAGES["extensions.md"], re.M | re.S))
    for name in door_of_extensions.__all__:
        value = getattr(door_of_extensions, name)
        if not isinstance(value, type):
            continue
        told = sections[name]
        assert told.strip(), f"{name} has no docstring"
        if issubclass(value, msgspec.Struct):
            missing = [f for f in value.__annotations__ if not f.startswith("_") and f"{f}: " not in told]
            assert missing == [], name


@pytest.mark.parametrize("name", PAGES)
def test_the_page_in_the_repository_is_current(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name], "run: make docs"


def test_no_page_is_left_that_nobody_writes() -> None:
    found = {path.relative_to(REFERENCE).as_posix() for path in REFERENCE.rglob("*") if path.is_file()}
    assert found == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_link_within_a_page_leads_to_a_heading(name: str) -> None:
    headings = re.findall(r"^#+ (.+)$", PAGES[name], re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGES[name])) <= set(anchors)
    assert len(set(anchors)) == len(anchors)


def test_every_key_the_reader_of_a_configuration_uses_stands_in_the_page() -> None:
    keys = set(re.findall(r"^\| `([^`]+)` \|", PAGES["configuration.md"], re.MULTILINE))
    checked = check(
        [ROOT / "examples" / "app-config.yaml"],
        {
            f"{region}_TOKEN": "t"
            for region in ("EU_WEST_PRODUCTION", "US_EAST_PRODUCTION", "EU_WEST_STAGING")
        },
    )
    used = {row.path for row in checked.report if row.outcome is KeyOutcome.USED}
    assert len(used) > 30
    for path in used:
        key = re.sub(r"\[\d+\]", "[]", path)
        key = re.sub(r'byName(\[")?\.?[\w-]+("\])?', "byName.<name>", key)
        if key.endswith((".type", "[]")) or ".labels." in key or ".connection" in key or "allow" in key:
            continue  # a tag, an item, or a key of a map: told with the key above it
        assert key in keys, path


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("backend.listen.port", "| whole number, 0 to 65535 | `7007` |"),
        ("callboard.clusters.limits.softDeadline", "`5m`, `{minutes: 5}`, more than 0 | 3 s | Seconds after which a page"),
        ("callboard.clusters.limits.maxBodyBytes", "`67108864` (64 MiB)"),
        ("callboard.logging.level", "| one of `debug`, `info`, `warning`, `error` | `info` |"),
        ("backend.https.certificate.key", "| text, secret | required |"),
        ("backend.cors", "**Not used yet:** no other origin's page is let in"),
        ("catalog.rules", "[map](#catalogrules) | `[{allow: [{kind: Component}, {kind: API}, {kind: Location}]}]`"),
        ("kubernetes.serviceLocatorMethod.*", "| any further key |"),
    ],
)  # fmt: skip
def test_a_key_is_told_with_type_default_and_meaning(key: str, words: str) -> None:
    (row,) = (line for line in PAGES["configuration.md"].splitlines() if line.startswith(f"| `{key}` |"))
    assert words in row


def test_the_types_that_are_asked_for_by_default_are_those_of_the_page() -> None:
    (row,) = (
        r for r in PAGES["configuration.md"].splitlines() if r.startswith("| `kubernetes.objectTypes` |")
    )
    left_out = {t.plural for t in ALL_OBJECT_TYPES} - {t.plural for t in DEFAULT_OBJECT_TYPES}
    assert set(re.findall(r"`(\w+)`", row.partition("all but")[2])) == left_out


def test_a_setting_that_nothing_reads_is_told_as_not_used() -> None:
    rooms = (ROOT / "src" / "callboard").rglob("*.py")
    code = "\n".join(
        p.read_text(encoding="utf-8") for p in rooms if p.parent.name not in {"settings", "config"}
    )
    structs = [each for each in map(vars(settings).get, settings.__all__) if isinstance(each, type)]
    unread = {
        f"{struct.__name__}.{field.name}"
        for struct in structs
        if issubclass(struct, msgspec.Struct)
        and struct is not settings.CorsSettings  # told as one, with backend.cors
        for field in msgspec.structs.fields(struct)
        if not re.search(rf"\.{field.name}\b", code) and field.name not in getattr(struct, "NOT_YET", {})
    }
    assert unread == set()


def test_what_is_known_and_not_used_is_told_with_its_reason() -> None:
    page = PAGES["configuration.md"].partition("## Known, not used")[2]
    assert "| Callboard opens no terminal in a container | `kubernetes.podExecTerminal` |" in page
    assert "`techdocs`" in page


def test_every_hook_and_every_part_stands_in_the_page_with_its_methods() -> None:
    page = PAGES["extensions.md"]
    names = [name for name in vars(hooks.Hooks) if name.startswith("callboard_")]
    assert len(names) >= 9
    for name in names:
        assert f"### `{name}`\n\n```python\ndef {name}(" in page
    for module in (parts, cards):
        for name in module.__all__:
            of = getattr(module, name)
            section = re.search(rf"^### `{name}`.*?(?=^##)", page, re.MULTILINE | re.DOTALL)
            assert section
            assert paragraphs(inspect.getdoc(of) or "") in section[0]
            told = [line.partition("(")[0] for line, _ in methods(of)] or list(fields(of))
            assert told
            assert all(each in section[0] for each in told)


async def test_the_metrics_of_a_running_portal_are_those_of_the_page(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$", PAGES["metrics.md"], re.MULTILINE)
    told = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in rows}
    hub = {"parts": {"objectsProvider": "hub"}}
    async with (
        Fleet.start(clusters=1) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub) as app,
    ):
        ref = EntityRef.parse("component:default/dice-roller")
        await app.portal.kubernetes_settled(ref, Caller.loopback(), within=20)
        app.metrics.breaker(fleet[0].name, False)
        app.metrics.checked(fleet[0].name, None)
        app.metrics.settled(fleet[0].name, ClusterState.ANSWERED, 0.1)
        families = list(text_string_to_metric_families(app.metrics.text().decode()))
    seen = {}
    for family in (f for f in families if not f.name.endswith("_created")):
        labels = set().union(*(s.labels for s in family.samples)) - {"le"}
        seen[family.name + ("_total" if family.type == "counter" else "")] = (family.type, labels)
    assert seen == told
    assert set(LABELS) == set().union(*(labels for _, labels in told.values()))


def whole(port: int) -> Site:
    guard, _ = door(port, open_to_all=False)
    return whole_site(StubPortal(), guard, operations(guard), WebOptions(), SystemClock())


def test_the_routes_are_those_of_the_site() -> None:
    assert [(path, kind) for path, _, kind, _ in ROUTES] == [
        (route.path, route.route_class.value)  # type: ignore[attr-defined]
        for route in whole(7007).routes
    ]
    assert all(told for *_, told in ROUTES)


async def test_a_stranger_is_let_in_where_the_page_says_so_and_nowhere_else() -> None:
    async with listening(whole) as base:
        for path, _, kind, _ in ROUTES:
            answer = await get(base, re.sub(r"\{[^}]+\}", "x", path), {"Sec-Fetch-Site": "same-origin"})
            if path.startswith("/sign-in/"):  # a way that there is not
                assert answer.status == 404, path
                continue
            signed_in_only = kind not in {"public", "metrics", "sign-in"}
            assert (answer.status == 401) == (signed_in_only or kind == "sign-in"), path


class Written:
    """Documented."""

    first: int
    """What it is:
    two lines."""
    second: str = ""

    def short(self, one: int) -> int:
        """Says so."""
        return one

    async def long(
        self,
        a_long_name: dict[str, tuple[int, ...]],
        another_long_name: dict[str, str],
        *,
        a_third_long_name: frozenset[str] = frozenset(),
    ) -> dict[str, tuple[int, ...]]:
        return {}

    def _hidden(self) -> None: ...


def test_the_reader_of_source_gives_docstrings_of_attributes_and_signatures() -> None:
    assert attribute_docs(Written) == {"first": "What it is: two lines."}
    assert list(fields(Written)) == ["first: int", 'second: str = ""']
    short, long = methods(Written)
    assert short == ("def short(one: int) -> int", "Says so.")
    assert long[0].splitlines() == [
        "async def long(",
        "    a_long_name: dict[str, tuple[int, ...]],",
        "    another_long_name: dict[str, str],",
        "    *,",
        "    a_third_long_name: frozenset[str]=frozenset(),",
        ") -> dict[str, tuple[int, ...]]",
    ]
