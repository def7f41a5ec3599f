"""What looks like a secret in a line of a log that is shown without being asked for. Pure.

A log is its software's own, and who may read it reads it as it is. The one line on a page is seen by everyone who passes by,
copied into chats and put on walls.
"""

import re
from typing import Final

__all__ = ["masked"]

_HIDDEN: Final = "(hidden)"
_SECRETS: Final = (
    (
        re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@:]{0,200}:[^\s/@]{1,300}@", re.IGNORECASE),
        rf"\1{_HIDDEN}@",
    ),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            r"""((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?["']?\s*[=:]\s*["']?)[^\s"',;&]{3,}""",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), _HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), _HIDDEN),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}\b"), _HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*"), _HIDDEN),
)


def masked(line: str) -> str:
    """The line without passwords in addresses, tokens, and values whose name says that they are secret."""
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line
