"""Files that a kubeconfig or a configuration names: tokens, certificates. Whatever stands at the path, reading it ends."""

import os
import stat
from typing import Final

__all__ = ["MOST_BYTES", "read_named_file"]

MOST_BYTES: Final = 1024 * 1024


def read_named_file(path: str, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file of at most `most` bytes. Blocking, but never for what is no file (a pipe, a device).

    Raises OSError where it cannot be opened, ValueError for what is no path, no regular file, or too large.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError("too large")
    return content
