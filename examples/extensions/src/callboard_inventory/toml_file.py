"""A TOML file that is read again when it changes."""

import tomllib
from pathlib import Path
from typing import Any

from callboard.extend import BadInput, PartConfig, Problem, Unavailable


class TomlFile:
    """One file, parsed at most once for each of its states."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._content: dict[str, Any] = {}

    @classmethod
    def named_by(cls, config: PartConfig) -> "TomlFile":
        """The file that the section's `file` names."""
        file = config.options.get("file")
        if not isinstance(file, str) or not file:
            raise BadInput(
                Problem(
                    "the file is missing", where=config.where, path="file", expected="the path of a TOML file"
                )
            )
        return cls(Path(config.base_dir, file))

    def content(self) -> dict[str, Any]:
        """Blocking, for one small file: call it in a thread. Raises Unavailable or BadInput."""
        try:
            stat = self.path.stat()
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if stamp != self._stamp:
                self._content = tomllib.loads(self.path.read_text(encoding="utf-8"))
                self._stamp = stamp
        except OSError as error:
            raise Unavailable(f"{self.path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(Problem(f"is not TOML: {error}", where=str(self.path))) from None
        return self._content
