"""JSON whose texts are not Unicode, as Kubernetes' own clients read it: what is none becomes U+FFFD.

One byte or half a character in one object would otherwise make a whole list unreadable.
"""

import re
from typing import Final

__all__ = ["mended"]

_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\[^\n]"
)
"""A pair of surrogates, half of one, or any other escape, which may be that of a backslash."""
_HALF: Final = len(rb"\ud800")
_LETTER: Final = b"\xef\xbf\xbd"


def mended(body: bytes) -> bytes:
    """The same JSON with texts that are Unicode: the very same object where they are already."""
    text = body
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            text = body.decode("utf-8", "replace").encode()
    if b"\\u" not in text:
        return text
    whole = _ESCAPES.sub(_replaced, text)
    return text if whole == text else whole


def _replaced(found: re.Match[bytes]) -> bytes:
    escape = found[0]
    return _LETTER if len(escape) == _HALF else escape
