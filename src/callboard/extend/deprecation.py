"""Names of the door that are going to go: they work as before, and say so.

A name is declared here with what to use instead, since which version it warns and which takes it away; that is a major
version, and two minor ones have warned before. A class or constant leaves its module's namespace for `former`, from where
`callboard.extend` still gives it; an attribute is a property that calls `DEPRECATIONS.met`; a hook is only declared.

Who meets one is told in the log, once for each extension and name, with the extension's name; Python's own DeprecationWarning
shows it to whoever runs the extension's tests.
"""

import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final

import msgspec
import structlog

from callboard.extend.version import numbers_of

__all__ = ["DEPRECATIONS", "Deprecation", "Deprecations"]

MOST_USERS: Final = 500
"""Packages that are remembered as users."""
WARNS_FOR: Final = 2
"""Minor versions that warn before a name goes."""

_log = structlog.get_logger(__name__)


class Deprecation(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is going to go. Raises ValueError where its versions do not leave enough time."""

    name: str
    """As an extension writes it: `Card`, `Card.order`, `callboard_cards`."""
    instead: str
    """What to use instead, in a clause: "use Panel"."""
    since: str
    """The version from which on it warns."""
    gone: str
    """The major version in which it is gone."""

    def __post_init__(self) -> None:
        since, gone = numbers_of(self.since), numbers_of(self.gone)
        if gone[1:] != (0, 0) or gone[0] <= since[0]:
            raise ValueError(
                f"{self.name}: a name goes with a major version after {self.since}, not with {self.gone}"
            )

    def may_go_after(self, last: str) -> bool:
        """Whether enough minor versions have warned by `last`, the last one before the next major version."""
        since, until = numbers_of(self.since), numbers_of(last)
        return until[0] > since[0] or until[1] - since[1] + 1 >= WARNS_FOR

    def __str__(self) -> str:
        return f"{self.name} of callboard.extend is going to go in version {self.gone}: {self.instead}"


class Deprecations:
    """Those that are declared, and who met them."""

    def __init__(self) -> None:
        self._known: dict[str, Deprecation] = {}
        self._values: dict[str, object] = {}
        self._owners: dict[str, str] = {}
        self._met: dict[str, dict[str, Deprecation]] = {}
        self._lock = threading.Lock()

    @property
    def known(self) -> Mapping[str, Deprecation]:
        """All, by name."""
        return dict(self._known)

    @property
    def formers(self) -> Mapping[str, object]:
        """What the names stand for that `callboard.extend` gives to who still asks for them; nobody is told."""
        return dict(self._values)

    def declare(self, *deprecations: Deprecation) -> None:
        """These are going to go."""
        self._known |= {each.name: each for each in deprecations}

    def former(self, deprecation: Deprecation, value: object) -> None:
        """A class, function or constant that `callboard.extend` gives no more but to who still asks for it."""
        self.declare(deprecation)
        self._values[deprecation.name] = value

    @contextmanager
    def pretended(self) -> Iterator[None]:
        """What is declared and met meanwhile is forgotten afterwards: for tests."""
        before = self._known, self._values, self._owners, self._met
        self._known, self._values, self._owners, self._met = (dict(each) for each in before)  # type: ignore[assignment]
        try:
            yield
        finally:
            self._known, self._values, self._owners, self._met = before

    def value_of(self, name: str) -> object:
        """What such a name stands for. Raises AttributeError where there is none."""
        if name not in self._values:
            raise AttributeError(f"module 'callboard.extend' has no attribute {name!r}")
        self.met(name)
        return self._values[name]

    def belongs(self, package: str, extension: str) -> None:
        """What this package meets, this extension does."""
        if len(self._owners) < MOST_USERS:
            self._owners[package] = extension

    def met(self, name: str, extension: str = "") -> None:
        """Somebody uses a name: the extension, or whoever is nearest among those who call. Nothing where it is not declared."""
        deprecation = self._known.get(name)
        if deprecation is None:
            return
        package, level = _calling()
        user = extension or self._owners.get(package, package)
        with self._lock:
            if user not in self._met and len(self._met) >= MOST_USERS:
                return
            told = self._met.setdefault(user, {})
            new = name not in told
            told[name] = deprecation
        if new:
            _log.warning(
                "an extension uses a name of callboard.extend that is going to go",
                extension=user,
                name=name,
                instead=deprecation.instead,
                gone=deprecation.gone,
            )
        if not extension:  # whoever calls is in the stack
            warnings.warn(str(deprecation), DeprecationWarning, stacklevel=level)

    def met_by(self, extension: str) -> tuple[Deprecation, ...]:
        """What an extension has met so far, by name."""
        with self._lock:
            found = self._met.get(extension, {})
            return tuple(found[name] for name in sorted(found))


DEPRECATIONS: Final = Deprecations()
"""The door's own. None at present."""


def _calling() -> tuple[str, int]:
    """The top package of whoever called the door, and how far up that is; "" where nobody but ours did."""
    frame: FrameType | None = sys._getframe(2)
    level = 2
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in ("callboard", "importlib", "_frozen_importlib", "pluggy"):
            return package, level
        frame, level = frame.f_back, level + 1
    return "", 2
