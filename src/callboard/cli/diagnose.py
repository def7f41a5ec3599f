"""`callboard diagnose`: the findings of what kubectl wrote, with no server, no cluster and no configuration."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from callboard.base.errors import BadInput, Problem, UsageError
from callboard.cli.options import json_option
from callboard.cli.status_text import status_lines
from callboard.cli.text import json_text, say, terminal_of

__all__ = ["diagnose"]

STDIN: Final = "-"


@click.command()
@click.argument("sources", metavar="[FILE]...", nargs=-1)
@click.option(
    "-f",
    "--filename",
    "named",
    metavar="FILE",
    multiple=True,
    help="A file to read, as for kubectl; may be given several times. Each file is a cluster.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="When it was written (2026-05-01T12:00:00Z): how long something has lasted is told as of then. Without it now for "
    "standard input, and for a file when it was last changed.",
)
@click.option(
    "--require-all",
    is_flag=True,
    help="Exit with 2 when anything could not be told, even where something is known to be unhealthy.",
)
@json_option
def diagnose(
    sources: tuple[str, ...], named: tuple[str, ...], at: str | None, require_all: bool, as_json: bool
) -> int:
    """Say what is wrong with what kubectl wrote: no server, no cluster and no configuration.

    \b
      kubectl get pods,deploy,rs,sts,ds,job,hpa,pvc,events,nodes -o json | callboard diagnose -
      callboard diagnose -f eu-west-3.json -f us-east-1.yaml

    FILE is JSON or YAML: a List, a single object, or several documents; - is standard input. Each file is a cluster, and
    everything in the files is the service. What they do not hold is unknown: give pods and events too.

    \b
    Exit codes:
      0  healthy, and everything that decides it was in the input
      1  unhealthy, not ready yet, or nothing that runs
      2  could not tell: what decides was missing or could not be read
      3  wrong usage: a file that is not there, or is neither JSON nor YAML
    """
    # A second of imports, which the list of commands does not need.
    from callboard.portal.documents.status_writer import document_of
    from callboard.portal.offline.manifests import MOST_BYTES, read_manifests
    from callboard.portal.offline.offline import OfflineCluster, offline_view

    paths = (*sources, *named)
    if not paths:
        raise UsageError(
            "Name a file to diagnose, or - for standard input: kubectl get pods,events -o json | callboard diagnose -"
        )
    if paths.count(STDIN) > 1:
        raise UsageError("Standard input can be read only once.")
    written = _moment(at)
    clusters = []
    for path in paths:
        text, changed = _read(path, MOST_BYTES)
        name = "stdin" if path == STDIN else path
        clusters.append(
            OfflineCluster(
                name="input" if path == STDIN else Path(path).stem[:200] or path,
                content=read_manifests(text, name),
                as_of=written or changed,
            )
        )
    document = document_of(offline_view(_title(paths), clusters), require_all=require_all)
    if as_json:
        say(json_text(document))
    else:
        say("\n".join(status_lines(document, terminal_of(sys.stdout))))
    return document.conclusion.exit_code


def _title(paths: Sequence[str]) -> str:
    return "input" if len(paths) != 1 or paths[0] == STDIN else Path(paths[0]).stem[:200] or "input"


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"--at is a time such as 2026-05-01T12:00:00Z, not {written[:64]!r}.") from None


def _read(path: str, most: int) -> tuple[bytes, datetime]:
    """The text, at most one byte more than `most`, and when it was written."""
    now = datetime.now(UTC)
    if path == STDIN:
        return sys.stdin.buffer.read(most + 1), now
    try:
        with Path(path).open("rb") as file:
            text = file.read(most + 1)
            changed = Path(path).stat().st_mtime
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise BadInput(Problem("cannot be read", where=path, found=found, expected="a file")) from None
    try:
        return text, min(datetime.fromtimestamp(changed, UTC), now)
    except (OverflowError, ValueError, OSError):
        return text, now
