"""From files to settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from callboard.base.config.environments import of_environment
from callboard.base.config.fill import Filler
from callboard.base.config.findings import ConfigFindings
from callboard.base.config.report import KeyOutcome, Level, Row
from callboard.base.config.source import ConfigReader
from callboard.base.config.tree import ConfigNode, Origin, at, merge
from callboard.base.config.watch import FileStamp
from callboard.base.errors import BadInputs, Problem
from callboard.base.settings import Settings
from callboard.base.yaml import Path as InnerPath
from callboard.base.yaml import path_text

__all__ = ["Checked", "LoadedConfig", "check", "load"]


class LoadedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, and how they came to be."""

    settings: Settings
    """What the files say, with a default for what they do not say."""

    report: tuple[Row, ...] = ()
    """What became of every key: absent values first, then section by section."""

    sources: tuple[FileStamp, ...] = ()
    """Every file that was read, `$file` and `$include` targets too, as it stood just before."""

    places: "_Places | None" = None

    @property
    def warnings(self) -> tuple[Row, ...]:
        """The rows that an operator should see at start."""
        return tuple(row for row in self.report if row.level is not Level.INFO)

    def written(self, *path: str | int) -> Origin | None:
        """Where the value at `path` was written, be it in a short form; None for a default."""
        return self.places.written(path) if self.places else None

    def place(self, *path: str | int) -> str:
        """Where the value at `path` was written, fit for an error: `app-config.yaml:12, kubernetes.clusterLocatorMethods[0]`.

        A path that was not written down answers the place of what it would stand in.
        """
        origin = self.places.origin(path) if self.places else None
        text = path_text(path)
        return f"{origin}, {text}" if origin else text


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at config files came to; `loaded` is None exactly when there are problems."""

    loaded: LoadedConfig | None
    problems: tuple[Problem, ...]
    report: tuple[Row, ...]
    sources: tuple[FileStamp, ...]


class _Places:
    """Keeps the merged tree to answer where a value stands, and shows nothing of it."""

    __slots__ = ("_root",)

    def __init__(self, root: ConfigNode) -> None:
        self._root = root

    def origin(self, path: InnerPath) -> Origin | None:
        for length in range(len(path), 0, -1):
            node = at(self._root, path[:length])
            if node is not None:
                return node.origin
        return None

    def written(self, path: InnerPath) -> Origin | None:
        node: ConfigNode | None = self._root
        for step in path:
            if node is None or not isinstance(node.value, dict | list):
                break  # a short form says all that would stand below it
            node = at(node, (step,))
        return node.origin if node is not None else None

    def __repr__(self) -> str:
        return "<places>"


def check(paths: Sequence[Path | str], env: Mapping[str, str]) -> Checked:
    """Read and merge `paths` in order, the last one winning, with `env` for variables; never raises for what is in them.

    Variables named `APP_CONFIG_…` come on top of all files, as in Backstage.
    """
    reader = ConfigReader(env)
    root = ConfigNode({}, Origin(str(paths[-1]) if paths else "no file"))
    for path in paths:
        node = reader.file(Path(path))
        if node is not None:
            root = merge(root, node)
    overrides = reader.overrides()
    if overrides is not None:
        root = merge(root, overrides)
    findings = ConfigFindings()
    for each in reader.unset:
        findings.rows.append(
            Row(
                path=each.path,
                outcome=KeyOutcome.UNSET,
                level=Level.WARNING,
                where=each.origin.where,
                line=each.origin.line,
                message=f"{each.variable} has no value: as if this key were not written",
            )
        )
    settings = Filler(findings).settings(of_environment(root, findings))
    problems = (*reader.problems, *findings.problems)
    told = [
        Row(
            path=problem.path,
            outcome=KeyOutcome.INVALID,
            level=Level.ERROR,
            where=problem.where,
            line=problem.line,
            message="; ".join(
                filter(None, (problem.message, f"expected {problem.expected}" if problem.expected else ""))
            ),
        )
        for problem in reader.problems
    ]
    report = (*told, *findings.rows)
    sources = tuple(reader.stamps.values())
    loaded = LoadedConfig(settings=settings, report=report, sources=sources, places=_Places(root))
    return Checked(loaded=None if problems else loaded, problems=problems, report=report, sources=sources)


def load(paths: Sequence[Path | str], env: Mapping[str, str]) -> LoadedConfig:
    """The settings that `paths` say together; `env` is usually `os.environ`.

    Raises BadInputs with every problem at once.
    """
    checked = check(paths, env)
    if checked.loaded is None:
        raise BadInputs(checked.problems)
    return checked.loaded
