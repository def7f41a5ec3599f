"""Where policies come from: files of the operator's, the ready ones, and what a setting says in short."""

from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from callboard.base.errors import BadInput, BadInputs, Problem
from callboard.base.settings import PoliciesSettings

__all__ = ["MOST_BYTES", "MOST_FILES", "PolicySource", "policy_files", "sources_of"]

MOST_FILES: Final = 100
MOST_BYTES: Final = 1_048_576
"""Of all files together: some ten thousand lines."""

_SET_UP = "callboard.access.policies"


class PolicySource(msgspec.Struct, frozen=True):
    """One text of policies, and what to call it in an error."""

    name: str
    text: str


def policy_files(settings: PoliciesSettings, directory: Path) -> tuple[Path, ...]:
    """The files that the settings name, globs resolved, in the order in which they are read."""
    found: list[Path] = []
    for named in settings.files:
        pattern = str(directory / Path(named).expanduser())
        is_glob = any(c in named for c in "*?[")
        found += sorted(_globbed(pattern)) if is_glob else [Path(pattern)]
    return tuple(dict.fromkeys(found))


def _globbed(pattern: str) -> Iterable[Path]:
    """At most some more than may be read: that there are too many is told."""
    path = Path(pattern).absolute()
    return islice(Path(path.anchor).glob(str(path.relative_to(path.anchor))), 2 * MOST_FILES)


def sources_of(settings: PoliciesSettings, directory: Path) -> tuple[PolicySource, ...]:
    """All texts that are in force by these settings. It reads files: call it in a thread. Raises BadInputs."""
    found: list[PolicySource] = []
    if settings.in_force is not None:
        found.append(_ready(settings.in_force))
    if settings.admins:
        found.append(PolicySource(f"{_SET_UP}.admins", _admins(settings.admins)))
    return (*found, *_read(settings, directory))


def _ready(name: str) -> PolicySource:
    file = resources.files("callboard.access.policies") / "ready" / f"{name}.cedar"
    return PolicySource(f"ready policy {name}", file.read_text(encoding="utf-8"))


def _admins(refs: Sequence[str]) -> str:
    """Whoever looks after Callboard may do everything."""
    return "".join(
        f'@id("admins")\npermit (principal in Group::{_quoted(ref.lower())}, action, resource);\n'
        for ref in refs
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _read(settings: PoliciesSettings, directory: Path) -> list[PolicySource]:
    files = policy_files(settings, directory)
    problems: list[Problem] = []
    if settings.files and not files:
        problems.append(
            Problem("no file of policies is there", where=f"{_SET_UP}.files", found=", ".join(settings.files))
        )
    if len(files) > MOST_FILES:
        problems.append(
            Problem(
                "there are too many files of policies",
                where=f"{_SET_UP}.files",
                found=str(len(files)),
                expected=f"at most {MOST_FILES}",
            )
        )
    found: list[PolicySource] = []
    left = MOST_BYTES
    for path in files[:MOST_FILES]:
        try:
            with path.open("rb") as file:
                data = file.read(left + 1)
            text = data.decode()
        except OSError as error:
            problems.append(Problem("cannot be read", where=str(path), found=error.strerror or "an error"))
            continue
        except UnicodeDecodeError:
            problems.append(
                Problem("is not UTF-8", where=str(path), expected="policies in Cedar, written as UTF-8")
            )
            continue
        left -= len(data)
        if left < 0:
            problems.append(
                Problem(
                    "the files of policies are too long together",
                    where=str(path),
                    expected=f"at most {MOST_BYTES} bytes",
                )
            )
            break
        found.append(PolicySource(str(path), text))
    if problems:
        raise BadInputs(tuple(problems)) if len(problems) > 1 else BadInput(problems[0])
    return found
