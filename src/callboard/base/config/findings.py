"""Collects what is told about a config: problems that refuse it, and a row for every key."""

from dataclasses import dataclass, field

import msgspec

from callboard.base.config.report import KeyOutcome, Level, Row
from callboard.base.config.tree import ConfigNode, Origin, shown
from callboard.base.errors import Problem
from callboard.base.yaml import Path, path_text

__all__ = ["ConfigFindings"]


@dataclass(slots=True)
class ConfigFindings:
    """A config with any of `problems` is refused; `rows` say what became of every key, problems included."""

    problems: list[Problem] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def row(
        self, path: Path, outcome: KeyOutcome, origin: Origin, level: Level = Level.INFO, message: str = ""
    ) -> None:
        """Say what became of the key at `path`."""
        self.rows.append(
            Row(
                path=path_text(path),
                outcome=outcome,
                level=level,
                where=origin.where,
                line=origin.line,
                message=message,
            )
        )

    def warn(
        self, node: ConfigNode, path: Path, message: str, outcome: KeyOutcome = KeyOutcome.CAUTION
    ) -> None:
        """Say something about a key that does not refuse the config."""
        self.row(path, outcome, node.origin, Level.WARNING, message)

    def without_effect(self, path: Path, message: str) -> None:
        """What is said at `path` and below is not acted on, for the reason in `message`: so nothing there refuses the config."""
        self.problems = [p for p in self.problems if not _within(p.path, path)]
        for i, row in enumerate(self.rows):
            if row.outcome in (KeyOutcome.USED, KeyOutcome.INVALID, KeyOutcome.UNKNOWN) and _within(
                row.path, path
            ):
                wrong = f"; it would be wrong, too: {row.message}" if row.level is Level.ERROR else ""
                self.rows[i] = msgspec.structs.replace(
                    row, outcome=KeyOutcome.UNUSED, level=Level.WARNING, message=message + wrong
                )

    def problem(
        self,
        node: ConfigNode,
        path: Path,
        message: str,
        *,
        found: str = "",
        expected: str = "",
        hint: str = "",
        outcome: KeyOutcome = KeyOutcome.INVALID,
    ) -> None:
        """Refuse the config because of the key at `path`; `found` must be safe to show."""
        origin = node.origin
        problem = Problem(
            message,
            where=origin.where,
            line=origin.line,
            path=path_text(path),
            found=found,
            expected=expected,
            hint=hint,
        )
        self.problems.append(problem)
        words = [message, f"found {found}" if found else "", f"expected {expected}" if expected else "", hint]
        self.row(path, outcome, origin, Level.ERROR, "; ".join(filter(None, words)))

    def invalid(
        self, node: ConfigNode, path: Path, expected: str, *, secret: bool = False, hint: str = ""
    ) -> None:
        """Refuse the config because the value of `node` will not do."""
        found = shown(node, secret=secret)
        self.problem(node, path, "this value will not do", found=found, expected=expected, hint=hint)

    def missing(self, node: ConfigNode, path: Path) -> None:
        """Refuse the config because `node`, a mapping, lacks the key that ends `path`."""
        self.problem(node, path, "missing", expected=f"'{path_text(path[-1:])}'")


def _within(text: str, path: Path) -> bool:
    place = path_text(path)
    return text == place or (text.startswith(place) and text[len(place)] in ".[")
