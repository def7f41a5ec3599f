"""What is ours is for us alone; what is not, or could be another's, is refused by name with what to do."""

import os
import socket
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from callboard.base.own_files import NotOurs, hold, own_directory, read, replace

ROOT = os.geteuid() == 0
OTHER = 12345


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def of_another(path: Path) -> None:
    if not ROOT:
        pytest.skip("only root gives files away")
    path.touch(mode=0o600)
    os.chown(path, OTHER, OTHER)


def a_socket(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))


def with_mode(bits: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.touch()
        path.chmod(bits)

    return make


def two_names(path: Path) -> None:
    path.touch(mode=0o600)
    path.with_name("other").hardlink_to(path)


def a_link(path: Path) -> None:
    path.with_name("target").touch(mode=0o600)
    path.symlink_to(path.with_name("target"))


FOREIGN: dict[str, Callable[[Path], None]] = {
    "a directory": lambda path: path.mkdir(),
    "a named pipe": lambda path: os.mkfifo(path),
    "a socket": a_socket,
    "a symbolic link": a_link,
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "another user's": of_another,
    "others may write it": with_mode(0o602),
    "a group may write it": with_mode(0o660),
    "a file of two names": two_names,
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("use", [hold, read])
def test_what_may_be_anothers_is_refused_by_name(
    tmp_path: Path, kind: str, use: Callable[[Path], object]
) -> None:
    file = tmp_path / "ours"
    FOREIGN[kind](file)
    before = file.lstat()
    opened = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(NotOurs) as caught:
        use(file)
    assert caught.value.problem.where == str(file)
    assert caught.value.problem.message
    assert caught.value.code == "own-file"
    after = file.lstat()
    assert (before.st_mode, before.st_uid, before.st_ino) == (after.st_mode, after.st_uid, after.st_ino)
    assert len(list(Path("/proc/self/fd").iterdir())) == opened


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o600, 0o444])
def test_what_others_could_only_read_is_closed_to_them(tmp_path: Path, bits: int) -> None:
    if bits == 0o444 and not ROOT:
        pytest.skip("a file that we may not write")
    file = tmp_path / "ours"
    file.write_text("kept")
    file.chmod(bits)
    hold(file)
    assert (mode(file), file.read_text()) == (0o600, "kept")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_is_made_is_for_us_alone_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        own_directory(tmp_path / "deep" / "er")
        hold(tmp_path / "held")
        assert replace(tmp_path / "replaced", lambda file: file.write(b"new")) == 3
    finally:
        os.umask(before)
    assert mode(tmp_path / "deep" / "er") == 0o700
    assert mode(tmp_path / "held") == mode(tmp_path / "replaced") == 0o600
    found = read(tmp_path / "replaced")
    assert found is not None
    with found:
        assert found.read() == b"new"
    assert read(tmp_path / "none") is None


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "ours"
    replace(file, lambda f: f.write(b"old"))

    def fails(f: object) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        replace(file, fails)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("ours", b"old")]


@pytest.mark.parametrize(
    ("bits", "taken"),
    [(0o700, True), (0o755, True), (0o775, True), (0o1777, True), (0o777, False), (0o707, False), (0o2777, False)],
)  # fmt: skip
def test_a_directory_that_anyone_may_write_is_refused(tmp_path: Path, bits: int, taken: bool) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    directory.chmod(bits)
    if taken:
        own_directory(directory)
    else:
        with pytest.raises(NotOurs, match="anyone on this machine"):
            own_directory(directory)
    assert mode(directory) == bits


def test_a_directory_for_nothing_else_is_closed_to_others(tmp_path: Path) -> None:
    directory = tmp_path / "hub"
    directory.mkdir(mode=0o755)
    own_directory(directory, alone=True)
    assert mode(directory) == 0o700
    (tmp_path / "link").symlink_to(directory)
    with pytest.raises(NotOurs, match="not a directory"):
        own_directory(tmp_path / "link", alone=True)


@pytest.mark.parametrize("alone", [False, True])
def test_a_directory_of_another_user_is_refused(tmp_path: Path, alone: bool) -> None:
    if not ROOT:
        pytest.skip("only root gives directories away")
    directory = tmp_path / "data"
    directory.mkdir()
    os.chown(directory, OTHER, OTHER)
    with pytest.raises(NotOurs, match="another user"):
        own_directory(directory, alone=alone)


@pytest.mark.parametrize("name", ["file", "file/below", "gone\0", "x" * 300, "proc"])
def test_a_directory_that_cannot_be_is_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    path = Path("/proc/nothing/here") if name == "proc" else tmp_path / name
    with pytest.raises(NotOurs) as caught:
        own_directory(path)
    assert caught.value.problem.where
    assert caught.value.problem.hint or caught.value.problem.expected
