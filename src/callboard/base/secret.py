"""A string that does not show itself."""

import hashlib
from typing import Final

__all__ = ["Secret"]


class Secret:
    """Holds a token, a password or a key so that no repr, log line, error or JSON can carry it by accident.

    `reveal()` is the only way to the value; call it where the bytes leave for the wire and nowhere else.
    `fingerprint` tells two secrets apart without telling either: the first 12 hex digits of their SHA-256. It is for
    noticing a change in memory (a rotated token), never for an identity: identities are named, not derived from tokens.
    `keyed` stands for the value in a key that never leaves the process.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value: Final = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when the value does."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:12]

    def keyed(self, key: bytes) -> str:
        """32 hex digits that differ where the value or `key` (at most 64 random bytes) does, and tell neither."""
        return hashlib.blake2b(self._value.encode(), key=key, digest_size=16).hexdigest()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not to be pickled")
