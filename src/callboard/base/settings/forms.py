"""Forms a value may take in a config file, beyond the plain ones."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec

__all__ = [
    "DurationForm",
    "HumanDuration",
    "Interval",
    "Opaque",
    "Rest",
    "RestOptions",
    "Seconds",
    "SettingsStruct",
]


class SettingsStruct(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The base of every settings struct: frozen, keyword only, snake_case here and camelCase in the file."""


class DurationForm:
    """Marks a float that the file may write as a duration; it is always held in seconds.

    The forms are Backstage's: `{minutes: 5}`, `5m`, `PT5M`. Where `plain` is true a bare number of seconds will do;
    it is false for Backstage's own keys, where a bare number means something else from key to key. Where `off` is true the
    file may say `false` for never, held as infinity.
    """

    def __init__(self, *, plain: bool, off: bool = False) -> None:
        self.plain: Final = plain
        self.off: Final = off


Seconds = Annotated[float, DurationForm(plain=True)]
"""A time span in seconds, for Callboard's own keys."""

HumanDuration = Annotated[float, DurationForm(plain=False)]
"""A time span in seconds, for Backstage's keys."""


Interval = Annotated[float, DurationForm(plain=False, off=True)]
"""A time span in seconds between two runs, for Backstage's keys; `false` is infinity."""


class Rest:
    """Marks the `Opaque` field of a struct that takes every key its other fields do not."""


class Opaque(Mapping[str, object]):
    """A mapping from the file that somebody else understands (a plugin's own options). It does not show its values."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self._values: Final = dict(values or {})

    def __getitem__(self, key: str) -> object:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Opaque(keys={sorted(self._values)})"


RestOptions = Annotated[Opaque, Rest()]
"""Every key that the struct's other fields do not take."""
