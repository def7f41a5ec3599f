"""Short foreign texts: names, kinds, reasons, references. Kubernetes bounds each of them far below what is read here."""

from typing import Annotated, Final

import msgspec

__all__ = ["LONGEST_NAME", "Name"]

LONGEST_NAME: Final = 1024
"""Characters: names of objects have 253 at most, reasons 1024, references to images some 500."""

Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
"""An object with a longer one is none that an API server keeps, and is told as one that cannot be read."""
