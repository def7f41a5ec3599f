"""A policy that cannot be used is told with its file, line and name, before it is in force."""

import asyncio
from pathlib import Path

import pytest

from callboard.access.policies.engine import PolicyEngine
from callboard.access.policies.keeping import PolicyKeeper, read_policies
from callboard.access.policies.policies import MOST_POLICIES, load
from callboard.access.policies.source import MOST_BYTES, PolicySource
from callboard.base.errors import BadInput, BadInputs
from callboard.base.settings import PoliciesSettings
from callboard.model.permission import Action, Resource, ResourceKind
from support.policies import COMPANY, person, policies, ready

READ = 'permit (principal, action == Action::"catalog.entity.read", resource)'
PORTAL = Resource(kind=ResourceKind.PORTAL)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('// one\n\n@id("x")\npermit (principal, action == Action::"catalog.entity.reed", resource);',
         ("a.cedar:3: x: unrecognized action", "catalog.entity.reed")),
        (READ + ';\n@id("two") ' + READ + ' when { resource.owner == "x" };',
         ("a.cedar:2: two: attribute `owner` on entity type `Entity` not found",)),
        (READ + ";\n\n\npermit (principal,, resource);",
         ("a.cedar:4: the policy that begins here cannot be read",)),
        (READ + " when { resource. };", ("a.cedar:1:", "unexpected token")),
        (READ, ("a.cedar:1:",)),
        ("permit (principal == ?principal, action, resource);", ("a.cedar", "template")),
        (READ + ' when { resource.getTag("tier") == "1" };', ("a.cedar:1:", "tag")),
        (READ + ' when { ip(resource.name).isLoopback() };', ("a.cedar:1:", "non-literal")),
        (READ + ' when { context.cluster.name == "eu" };', ("a.cedar:1:", "cluster")),
        (READ + " when { " + "(" * 100 + "true" + ")" * 100 + " };", ("a.cedar: brackets nest too deeply",)),
        (READ + " when { " + "[" * 100_000, ("a.cedar: brackets nest too deeply",)),
        ('@id("a") ' + READ + ';\n@id("a") ' + READ + ";", ("a.cedar:2: another policy", "found a")),
        ("nonsense", ("a.cedar:1:",)),
        (READ + " when { " + "true && " * 5_000 + "true };", ("a.cedar: a condition is too long",)),
        (READ + " when { " + "if true then " * 3_000 + "true" + " else false" * 3_000 + " };", ("a.cedar",)),
        (f'{READ} when {{ resource.name == "permit (" }};\n// permit (\nforbid (principal, action);',
         ("a.cedar:3: the policy that begins here cannot be read",)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_where_it_stands(text: str, told: tuple[str, ...]) -> None:
    with pytest.raises(BadInputs) as wrong:
        policies(text)
    assert all(words in str(wrong.value) for words in told), str(wrong.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadInputs) as wrong:
        policies("permit (x);", READ + " when { resource.a };", READ + ";")
    assert {p.where for p in wrong.value.problems} == {"a.cedar", "b.cedar"}


def test_each_policy_is_known_by_where_it_stands() -> None:
    found = policies(
        f'// "permit\n@id("all")\n{READ};', f"{READ}; {READ}\n;\n\nforbid (principal, action, resource);"
    )
    assert [str(p) for p in found.places] == [
        "all (a.cedar:2)", "policy 1 (b.cedar:1)", "policy 2 (b.cedar:1)", "policy 3 (b.cedar:4)",
    ]  # fmt: skip
    assert [p.effect for p in found.places] == ["permit", "permit", "permit", "forbid"]


def test_there_are_bounds() -> None:
    with pytest.raises(BadInputs, match="too many policies"):
        load([PolicySource("a", f"{READ};" * (MOST_POLICIES // 2 + 1))] * 2)


@pytest.mark.parametrize("name", ["open-inside", "by-owner", "by-environment"])
def test_the_ready_ones_are_valid(name: str) -> None:
    assert len(ready(name, ("group:default/platform",)).places) > 2


async def test_files_are_read_by_their_globs(tmp_path: Path) -> None:
    (tmp_path / "b.cedar").write_text(READ + ";")
    (tmp_path / "a.cedar").write_text("// nothing yet")
    found = await read_policies(PoliciesSettings(files=("*.cedar",)), tmp_path)
    assert [str(p) for p in found.places] == [f"policy 1 ({tmp_path / 'b.cedar'}:1)"]
    both = await read_policies(PoliciesSettings(ready="by-owner", files=("b.cedar",)), tmp_path)
    assert len(both.places) > 2


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (PoliciesSettings(files=("none/*.cedar",)), "no file of policies is there"),
        (PoliciesSettings(files=("none.cedar",)), "cannot be read"),
        (PoliciesSettings(files=("folder",)), "cannot be read"),
        (PoliciesSettings(files=("latin.cedar",)), "is not UTF-8"),
        (PoliciesSettings(files=("long.cedar",)), f"at most {MOST_BYTES} bytes"),
    ],
)
async def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, settings: PoliciesSettings, told: str
) -> None:
    (tmp_path / "latin.cedar").write_bytes(b"// \xe9")
    (tmp_path / "long.cedar").write_bytes(b"/" * (MOST_BYTES + 1))
    (tmp_path / "folder").mkdir()
    with pytest.raises((BadInput, BadInputs), match=told):
        await read_policies(settings, tmp_path)


async def test_a_changed_file_is_in_force_and_a_broken_one_leaves_the_last_good_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.cedar"
    everything, anna = "permit (principal, action, resource);", person("anna")
    file.write_text("forbid (principal, action, resource);")
    settings = PoliciesSettings(files=("mine.cedar",))
    engine = PolicyEngine(policies(), lambda: COMPANY)
    keeper = PolicyKeeper(engine, lambda: settings, tmp_path)
    await keeper.use(settings)

    def may() -> bool:
        return engine.decide(anna, Action.ADMIN_READ, PORTAL).allowed

    async def until(version: int, problem: bool) -> None:
        async with asyncio.timeout(20):
            while (engine.version, bool(keeper.problem)) != (version, problem):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)

    assert not may()
    following = asyncio.create_task(keeper.run(0.01))
    file.write_text(everything)
    await until(3, False)
    assert may()
    file.write_text(everything + " permit (nobody);")
    await until(3, True)
    assert may()
    assert f"{file}:1: the policy that begins here" in keeper.problem
    file.write_text("forbid (principal, action, resource);\n")
    await until(4, False)
    assert not may()
    following.cancel()
