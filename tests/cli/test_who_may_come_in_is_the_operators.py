"""`callboard tokens` and `callboard sessions`, on the database of the configuration."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callboard.access.sessions import Sessions
from callboard.access.store import AuditStore, SessionStore
from callboard.app.wiring import AppWiring
from callboard.base.clock import SystemClock
from callboard.base.database import open_database
from callboard.cli.commands import build_cli
from callboard.model.audit import AuditFilter
from callboard.model.caller import Caller
from callboard.model.permission import Action

Type = Callable[..., Result]
MAY = ("--may", Action.ENTITY_READ.value, "--may", Action.RESOURCES_READ.value)


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app-config.yaml").write_text("catalog: {locations: []}\n")

    def type_(*words: str) -> Result:
        return CliRunner().invoke(build_cli(AppWiring()), words)

    return type_


def test_a_token_is_shown_once_listed_and_revoked(typed: Type) -> None:
    made = typed("tokens", "create", "--for", "ci/deploy", *MAY, "--until", "90d")
    assert made.exit_code == 0, made.stderr
    assert re.fullmatch(r"cbt_[0-9a-f]{12}_[\w-]{43}\n", made.stdout), "alone, for a variable of a shell"
    assert "not shown again" in made.stderr
    token = made.stdout.strip()
    listed = typed("tokens", "list").stdout
    assert token not in listed
    assert token[17:] not in listed
    for told in (token[4:16], "ci/deploy", "never used", "catalog.entity.read, kubernetes.resources.read"):
        assert told in listed
    assert typed("tokens", "revoke", token[4:16]).exit_code == 0
    assert ", never used" in typed("tokens", "list").stdout
    assert "revoked 2" in typed("tokens", "list").stdout
    again = typed("tokens", "revoke", token[4:16])
    assert (again.exit_code, again.stdout) == (3, "")


@pytest.mark.parametrize(
    "until",
    ["0d", "1y", "d", "", "-1d", "367d", "9999d", "2027-13-01", "2000-01-01", "9999-12-31", "٣d", "1e3d"],
)
def test_an_end_that_cannot_be_is_wrong_usage(typed: Type, until: str) -> None:
    made = typed("tokens", "create", "--for", "ci", *MAY, "--until", until)
    assert (made.exit_code, made.stdout) == (3, "")
    assert "Traceback" not in made.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--for", "CI deploy", *MAY, "--until", "1d"),
        ("--for", "ci", "--until", "1d"),
        ("--for", "ci", "--may", "kubernetes.everything", "--until", "1d"),
        ("--for", "ci", *MAY),
        (*MAY, "--until", "1d"),
    ],
)
def test_what_cannot_be_made_is_wrong_usage(typed: Type, words: tuple[str, ...]) -> None:
    made = typed("tokens", "create", *words)
    assert (made.exit_code, made.stdout) == (3, "")


def test_sessions_are_listed_and_ended(typed: Type, tmp_path: Path) -> None:
    def signed_in() -> None:
        async def sign_in() -> None:
            database = open_database(str(tmp_path / ".callboard" / "callboard.sqlite"))
            sessions = Sessions(SystemClock(), SessionStore(database), "127.0.0.1:7007")
            await sessions.start()
            assert await sessions.redeem(sessions.link_token(Caller.loopback()))
            await database.close()

        asyncio.run(sign_in())

    assert typed("sessions", "list").stdout == "Nobody is signed in.\n"
    for _ in range(3):
        signed_in()
    listed = typed("sessions", "list").stdout.splitlines()
    assert len(listed) == 3
    assert all("127.0.0.1:7007" in line for line in listed)
    assert typed("sessions", "end", listed[0][:8]).exit_code == 0
    assert typed("sessions", "end", listed[0][:8]).exit_code == 3
    assert typed("sessions", "end").exit_code == 3
    assert typed("sessions", "end", listed[1][:8], "--all").exit_code == 3
    assert typed("sessions", "end", "--all").stdout == "Sessions ended: 2.\n"
    assert typed("sessions", "list").stdout == "Nobody is signed in.\n"


def test_what_the_operator_changes_is_on_record(typed: Type, tmp_path: Path) -> None:
    made = typed("tokens", "create", "--for", "ci/deploy", *MAY, "--until", "90d").stdout.strip()
    typed("tokens", "revoke", made[4:16])
    typed("sessions", "end", "--all")

    async def record() -> list[str]:
        database = open_database(str(tmp_path / ".callboard" / "callboard.sqlite"))
        found = await AuditStore(database).find(AuditFilter())
        await database.close()
        return [f"{event.deed} {event.through}: {event.what}" for event in reversed(found)]

    assert asyncio.run(record()) == [
        f"change terminal: token {made[4:16]} made for ci/deploy",
        f"change terminal: token {made[4:16]} revoked",
        "change terminal: all sessions ended",
    ]
