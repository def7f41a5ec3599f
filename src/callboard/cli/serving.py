"""`serve`, `demo` and `simulate`: the commands that run until they are told to stop."""

from pathlib import Path

import click

from callboard.base.errors import UsageError
from callboard.cli.options import PORT, config_option
from callboard.cli.running import run
from callboard.cli.wiring import DemoOptions, ServeOptions, SimulateOptions, Wiring

__all__ = ["demo", "serve", "simulate"]


@click.command()
@config_option
@click.option(
    "--host", default="", metavar="HOST", help="Listen there instead of backend.listen; default 127.0.0.1."
)
@click.option(
    "--port", type=PORT, help="Listen there instead of backend.listen; default 7007. 0 takes a free port."
)
@click.pass_obj
def serve(wiring: Wiring, configs: tuple[Path, ...], host: str, port: int | None) -> None:
    """Serve the portal until SIGTERM or Ctrl-C, then let running requests end."""
    run(wiring.serve(ServeOptions(configs=configs, host=host, port=port)))


@click.command()
@click.option(
    "--clusters", type=click.IntRange(1, 200), default=5, show_default=True, help="How many to simulate."
)
@click.option(
    "--port", type=PORT, default=7007, show_default=True, help="The portal's port; 0 takes a free one."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same fleet.")
@click.pass_obj
def demo(wiring: Wiring, clusters: int, port: int, seed: int) -> None:
    """Serve the portal against a simulated fleet: no cluster, no account."""
    run(wiring.demo(DemoOptions(clusters=clusters, port=port, seed=seed)))


@click.command()
@click.option(
    "--clusters",
    type=click.IntRange(1, 200),
    default=5,
    show_default=True,
    help="How many API servers to start.",
)
@click.option(
    "--base-port",
    type=PORT,
    default=0,
    show_default=True,
    help="The first server's port, the others follow; 0 takes free ones.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Written with one context a cluster, for kubectl and --config; readable by its owner only.",
)
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What runs and what goes wrong, instead of the built-in scenario.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same objects.")
@click.option(
    "--speed",
    type=click.FloatRange(0, 3600),
    default=1.0,
    show_default=True,
    help="Simulated seconds a second; 0 stands still.",
)
@click.option(
    "--control-port",
    type=PORT,
    help="Take commands that change misbehaviour and time there, on loopback, with the token printed at the start; "
    "0 takes a free port.",
)
@click.pass_obj
def simulate(
    wiring: Wiring,
    clusters: int,
    base_port: int,
    kubeconfig: Path,
    scenario: Path | None,
    seed: int,
    speed: float,
    control_port: int | None,
) -> None:
    """Run stand-in Kubernetes API servers (TLS, tokens) alone, until SIGTERM or Ctrl-C.

    Any image can be pulled, except those whose name says that they cannot: a tag with does-not-exist, missing, nope or the
    like in it, a tag that begins with denied, a registry whose host ends in .invalid.
    """
    if base_port and base_port + clusters - 1 > 65535:
        raise UsageError(f"{clusters} clusters from port {base_port} on would need a port above 65535.")
    options = SimulateOptions(
        clusters=clusters,
        base_port=base_port,
        kubeconfig=kubeconfig,
        scenario=scenario,
        seed=seed,
        speed=speed,
        control_port=control_port,
    )
    run(wiring.simulate(options))
