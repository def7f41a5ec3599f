"""A session goes on after a restart; its file gives nobody a cookie, and what cannot be trusted is as if it were not there."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from callboard.access.session_file import SessionFile
from callboard.access.sessions import LIFETIME, Sessions
from callboard.base.clock import FakeClock
from callboard.model.caller import Caller

ME = Caller.loopback()


def signed_in(path: Path, clock: FakeClock) -> str:
    sessions = Sessions(clock, SessionFile(path))
    cookie = sessions.redeem(sessions.link_token(ME))
    assert cookie is not None
    return cookie


def test_whoever_was_signed_in_still_is_until_the_session_ends(tmp_path: Path) -> None:
    path, clock = tmp_path / "data" / "sessions.json", FakeClock()
    cookie = signed_in(path, clock)
    clock.advance(LIFETIME.total_seconds() - 1)
    again = Sessions(clock, SessionFile(path))
    assert again.caller(cookie) == ME
    assert again.caller("another") is None
    clock.advance(2)
    assert Sessions(clock, SessionFile(path)).caller(cookie) is None


def test_a_session_that_was_ended_stays_so(tmp_path: Path) -> None:
    path, clock = tmp_path / "sessions.json", FakeClock()
    cookie = signed_in(path, clock)
    Sessions(clock, SessionFile(path)).end(cookie)
    assert Sessions(clock, SessionFile(path)).caller(cookie) is None


def test_links_end_with_the_process(tmp_path: Path) -> None:
    path, clock = tmp_path / "sessions.json", FakeClock()
    token = Sessions(clock, SessionFile(path)).link_token(ME)
    assert Sessions(clock, SessionFile(path)).redeem(token) is None


def test_the_file_is_ours_alone_and_holds_no_cookie(tmp_path: Path) -> None:
    path = tmp_path / "data" / "sessions.json"
    cookie = signed_in(path, FakeClock())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert cookie not in path.read_text()
    assert [p.name for p in path.parent.iterdir()] == ["sessions.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2, "sessions": {}}', "\0\0", "null"])
def test_what_is_torn_or_foreign_is_not_used(tmp_path: Path, content: str) -> None:
    path, clock = tmp_path / "sessions.json", FakeClock()
    cookie = signed_in(path, clock)
    path.write_text(content)
    sessions = Sessions(clock, SessionFile(path))
    assert sessions.caller(cookie) is None
    assert sessions.redeem(sessions.link_token(ME)) is not None


@pytest.mark.parametrize("mode", [0o640, 0o602, 0o666])
def test_what_others_may_have_written_or_read_is_not_used(tmp_path: Path, mode: int) -> None:
    path, clock = tmp_path / "sessions.json", FakeClock()
    cookie = signed_in(path, clock)
    path.chmod(mode)
    assert Sessions(clock, SessionFile(path)).caller(cookie) is None


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    path, clock = tmp_path / "sessions.json", FakeClock()
    cookie = signed_in(tmp_path / "elsewhere.json", clock)
    path.symlink_to(tmp_path / "elsewhere.json")
    assert Sessions(clock, SessionFile(path)).caller(cookie) is None


def test_nobody_becomes_somebody_else_and_none_lasts_longer_than_a_new_one(tmp_path: Path) -> None:
    path, clock = tmp_path / "sessions.json", FakeClock()
    cookie = signed_in(path, clock)
    written = path.read_text()
    path.write_text(written.replace(ME.identity, Caller.callboard().identity))
    assert Sessions(clock, SessionFile(path)).caller(cookie) is None
    (only,) = json.loads(written)["kept"]["sessions"].values()
    later = (clock.now() + LIFETIME + timedelta(hours=1)).isoformat()
    path.write_text(written.replace(only["ends"], later))
    assert Sessions(clock, SessionFile(path)).caller(cookie) is None


def test_where_nothing_can_be_written_people_still_sign_in(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the directory should be")
    sessions = Sessions(FakeClock(), SessionFile(tmp_path / "data" / "sessions.json"))
    cookie = sessions.redeem(sessions.link_token(ME))
    assert cookie is not None
    assert sessions.caller(cookie) == ME
