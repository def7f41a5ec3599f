"""Objects by the hundred thousand: one JSON template a service, filled with each object's own values."""

import re
from collections.abc import Mapping
from random import Random
from typing import Final

import msgspec

__all__ = ["Fields", "Template", "later", "raw", "uid", "uid_of"]

Fields = Mapping[bytes, bytes]

_PLACES: Final = re.compile('"\ue002([a-z0-9]+)\ue003"|\ue001([a-z0-9]+)\ue003'.encode())


def later(name: str) -> str:
    """Stands in a template's string for the text of the field `name`."""
    return f"\ue001{name}\ue003"


def raw(name: str) -> str:
    """Stands in a template for the JSON value of the field `name`."""
    return f"\ue002{name}\ue003"


class Template:
    """A tree with places in it. `fill` gives its JSON; texts must need no escaping."""

    def __init__(self, tree: object) -> None:
        encoded = msgspec.json.encode(tree).replace(b"%", b"%%")
        self._format = _PLACES.sub(lambda m: b"%%(%b)b" % (m[1] or m[2]), encoded)

    def fill(self, fields: Fields) -> bytes:
        return self._format % fields


def uid(random: Random) -> str:
    """A random UUID, as API servers give them."""
    return uid_of(random.randbytes(16).hex())


def uid_of(digits: str) -> str:
    """32 hexadecimal digits as a version 4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
