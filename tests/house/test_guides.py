"""What a document shows is what stands: its code, its configuration, its commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from callboard.base.config import check
from callboard.catalog.validate import validate_paths
from callboard.cli.commands import commands
from callboard.cli.exits import Exit
from callboard.web.words import HEALTH
from support.checkout import ROOT, tracked_files

DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md" and "reference" not in path.parts]
GUIDES = ROOT / "docs" / "guides"
SHOWN = re.compile(r"^\[`[^`]+`\]\(([^)]+)\)\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    text = (GUIDES / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def said(document: Path) -> list[tuple[str, str]]:
    """(document, command line) for each `callboard …` that a document tells someone to type."""
    text = (ROOT / document).read_text(encoding="utf-8")
    lines = [line.strip().partition("  #")[0] for line in text.splitlines() if line.startswith("    ")]
    lines += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    typed = [re.sub(r"^\S*bin/callboard ", "callboard ", line) for line in lines]
    return [(str(document), line) for line in typed if re.match(r"callboard [a-z]", line)]


SAID = [each for document in DOCUMENTS for each in said(document)]


def test_every_block_of_the_guide_to_extensions_is_part_of_the_file_above_it() -> None:
    text = (GUIDES / "extensions.md").read_text(encoding="utf-8")
    shown = SHOWN.findall(text)
    assert len(shown) == text.count("\n```") // 2 > 5
    for target, code in shown:
        source = (GUIDES / target).read_text(encoding="utf-8")
        assert f"\n{code}" in f"\n{source}", f"{target} has no such lines:\n{code}"


def test_the_configuration_a_guide_shows_is_taken(tmp_path: Path) -> None:
    shown = blocks("platform-engineer.md", "yaml")
    assert len(shown) >= 2
    for i, text in enumerate(shown):
        file = tmp_path / f"{i}.yaml"
        file.write_text(text)
        checked = check([file], {"EU_WEST_1_TOKEN": "t"})
        assert checked.problems == ()
        assert {row.level for row in checked.report} == {"info"}


def test_the_configuration_for_a_company_is_taken(tmp_path: Path) -> None:
    entities, *shown = blocks("company.md", "yaml")
    (tmp_path / "tls.crt").write_text("c")
    (tmp_path / "tls.key").write_text("k")
    (tmp_path / "catalog-info.yaml").write_text(entities)
    assert validate_paths([str(tmp_path / "catalog-info.yaml")]).problems == ()
    assert len(shown) >= 4
    for i, text in enumerate(shown):
        file = tmp_path / f"{i}.yaml"
        file.write_text(text)
        names = ("SESSION_SECRET", "METADATA_URL", "CLIENT_SECRET", "DATABASE_PASSWORD")
        checked = check([file], {f"CALLBOARD_{name}": "of sixteen characters" for name in names})
        assert checked.problems == ()
        assert {row.level for row in checked.report} == {"info"}


def test_the_entity_a_guide_shows_is_valid(tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text(blocks("service-owner.md", "yaml")[0])
    validation = validate_paths([str(tmp_path)])
    assert (validation.entities, validation.problems) == (1, ())


def test_the_words_a_guide_explains_are_those_of_the_page() -> None:
    text = (GUIDES / "service-owner.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^- \*\*(.+?)\*\*:", text, re.MULTILINE)) == set(HEALTH.values())


def test_the_exit_codes_a_guide_tells_are_those_of_the_command() -> None:
    text = (GUIDES / "service-owner.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("Exit code"))
    told = dict(re.findall(r"(\d) ([a-z ]+)", line))
    assert told == {"0": "healthy", "1": "not healthy", "2": "could not tell", "3": "asked wrongly"}
    assert [Exit.FINE, Exit.TROUBLE, Exit.COULD_NOT_TELL, Exit.USAGE] == [0, 1, 2, 3]


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "SECURITY.md"])
def test_a_source_file_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", text)
    assert named
    assert [name for name in named if not (ROOT / "src" / "callboard" / name).exists()] == []


def test_a_setting_that_a_document_names_is_one() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    keys = set(re.findall(r"`((?:backend|callboard|catalog|kubernetes)\.[A-Za-z.]+)`", page))
    for document in DOCUMENTS:
        for named in re.findall(
            r"`((?:backend|callboard|catalog|kubernetes)\.[a-z]+[A-Za-z.]*)(?::[^`]*)?`",
            (ROOT / document).read_text(),
        ):
            assert named in keys or is_module(named), f"{document}: {named}"


def is_module(name: str) -> bool:
    """Whether this is a part of our source instead."""
    path = ROOT / "src" / Path(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_a_link_to_a_heading_of_another_page_leads_to_one() -> None:
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#\s]+\.md)#([^)]+)\)", text):
            page = (ROOT / document.parent / target).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{document}: {target}#{anchor}"


def test_documents_tell_commands() -> None:
    assert {line.split()[1] for _, line in SAID} >= {
        "serve",
        "status",
        "clusters",
        "config",
        "rbac",
        "simulate",
    }


@pytest.mark.parametrize(("document", "line"), SAID)
def test_a_command_that_a_document_tells_is_one(document: str, line: str) -> None:
    command: click.Command = commands()
    for word in shlex.split(line)[1:]:
        if word in (">", "|"):
            break
        if isinstance(command, click.Group):
            found = command.commands.get(word)
            assert found is not None, f"{document}: {line}: there is no {word}"
            command = found
        elif word.startswith("-"):
            options = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)}
            assert word.partition("=")[0] in options, f"{document}: {line}: there is no {word}"
    assert not isinstance(command, click.Group), f"{document}: {line} is no whole command"
