"""Sessions that outlive a restart: a page that stands open goes on without signing in again.

The file holds hashes of session ids and when each ends, and the host name that their cookies belong to, for this user alone (mode
0600): whoever reads it has no cookie. What others may have written, and what is torn or of another version, is as if it were not
there. Remove it to end all sessions.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog

from callboard.base import own_files
from callboard.base.own_files import NotOurs

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
            file = own_files.read(self._path)
        except NotOurs as error:
            return self._refused(error.problem.message)
        if file is None:
            return KeptSessions()
        try:
            with file:
                content = msgspec.json.decode(file.read(_MOST_BYTES), type=_Content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._refused("it is torn, or of another version")
        except OSError as error:
            return self._refused(error.strerror or "it cannot be read")
        if content.version != _VERSION:
            return self._refused("it is of another version")
        return content.kept

    def write(self, kept: KeptSessions) -> None:
        """Replace what is there. Where that fails sessions end with this process, and the log says so."""
        content = msgspec.json.encode(_Content(_VERSION, kept))
        try:
            own_files.own_directory(self._path.absolute().parent)
            own_files.replace(self._path, lambda file: file.write(content))
        except (OSError, NotOurs) as error:
            _log.warning(
                "sessions could not be written: whoever is signed in has to sign in again after a restart",
                file=str(self._path),
                error=error.message if isinstance(error, NotOurs) else error.strerror,
            )

    def _refused(self, why: str) -> KeptSessions:
        _log.warning(
            "the sessions of before are not used, so everybody has to sign in again",
            file=str(self._path),
            error=why,
        )
        return KeptSessions()
