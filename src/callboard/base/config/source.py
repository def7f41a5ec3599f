"""One file, with everything it refers to put in its place.

The rules are Backstage's ("Writing Backstage Configuration Files", and its loader's behaviour): a variable without a value
makes the whole value absent; `${VAR:-default}` also stands in for an empty one; `$${VAR}` is the text `${VAR}`; `$file` loses
blank space at its end; `$include` takes `.json`, `.yaml`, `.yml` with a `#dotted.path`; paths start at the file they stand in.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from callboard.base.config.tree import ConfigNode, Origin, shown
from callboard.base.config.watch import FileStamp, stamp
from callboard.base.errors import BadInputs, Problem
from callboard.base.yaml import Marks, Value, YamlDocument, path_text, read_document
from callboard.base.yaml import Path as InnerPath

__all__ = ["ConfigReader", "Unset"]

_VARIABLE = re.compile(r"\$?\$\{([^{}]*)\}")
_OVERRIDE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z][A-Za-z0-9]*)*")
_INCLUDES = ("$env", "$file", "$include")
_DEPTH = 10
MAX_FILE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unset:
    """A value that is absent because `variable` (or a part of an included file) has none."""

    path: str
    origin: Origin
    variable: str


@dataclass(frozen=True, slots=True)
class _Place:
    """The file a value is read from: its directory, its name, its lines, and the files that led here."""

    file: Path
    where: str
    document: YamlDocument
    chain: tuple[tuple[Path, str], ...]
    hidden: bool


@dataclass(slots=True)
class ConfigReader:
    """Reads files; collects what it read, what was wrong and what was absent."""

    env: Mapping[str, str]
    stamps: dict[Path, FileStamp] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unset: list[Unset] = field(default_factory=list)

    def file(self, path: Path) -> ConfigNode | None:
        """The config file at `path`; None when it is empty or cannot be read (a problem then says so)."""
        document = self._document(path, str(path), "", Origin(str(path)))
        if document is None or document.value is None:
            return None
        if not isinstance(document.value, dict):
            self._problem("not a config file", Origin(str(path), document.line), "", "a mapping of sections")
            return None
        place = _Place(path, str(path), document, ((path.resolve(), ""),), hidden=False)
        return self._node(document.value, place, (), ())

    def overrides(self) -> ConfigNode | None:
        """Backstage's `APP_CONFIG_a_b=value` variables: the value at `a.b`, read as JSON, or as text if it is none."""
        root: dict[str, ConfigNode] = {}
        for name in sorted(self.env):
            if not name.startswith("APP_CONFIG_"):
                continue
            text = self._variable(name)
            if not text:
                continue
            origin = Origin(f"environment variable {name}", hidden=True)
            steps = name.removeprefix("APP_CONFIG_").split("_")
            if not all(_OVERRIDE.fullmatch(step) for step in steps):
                self._problem("not a config key", origin, "", "APP_CONFIG_ and keys joined by _")
                continue
            try:
                value: Value = msgspec.json.decode(text)
                given = _bare(value, origin)
            except msgspec.DecodeError:
                value = text
                given = ConfigNode(value, origin)
            except RecursionError:
                self._problem("nested too deep", origin, ".".join(steps), "a value people can read")
                continue
            if value is None:  # Backstage refuses it, too: a variable cannot take a value of the files away
                self._problem(
                    "a variable cannot be null", origin, ".".join(steps), "a value, or no such variable"
                )
                continue
            items = root
            for step in steps[:-1]:
                inner = items.setdefault(step, ConfigNode({}, origin)).value
                if not isinstance(inner, dict):
                    self._problem("another variable gives this key a plain value", origin, step, "a mapping")
                    break
                items = inner
            else:
                items[steps[-1]] = given
        return ConfigNode(root, Origin("environment variables", hidden=True)) if root else None

    def _node(self, value: Value, place: _Place, path: InnerPath, inner: InnerPath) -> ConfigNode | None:
        """The node of `value`, at `path` in the config and `inner` in its file; None if it is absent."""
        origin = Origin(place.where, place.document.line_of(inner), place.hidden)
        if isinstance(value, str):
            text, missing = self._substitute(value)
            if text is None:
                self.unset.append(Unset(path_text(path), origin, missing))
                return None
            return ConfigNode(text, Origin(origin.where, origin.line, origin.hidden or text != value))
        if isinstance(value, list):
            items = [self._node(item, place, (*path, i), (*inner, i)) for i, item in enumerate(value)]
            return ConfigNode([item for item in items if item is not None], origin)
        if isinstance(value, dict):
            include = next((key for key in _INCLUDES if key in value), None)
            if include is not None:
                return self._include(include, value, place, path, origin)
            entries = {
                key: self._node(item, place, (*path, key), (*inner, key)) for key, item in value.items()
            }
            return ConfigNode({key: item for key, item in entries.items() if item is not None}, origin)
        return ConfigNode(value, origin)

    def _variable(self, name: str) -> str | None:
        """The text of a variable; None where it is not set, or (a problem then says so) holds bytes that are no text."""
        text = self.env.get(name)
        if text is None or _is_text(text):
            return text
        problem = Problem("not text", where=f"environment variable {name[:80]}", expected="text in UTF-8")
        if problem not in self.problems:
            self.problems.append(problem)
        return None

    def _substitute(self, text: str) -> tuple[str | None, str]:
        """`text` with its variables filled in; None, and the variable's name, where one has no value."""
        missing: list[str] = []

        def fill(match: re.Match[str]) -> str:
            if match[0].startswith("$$"):
                return match[0][1:]
            name, _, default = match[1].partition(":-")
            value = self._variable(name.strip())
            if ":-" in match[1] and not value:
                value = default.strip() or None
            if value is None:
                missing.append(name.strip())
                return ""
            return value

        filled = _VARIABLE.sub(fill, text)
        return (None, missing[0]) if missing else (filled, "")

    def _include(
        self, key: str, value: dict[str, Value], place: _Place, path: InnerPath, origin: Origin
    ) -> ConfigNode | None:
        at = path_text(path)
        if len(value) > 1:
            self._problem(f"{key} stands beside other keys", origin, at, f"{key} alone")
            return None
        if not isinstance(value[key], str):
            found = shown(ConfigNode(None if isinstance(value[key], dict | list) else value[key], origin))  # type: ignore[arg-type]
            self._problem(f"{key} does not name anything", origin, at, "a string", found=found)
            return None
        target, missing = self._substitute(str(value[key]))
        if target is None:  # as in Backstage: what is left out here would be another file, not a value
            self._problem(
                f"{key} names the variable {missing[:80]!r}, which is not set", origin, at, "a value for it"
            )
            return None
        if key == "$env":
            text = self._variable(target)
            if text is None:
                self.unset.append(Unset(at, origin, target))
                return None
            return ConfigNode(text, Origin(origin.where, origin.line, hidden=True))
        if key == "$file":
            text = self._text(place.file.parent / target, origin, at)
            return (
                None
                if text is None
                else ConfigNode(text.rstrip(), Origin(origin.where, origin.line, hidden=True))
            )
        return self._included(target, place, path, origin)

    def _included(self, target: str, place: _Place, path: InnerPath, origin: Origin) -> ConfigNode | None:
        name, _, fragment = target.partition("#")
        file, at = place.file.parent / name, path_text(path)
        step = (file.resolve(), fragment)
        if step in place.chain or len(place.chain) > _DEPTH:
            self._problem("$include leads back to itself", origin, at, f"a chain of at most {_DEPTH} files")
            return None
        document = self._document(file, str(file), at, origin)
        if document is None:
            return None
        value, inner = document.value, tuple(fragment.split(".")) if fragment else ()
        for part in inner:
            if not isinstance(value, dict):
                self._problem(
                    f"$include asks {file} for a key of what is no mapping", origin, at, "a path in the file"
                )
                return None
            if part not in value:
                self.unset.append(Unset(at, origin, f"{file}#{fragment}"))
                return None
            value = value[part]
        return self._node(
            value, _Place(file, str(file), document, (*place.chain, step), hidden=True), path, inner
        )

    def _document(self, file: Path, where: str, at: str, origin: Origin) -> YamlDocument | None:
        if file.suffix not in (".yaml", ".yml", ".json"):
            self._problem(f"no reader for {file.name}", origin, at, "a .yaml, .yml or .json file")
            return None
        text = self._text(file, origin, at)
        if text is None:
            return None
        try:
            if file.suffix == ".json" and text.strip():
                return YamlDocument(msgspec.json.decode(text), 1, Marks(1))
            return read_document(text, where)
        except BadInputs as error:
            self.problems.extend(error.problems)
        except (msgspec.DecodeError, RecursionError) as error:
            reason = str(error) if isinstance(error, msgspec.DecodeError) else "nested too deep"
            self._problem(f"not valid JSON: {reason}", Origin(where), "", "valid JSON")
        return None

    def _text(self, file: Path, origin: Origin, at: str) -> str | None:
        self.stamps[file] = stamp(file)  # before reading: a change meanwhile is seen at the next look
        try:
            with file.open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "cannot be read"
            named = "" if str(file) == origin.where else f"{file}: "
            self._problem(f"{named}{reason[0].lower()}{reason[1:]}", origin, at, "a file that can be read")
            return None
        if len(content) > MAX_FILE_BYTES:
            self._problem(f"{file} is too large", origin, at, f"at most {MAX_FILE_BYTES} bytes")
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self._problem(f"{file} is not text", origin, at, "text in UTF-8")
            return None

    def _problem(self, message: str, origin: Origin, path: str, expected: str, *, found: str = "") -> None:
        self.problems.append(
            Problem(message, where=origin.where, line=origin.line, path=path, found=found, expected=expected)
        )


def _is_text(value: str) -> bool:
    """Whether it was UTF-8: Python gives bytes of the environment that are not as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bare(value: Value, origin: Origin) -> ConfigNode:
    """`value`, all of it from one place."""
    if isinstance(value, dict):
        return ConfigNode({key: _bare(item, origin) for key, item in value.items()}, origin)
    if isinstance(value, list):
        return ConfigNode([_bare(item, origin) for item in value], origin)
    return ConfigNode(value, origin)
