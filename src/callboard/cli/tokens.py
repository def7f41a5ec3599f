"""`callboard tokens`: make one for a pipeline or a script, list them, revoke one."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from callboard.base.errors import UsageError
from callboard.cli.options import config_option
from callboard.cli.running import with_access
from callboard.cli.text import plain
from callboard.cli.wiring import TokenDocument, Wiring
from callboard.model.permission import NOT_YET, Action

__all__ = ["tokens"]

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


@click.group()
def tokens() -> None:
    """Tokens by which pipelines and scripts read the JSON API, as `Authorization: Bearer TOKEN`.

    They are kept as hashes in the database of `backend.database`. Every server on that database knows of a new one, and of one
    that was revoked, within five seconds.
    """


@tokens.command()
@config_option
@click.option("--for", "service", required=True, metavar="NAME", help="Who uses it: a pipeline, a script.")
@click.option(
    "--may",
    multiple=True,
    required=True,
    type=click.Choice([str(action) for action in Action if action not in NOT_YET]),
    help="What it may do; may be given several times.",
)
@click.option(
    "--until",
    required=True,
    metavar="WHEN",
    help="Its end: 90d, 12h, or a date as 2027-01-31 (UTC). At most 366 days from now.",
)
@click.pass_obj
def create(wiring: Wiring, configs: tuple[Path, ...], service: str, may: tuple[str, ...], until: str) -> None:
    """Make a token. It is shown this once: on standard output, alone; all else goes to standard error.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 wrong usage or configuration.
    """
    ends = _moment(until, datetime.now(UTC))
    made, token = with_access(wiring, configs, lambda tools: tools.make_token(service, may, ends))
    click.echo(
        f"Token {made.id} for {made.service}, until {_day(made.ends)}. It is not shown again:", err=True
    )
    click.echo(token.reveal())


@tokens.command("list")
@config_option
@click.pass_obj
def list_(wiring: Wiring, configs: tuple[Path, ...]) -> None:
    """List all tokens, the newest first: for whom, for what, until when, and when they were used last.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 wrong usage or configuration.
    """
    _tell(with_access(wiring, configs, lambda tools: tools.tokens()))


@tokens.command()
@config_option
@click.argument("id_", metavar="ID")
@click.pass_obj
def revoke(wiring: Wiring, configs: tuple[Path, ...], id_: str) -> None:
    """End a token for good; the list shows its ID.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 there is none of this ID that could still be used.
    """
    with_access(wiring, configs, lambda tools: tools.revoke_token(id_))
    click.echo(f"Token {plain(id_, 40)} is revoked; servers on this database know it within five seconds.")


def _moment(text: str, now: datetime) -> datetime:
    if found := re.fullmatch(r"([1-9][0-9]{0,3})([hd])", text):
        return now + int(found[1]) * _UNITS[found[2]]
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return day + timedelta(days=1)  # that day included
    except (ValueError, OverflowError):
        raise UsageError(f"--until is 90d, 12h or a date as 2027-01-31, not {text!r}.") from None


def _tell(found: Sequence[TokenDocument]) -> None:
    if not found:
        click.echo("There is no token.")
    for each in found:
        state = f"revoked {_day(each.revoked)}" if each.revoked else f"until {_day(each.ends)}"
        used = f"last used {each.used:%Y-%m-%d %H:%M} UTC" if each.used else "never used"
        if not each.revoked and each.ends <= datetime.now(UTC):
            state = f"ended {_day(each.ends)}"
        click.echo(
            f"{each.id}  {plain(each.service, 100)}  {state}, {used}\n              may {', '.join(each.may)}"
        )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
