"""Many texts to compare with."""

from collections.abc import Iterable

import msgspec

__all__ = ["Texts"]


class Texts:
    """Many texts, written once for all statements that compare with them (`base.database.among`)."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.written = msgspec.json.encode(sorted(texts)).decode()
