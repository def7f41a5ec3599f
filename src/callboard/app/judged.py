"""By what objects were judged when they came: what a checkpoint keeps of that is worth nothing to another Callboard."""

import hashlib
from functools import cache
from pathlib import Path

from callboard.diagnosis.rules.registry import rules_digest
from callboard.model import outline

__all__ = ["judged_by"]


@cache
def judged_by() -> str:
    """A short text that changes whenever what is well may be another: with the rules, or with what of an object they are
    spared. Reads files; call it before anything is served."""
    spared = Path(outline.__file__).read_bytes()
    return hashlib.sha256(rules_digest().encode() + spared).hexdigest()[:16]
