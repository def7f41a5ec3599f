"""`callboard clusters`: which clusters are configured, and what they say to us."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec

from callboard.cli.options import config_option, json_option
from callboard.cli.running import with_portal
from callboard.cli.text import json_text, plain, say, table, terminal_of
from callboard.cli.wiring import OpenedPortal, Wiring
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster

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
def list_clusters(wiring: Wiring, configs: tuple[Path, ...], as_json: bool) -> None:
    """List the clusters and who brings them. No cluster is asked anything.

    Exit codes: 0, also when there is none; 2 the list cannot be had at present; 3 wrong usage or configuration.
    """

    async def ask(opened: OpenedPortal) -> list[Cluster]:
        return list(await opened.operations.clusters(Caller.loopback()))

    rows = [_row(cluster) for cluster in with_portal(wiring, configs, ask)]
    if as_json:
        say(json_text({"clusters": rows}))
        return
    if not rows:
        say("No clusters are configured.")
        return
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
    terminal = terminal_of(sys.stdout)
    say("\n".join(table(terminal, ("NAME", "SERVER", "ASKED BY", "LABELS", "FROM"), cells)))


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
