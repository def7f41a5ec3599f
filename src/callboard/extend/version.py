"""The door's own version, and what an extension says it needs of it.

`MAJOR.MINOR.PATCH`, as semantic versioning has it: a minor version adds, a major one may take away. It is not Callboard's own
version. An extension says which it was written for with `CALLBOARD_API = "1.2"` beside its hooks: the module that its entry
point names, or the object. Where that does not fit, nothing of it is asked.
"""

import re
from typing import Final

__all__ = ["API_VERSION", "ATTRIBUTE", "numbers_of", "version_problem"]

API_VERSION: Final = "1.2.0"
ATTRIBUTE: Final = "CALLBOARD_API"

_FORM: Final = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")


def numbers_of(version: str) -> tuple[int, int, int]:
    """(major, minor, patch). Raises ValueError for what is no version."""
    found = _FORM.fullmatch(version)
    if found is None:
        raise ValueError(f"{version!r} is no version")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def version_problem(needed: object, have: str) -> str:
    """Why an extension that says it needs this cannot be used with what we have, in a clause; "" where it can or says nothing."""
    if needed is None:
        return ""
    try:
        major, minor, patch = numbers_of(needed if isinstance(needed, str) else "")
    except ValueError:
        return f'its {ATTRIBUTE} is no version: expected is a text like "{have.rpartition(".")[0]}"'
    ours = numbers_of(have)
    told = f"it was written for version {needed} of callboard.extend, and here is {have}"
    if major != ours[0]:
        return f"{told}: use a version of it for {ours[0]}, or {'a later' if major > ours[0] else 'an earlier'} Callboard"
    if (minor, patch) > ours[1:]:
        return f"{told}: use a later Callboard, or an earlier version of it"
    return ""
