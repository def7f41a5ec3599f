"""Encrypts what has to be put out of our hands: cookies of sign-ins under way, tokens of providers in the database."""

import base64
import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callboard.base.secret import Secret

__all__ = ["LEAST_CHARACTERS", "Sealer"]

LEAST_CHARACTERS: Final = 16
"""Of a configured secret."""
_SALT: Final = b"callboard sealing 1"


class Sealer:
    """Seals under the first of `keys` and opens what any of them sealed; without any, under a key that ends with the process.

    What is sealed for one `purpose` cannot be opened for another.
    """

    def __init__(self, keys: Sequence[Secret] = ()) -> None:
        self.lasting = bool(keys)
        """Whether what is sealed can be opened after a restart."""
        self._keys = tuple(key.reveal().encode() for key in keys) or (secrets.token_bytes(32),)
        self._made: dict[str, MultiFernet] = {}

    def seal(self, text: str, purpose: str) -> str:
        """As text that fits a cookie or a column."""
        return self._for(purpose).encrypt(text.encode()).decode()

    def open(self, sealed: str, purpose: str) -> str | None:
        """What was sealed; None for what none of our keys has sealed for this purpose, or was changed."""
        try:
            return self._for(purpose).decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            return None

    def _for(self, purpose: str) -> MultiFernet:
        if purpose not in self._made:
            self._made[purpose] = MultiFernet([Fernet(_key(each, purpose)) for each in self._keys])
        return self._made[purpose]


def _key(secret: bytes, purpose: str) -> bytes:

    derived = HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=purpose.encode()).derive(secret)
    return base64.urlsafe_b64encode(derived)
