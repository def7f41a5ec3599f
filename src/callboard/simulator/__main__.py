"""`python -m callboard.simulator`: the simulator without the rest of Callboard."""

import argparse
import sys
from pathlib import Path

from callboard.base.errors import CallboardError
from callboard.simulator.process import run


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m callboard.simulator", description="A fleet of stand-in Kubernetes API servers."
    )
    parser.add_argument("--clusters", type=int, default=5)
    parser.add_argument(
        "--base-port", type=int, default=0, help="port of the first cluster; 0 picks free ones"
    )
    parser.add_argument("--kubeconfig", type=Path, help="file to write (mode 0600)")
    parser.add_argument("--scenario", default="demo", help="a built-in name (demo, quiet) or a YAML file")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument(
        "--control-port", type=int, help="serve the control API on this loopback port; 0 picks a free one"
    )
    parser.add_argument("--stop-with-stdin", action="store_true", help="stop when stdin closes")
    given = parser.parse_args()
    try:
        run(
            clusters=given.clusters,
            base_port=given.base_port,
            kubeconfig=given.kubeconfig,
            scenario=given.scenario,
            seed=given.seed,
            speed=given.speed,
            stop_with_stdin=given.stop_with_stdin,
            control=given.control_port,
        )
    except CallboardError as error:
        sys.stderr.write(error.message + "\n")
        sys.exit(3)


main()
