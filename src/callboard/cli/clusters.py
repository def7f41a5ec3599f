"""`callboard clusters`: which clusters are configured, and what they say to us."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import msgspec

from callboard.cli.exits import Exit
from callboard.cli.options import config_option, json_option, names
from callboard.cli.running import with_portal
from callboard.cli.text import Terminal, json_text, plain, say, table, terminal_of
from callboard.cli.wiring import OpenedPortal, Wiring
from callboard.extend.parts import Supplied
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster

if TYPE_CHECKING:
    from callboard.portal.operations import FleetCheck

__all__ = ["clusters"]


@click.group()
def clusters() -> None:
    """The clusters that are configured."""


class ClusterRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A configured cluster, without its CA and its auth metadata."""

    name: str
    title: str
    server: str
    auth_provider: str
    skip_tls_verify: bool
    labels: dict[str, str]
    source: str


@clusters.command("list")
@config_option
@json_option
@click.pass_obj
def list_clusters(wiring: Wiring, configs: tuple[Path, ...], as_json: bool) -> int:
    """List the clusters and who brings them. No cluster is asked anything.

    \b
    Exit codes: 0 listed, also where there is none; 2 a source of clusters failed, so there may be more; 3 wrong usage.
    """

    async def ask(opened: OpenedPortal) -> Supplied:
        return await opened.operations.clusters(Caller.loopback())

    supplied = with_portal(wiring, configs, ask)
    rows = [_row(cluster) for cluster in supplied.clusters]
    if as_json:
        say(json_text({"clusters": rows, "notices": supplied.notices}))
    else:
        say("\n".join(_listed(rows, terminal_of(sys.stdout))))
        for notice in supplied.notices:
            click.echo(f"callboard: {plain(notice.message, 600)}", err=True)
    return Exit.COULD_NOT_TELL if any(n.gap for n in supplied.notices) else Exit.FINE


@clusters.command("check")
@click.argument("cluster_names", metavar="[CLUSTER]...", nargs=-1)
@config_option
@click.option(
    "--namespaces",
    metavar="A,B",
    default="",
    callback=names,
    help="Ask what may be read in these namespaces; without it in all of them at once.",
)
@json_option
@click.pass_obj
def check_clusters(
    wiring: Wiring,
    cluster_names: tuple[str, ...],
    configs: tuple[Path, ...],
    namespaces: tuple[str, ...],
    as_json: bool,
) -> int:
    """Ask each cluster whether it answers, its version, as whom it knows us, and by access reviews what we may read; and say who
    decides what is seen of it.

    Nothing of any service is read. CLUSTER names those to check; without it all are.

    \b
    Exit codes:
      0  every cluster answers, and everything that a page needs may be read
      1  a cluster does not answer, does not accept our credential, does not let us read what a page needs, or decides itself
         who sees what and the person at this machine has no user there
      2  could not tell: a source of clusters failed, an access review got no answer, or there is no cluster
      3  wrong usage, unknown cluster, or a configuration that cannot be used
    """

    # A second of imports, which the list of commands does not need.
    from callboard.cli.check_text import check_document, check_exit, check_lines

    async def ask(opened: OpenedPortal) -> "FleetCheck":
        only = frozenset(cluster_names)
        return await opened.operations.check(Caller.loopback(), namespaces=namespaces, only=only)

    found = with_portal(wiring, configs, ask)
    code = check_exit(found, any(n.gap for n in found.supplied.notices))
    if as_json:
        say(json_text(check_document(found, code)))
    else:
        say("\n".join(check_lines(found, terminal_of(sys.stdout))))
        for notice in found.supplied.notices:
            click.echo(f"callboard: {plain(notice.message, 600)}", err=True)
    return code


def _listed(rows: list[ClusterRow], terminal: Terminal) -> list[str]:
    if not rows:
        return ["No clusters."]
    cells = [
        (
            plain(row.name),
            plain(row.server),
            plain(row.auth_provider) + (", TLS not verified" if row.skip_tls_verify else ""),
            plain(", ".join(f"{k}={v}" for k, v in sorted(row.labels.items()))),
            plain(row.source),
        )
        for row in rows
    ]
    return table(terminal, ("NAME", "SERVER", "ASKED BY", "LABELS", "FROM"), cells)


def _row(cluster: Cluster) -> ClusterRow:
    return ClusterRow(
        name=cluster.name,
        title=cluster.info.display,
        server=_server(cluster.url),
        auth_provider=cluster.auth_provider,
        skip_tls_verify=cluster.trust.skip_verify,
        labels=cluster.labels,
        source=cluster.source,
    )


def _server(url: str) -> str:
    """The address without a user or password that somebody may have put there, and without a query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
