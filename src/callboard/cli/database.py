"""`callboard database`: at which version the tables are, forward, and one version back."""

from collections.abc import Sequence
from pathlib import Path

import click

from callboard.cli.exits import Exit
from callboard.cli.options import config_option
from callboard.cli.running import run
from callboard.cli.wiring import StoreTables, Wiring

__all__ = ["database"]


@click.group()
def database() -> None:
    """The tables that Callboard keeps, in the database of `backend.database`.

    The server brings them to its own version when it starts; these commands are for doing so before, and for going back.
    """


@database.command()
@config_option
@click.pass_obj
def status(wiring: Wiring, configs: tuple[Path, ...]) -> int:
    """Tell at which version the tables of each store are. Nothing is changed.

    \b
    Exit codes: 0 all at the newest; 1 not all; 2 the database does not answer; 3 wrong usage or configuration.
    """
    found = run(wiring.tables(configs))
    _tell(found)
    return Exit.FINE if all(each.version == each.newest for each in found) else Exit.TROUBLE


@database.command()
@config_option
@click.pass_obj
def upgrade(wiring: Wiring, configs: tuple[Path, ...]) -> None:
    """Bring the tables of all stores to the version of this Callboard, as the server does when it starts.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 wrong usage or configuration, or tables of a newer Callboard.
    """
    _tell(run(wiring.tables(configs, forward=True)))


@database.command()
@config_option
@click.option("--store", required=True, metavar="NAME", help="Whose tables; the status names them.")
@click.pass_obj
def back(wiring: Wiring, configs: tuple[Path, ...], store: str) -> None:
    """Bring the tables of one store back by one version, for an older Callboard. End every server on them first.

    \b
    Exit codes: 0 done; 2 the database does not answer; 3 wrong usage or configuration, or no version before.
    """
    _tell(run(wiring.tables(configs, back=store)))


def _tell(found: Sequence[StoreTables]) -> None:
    for place in dict.fromkeys(each.place for each in found):
        click.echo(place)
    for each in found:
        click.echo(f"  {each.store:<12} {_words(each)}")


def _words(each: StoreTables) -> str:
    if each.version is None:
        return f"no tables yet (this Callboard makes version {each.newest})"
    if not each.known:
        return f"version {each.version}, which a newer Callboard made: this one knows up to {each.newest}"
    if each.version != each.newest:
        return f"version {each.version}; this Callboard brings them to {each.newest}"
    return f"version {each.version}, the newest"
