"""docs/reference/cli.md is what the commands say of themselves, and leaves out none of them."""

from collections.abc import Iterator

import click
import pytest

from callboard.cli.commands import commands
from callboard.cli.reference import render
from support.checkout import ROOT


def every_command(
    command: click.Command, path: tuple[str, ...] = ("callboard",)
) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from every_command(child, (*path, name))


COMMANDS = dict(every_command(commands()))


def test_the_page_in_the_repository_is_current() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert page == render(), "run: make docs"


def test_the_promised_commands_are_there() -> None:
    assert set(COMMANDS) == {
        "callboard catalog validate",
        "callboard catalog",
        "callboard clusters check",
        "callboard clusters list",
        "callboard clusters",
        "callboard config check",
        "callboard config",
        "callboard database back",
        "callboard database status",
        "callboard database upgrade",
        "callboard database",
        "callboard demo",
        "callboard diagnose",
        "callboard explain",
        "callboard extensions check",
        "callboard extensions list",
        "callboard extensions new",
        "callboard extensions",
        "callboard rbac",
        "callboard serve",
        "callboard sessions end",
        "callboard sessions list",
        "callboard sessions",
        "callboard simulate",
        "callboard status",
        "callboard access",
        "callboard access explain",
        "callboard tokens create",
        "callboard tokens list",
        "callboard tokens revoke",
        "callboard tokens",
        "callboard",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_page_with_every_option_and_says_its_exit_codes(name: str) -> None:
    command, page = COMMANDS[name], render()
    section = page[page.index(f"`{name}`") if f"`{name}`" in page else 0 :]
    section = section.partition("\n#")[0] if f"`{name}`" in page else page
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(option in section for option in parameter.opts), parameter.opts
            assert parameter.help
        else:
            assert (parameter.metavar or "") in section
    if not isinstance(command, click.Group) and name not in {
        "callboard serve",
        "callboard demo",
        "callboard simulate",
    }:
        assert "Exit codes:" in section
