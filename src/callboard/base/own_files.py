"""Files of ours on a disk that is not: how each is found, made, read and replaced.

What they hold is for us alone, so each has mode 0600 in whatever directory it lies, and one that another owns or may write is
not believed. Everything here blocks: call it in a thread, or before anything is served. What cannot be used is told as
`NotOurs`, which names the file, what is wrong with it and how to go on; nothing here raises OSError but `replace`.
"""

import errno
import io
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from callboard.base.errors import BadInput, Problem

__all__ = ["UNFINISHED", "NotOurs", "hold", "own_directory", "read", "replace"]

T = TypeVar("T")

UNFINISHED: Final = ".unfinished"
"""What the name of a file ends with while it is written."""

_BUFFER: Final = 1024 * 1024
_OPENING: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_HINTS: Final = {
    errno.ENOSPC: "the disk is full: make room, then start again",
    errno.EDQUOT: "the quota is used up: make room, then start again",
    errno.EROFS: "the disk can only be read: name a directory on one that can be written",
    errno.ELOOP: "put the file itself there, or name the place that the link leads to",
    errno.EISDIR: "move the directory away, or name another file",
    errno.ENOTDIR: "move that file away, or name another directory",
    errno.EEXIST: "move that file away, or name another directory",
    errno.ENXIO: "remove it",
    errno.EMFILE: "give the process more open files (ulimit -n)",
}
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class NotOurs(BadInput):
    """A file or directory that we cannot use, or must not believe. `problem.where` is its path."""

    code = "own-file"


def own_directory(path: Path, *, alone: bool = False) -> None:
    """Make the directory where there is none (mode 0700), and see that files of ours are safe and can be made in
    it. Raises NotOurs. `alone`: it is for nothing else, so what others may do there is taken away."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.lstat() if alone else path.stat()
    except (OSError, ValueError) as error:
        raise _cannot(path, error, "made") from error
    if not stat.S_ISDIR(found.st_mode):
        raise _refused(path, "not a directory", _kind(found.st_mode), "a directory")
    mode = stat.S_IMODE(found.st_mode)
    if alone:
        if found.st_uid != os.geteuid():
            raise _of_another(path, found.st_uid)
        if mode != 0o700:
            try:
                path.chmod(0o700)
            except OSError as error:
                raise _cannot(path, error, "closed to others") from error
    else:
        if found.st_uid not in (os.geteuid(), 0):
            raise _of_another(path, found.st_uid)
        if mode & 0o002 and not mode & stat.S_ISVTX:
            raise _refused(
                path,
                "anyone on this machine may put files of theirs in the place of ours",
                f"mode {mode:04o}",
                "a directory that only Callboard may write",
                f"take that right away (chmod o-w {path}), or name another directory",
            )
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        raise _refused(path, "the disk can only be read", hint="name a directory on one that can be written")
    if not os.access(path, os.W_OK | os.X_OK):
        raise _refused(
            path,
            "we may not write in it",
            f"mode {mode:04o} of user {found.st_uid}; we are user {os.geteuid()}",
            "a directory that we may write",
            "give it to that user, or name another directory",
        )


def hold(path: Path) -> None:
    """See that the file is ours alone, and make it, empty, where there is none: for libraries that open it by its name. What
    others may read of it is taken away. Raises NotOurs."""
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | _OPENING, 0o600)
    except (OSError, ValueError) as error:
        raise _cannot(path, error, "opened for writing") from error
    try:
        _check(path, os.fstat(number), readable=True)
        os.fchmod(number, 0o600)
    except OSError as error:
        raise _cannot(path, error, "closed to others") from error
    finally:
        os.close(number)


def read(path: Path) -> io.FileIO | None:
    """The file, opened for reading; None where there is none. Raises NotOurs, also where others may read it."""
    try:
        number = os.open(path, os.O_RDONLY | _OPENING)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _cannot(path, error, "opened") from error
    try:
        _check(path, os.fstat(number))
    except NotOurs:
        os.close(number)
        raise
    return io.FileIO(number, "rb")


def replace(path: Path, write: Callable[[BinaryIO], T], *, lasting: bool = True) -> T:
    """Put a whole new file in the place of the old one; gives what `write` gave. Whatever it raises, and the OSError of a disk
    that does not take it, is raised, and then the old one stands. `lasting` waits until the disk has it: without, a machine
    that loses its power may lose the file."""
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}{UNFINISHED}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb", buffering=_BUFFER) as file:
            given = write(file)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    return given


def _check(path: Path, found: os.stat_result, *, readable: bool = False) -> None:
    """`readable`: others may have read it, as those could which were made before this was seen to."""
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "not a file", _kind(found.st_mode), "a file of Callboard's own")
    if found.st_uid != os.geteuid():
        raise _of_another(path, found.st_uid)
    if found.st_nlink != 1:
        raise _refused(
            path, "it has a second name, under which others may write it", f"{found.st_nlink} names"
        )
    others = stat.S_IMODE(found.st_mode) & (0o022 if readable else 0o077)
    if others:
        raise _refused(
            path,
            "others may write it" if others & 0o022 else "others may read it",
            f"mode {stat.S_IMODE(found.st_mode):04o}",
            "mode 0600",
            "if nobody has changed it, take that right away (chmod 600); else remove it",
        )


def _kind(mode: int) -> str:
    return next((words for fits, words in _KINDS if fits(mode)), "a file")


def _of_another(path: Path, owner: int) -> NotOurs:
    return _refused(
        path,
        "it belongs to another user, who may have written what is in it",
        f"user {owner}; we are user {os.geteuid()}",
        "",
        "give it to us (chown), remove it, or name another directory",
    )


def _cannot(path: Path, error: Exception, done: str) -> NotOurs:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is no name of a file"
    hint = "make its directory writable for us, or name another one"
    if isinstance(error, OSError) and error.errno in _HINTS:
        hint = _HINTS[error.errno]
    found = ""
    with suppress(OSError, ValueError):
        there = path.lstat()
        kind = _kind(there.st_mode)
        if kind == "a file" and there.st_uid != os.geteuid():
            return _of_another(path, there.st_uid)
        found = "" if kind == "a file" else kind
    return _refused(path, f"it cannot be {done}: {why}", found, "", hint)


def _refused(path: Path, message: str, found: str = "", expected: str = "", hint: str = "") -> NotOurs:
    return NotOurs(
        Problem(message, where=str(path)[:400], found=found, expected=expected, hint=hint), code=NotOurs.code
    )
