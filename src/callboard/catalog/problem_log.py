"""What is wrong with the catalog's sources, told in the log: each problem once, and once more when it is mended."""

from collections.abc import Iterable
from typing import Any

import structlog

from callboard.base.errors import Problem

__all__ = ["ProblemLog"]

MOST = 20
"""Problems told one by one each time: a mount that is gone is one problem for each of its files, and the page has them all."""

log = structlog.get_logger(__name__)


class ProblemLog:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._told: frozenset[Problem] = frozenset()

    def tell(self, problems: Iterable[Problem]) -> None:
        """Log what has changed since the last time."""
        now = dict.fromkeys(problems)
        fresh = [p for p in now if p not in self._told]
        mended = sorted({p.where for p in self._told} - {p.where for p in now})
        self._told = frozenset(now)
        for problem in fresh[:MOST]:
            log.warning(
                "a part of the catalog cannot be used; what was known of it before stays until it is mended",
                **_fields(problem),
            )
        if len(fresh) > MOST:
            log.warning(
                "further problems in the catalog; the list of services names them all",
                count=len(fresh) - MOST,
            )
        for where in mended[:MOST]:
            log.info("a part of the catalog is in order again", file=where)


def _fields(problem: Problem) -> dict[str, Any]:
    """The parts that a problem has, under names of their own. None of them holds a secret (`Problem`)."""
    fields = {
        "file": problem.where,
        "line": problem.line,
        "path": problem.path,
        "problem": problem.message,
        "found": problem.found,
        "expected": problem.expected,
        "hint": problem.hint,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}
