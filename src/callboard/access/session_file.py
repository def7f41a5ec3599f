"""Sessions that outlive a restart: a page that stands open goes on without signing in again.

The file holds hashes of session ids and when each ends, and the host name that their cookies belong to, for this user alone (mode
0600): whoever reads it has no cookie. What others may have written, and what is torn or of another version, is as if it were not
there. Remove it to end all sessions.
"""

import os
import secrets
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog

__all__ = ["KeptSession", "KeptSessions", "SessionFile"]

_VERSION: Final = 2
_MOST_BYTES: Final = 1024 * 1024

_log = structlog.get_logger(__name__)


class KeptSession(msgspec.Struct, frozen=True):
    """One session: as whom, and until when."""

    identity: str
    ends: datetime


class KeptSessions(msgspec.Struct, frozen=True):
    """All of them, by the SHA-256 of the session's id; `host` is the name that they were started at, "" for none of ours."""

    host: Annotated[str, msgspec.Meta(pattern="^(cb-[0-9a-f]{24})?$")] = ""
    sessions: dict[str, KeptSession] = {}


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    kept: KeptSessions


class SessionFile:
    """Reads once, at the start; written whole at each change, which is when somebody signs in or out."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> KeptSessions:
        """The sessions there were, ended ones included; none where the file cannot be trusted."""
        try:
            number = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return KeptSessions()
        except OSError as error:
            return self._refused(error.strerror or "it cannot be opened")
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            os.close(number)
            return self._refused("it is no file of ours")
        with os.fdopen(number, "rb") as file:
            if stat.S_IMODE(found.st_mode) & 0o077:
                return self._refused("others may read or write it")
            try:
                content = msgspec.json.decode(file.read(_MOST_BYTES), type=_Content)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return self._refused("it is torn, or of another version")
        if content.version != _VERSION:
            return self._refused("it is of another version")
        return content.kept

    def write(self, kept: KeptSessions) -> None:
        """Replace what is there. Where that fails sessions end with this process, and the log says so."""
        unfinished = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.unfinished")
        content = msgspec.json.encode(_Content(_VERSION, kept))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(content)
            unfinished.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            _log.warning(
                "sessions could not be written: whoever is signed in has to sign in again after a restart",
                file=str(self._path),
                error=error.strerror,
            )

    def _refused(self, why: str) -> KeptSessions:
        _log.warning(
            "the sessions of before are not used, so everybody has to sign in again",
            file=str(self._path),
            error=why,
        )
        return KeptSessions()
