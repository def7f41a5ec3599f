"""`callboard sessions`: which browsers are signed in, and ending their sessions."""

from pathlib import Path

import click

from callboard.base.errors import UsageError
from callboard.cli.options import config_option
from callboard.cli.running import with_access
from callboard.cli.text import plain
from callboard.cli.wiring import Wiring

__all__ = ["sessions"]


@click.group()
def sessions() -> None:
    """Sessions of browsers that signed in to a server on the database of `backend.database`.

    One lasts eight hours at most, and two hours without a request.
    """


@sessions.command("list")
@config_option
@click.pass_obj
def list_(wiring: Wiring, configs: tuple[Path, ...]) -> None:
    """List the sessions that go on, the newest first.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 wrong usage or configuration.
    """
    found = with_access(wiring, configs, lambda tools: tools.sessions())
    for each in found:
        click.echo(
            f"{each.id}  {plain(each.subject, 100)} at {plain(each.place, 100)}, began {each.began:%Y-%m-%d %H:%M} UTC, "
            f"last seen {each.seen:%H:%M}, until {each.ends:%H:%M}"
        )
    if not found:
        click.echo("Nobody is signed in.")


@sessions.command()
@config_option
@click.argument("id_", metavar="[ID]", default="")
@click.option("--all", "all_", is_flag=True, help="Sign out everybody, everywhere.")
@click.pass_obj
def end(wiring: Wiring, configs: tuple[Path, ...], id_: str, all_: bool) -> None:
    """End the session of that ID, or all; their pages and streams end within some twenty seconds.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 there is no such session.
    """
    if bool(id_) == all_:
        raise UsageError("Name one session by its ID, or say --all.")
    if all_:
        click.echo(f"Sessions ended: {with_access(wiring, configs, lambda tools: tools.end_all_sessions())}.")
        return
    with_access(wiring, configs, lambda tools: tools.end_session(id_))
    click.echo(f"Session {plain(id_, 40)} has ended.")
