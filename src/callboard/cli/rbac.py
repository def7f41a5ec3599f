"""`callboard rbac`: what a cluster must grant, ready for `kubectl apply`."""

import os
from pathlib import Path

import click

from callboard.base.config import load
from callboard.cli.options import config_option, names
from callboard.cli.wiring import Wiring

__all__ = ["rbac"]


@click.command()
@config_option
@click.option(
    "--namespaces",
    metavar="A,B",
    default="",
    callback=names,
    help="Grant reading in these namespaces only; without it in the whole cluster.",
)
@click.option(
    "--features",
    metavar="X,Y",
    default="",
    callback=names,
    help="What the portal shall show: objects, logs, events, metrics (these four without it), nodes, secrets, visibility. "
    "Leave to list Secrets is leave to read their values, so it is granted only where named.",
)
@click.option("--name", default="callboard", show_default=True, help="The name of the account and its roles.")
@click.option(
    "--namespace", default="callboard", show_default=True, help="The namespace that the account is in."
)
@click.pass_obj
def rbac(
    wiring: Wiring,
    configs: tuple[Path, ...],
    namespaces: tuple[str, ...],
    features: tuple[str, ...],
    name: str,
    namespace: str,
) -> None:
    """Print the least-privilege ServiceAccount, roles and bindings as YAML for `kubectl apply -f -`.

    The types are those of kubernetes.objectTypes and customResources of the configuration, or their defaults.

    \b
    Exit codes: 0 printed; 3 wrong usage or a configuration that cannot be used.
    """
    # A second of imports, which the list of commands does not need.
    from callboard.portal.operations import least_privilege

    settings = load(wiring.config_files(configs), os.environ).settings
    text = least_privilege(settings, namespaces=namespaces, features=features, name=name, namespace=namespace)
    click.echo(text, nl=False)
