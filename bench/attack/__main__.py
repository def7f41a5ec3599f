"""`make attack`: each attack on a Callboard of its own, and what it came to, as a table for the documents."""

import argparse
import shutil

from bench.attack.hostile import ATTACKS, LOGS
from bench.attack.measure import Suffered, measured
from bench.machine import describe, load
from bench.tables import doing, line, say, table

_MIB = 2**20
_AIMED = "at most 300 MiB more, `/livez` P99 below 100 ms, pages twice as slow, nothing kept, gone in 3 s"


def main() -> None:
    """Run the attacks that were asked for, and print a line for each as soon as it is over."""
    parser = argparse.ArgumentParser(prog="python -m bench.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="that each attack goes on")
    parser.add_argument("--only", nargs="*", choices=[*ATTACKS, *LOGS], help="attacks to run (default: all)")
    parser.add_argument("--memory", type=int, default=4096, help="MiB of address space for Callboard")
    given = parser.parse_args()
    table("Machine", ("", ""), describe(shutil.which("node") or ""))
    titles = (
        "attack",
        "memory at the peak, MiB more",
        "kept after it, MiB",
        "`/livez` P99, ms",
        "a page of others, ms (before)",
        "sockets kept",
        "SIGTERM to the end, s",
    )
    table(f"Attacks of {given.seconds:g} s each; aimed at: {_AIMED}", titles, [])
    for attack in given.only or [*ATTACKS, *LOGS]:
        doing(attack)
        found = measured(attack, seconds=given.seconds, log=attack in LOGS, memory=given.memory * _MIB)
        line(_row(attack, found))
    say(f"\nLoad at the end: {load()}")


def _row(attack: str, found: Suffered) -> tuple[str, ...]:
    return (
        attack,
        f"{found.peak / _MIB:.0f}",
        f"{found.kept / _MIB:.0f}",
        f"{found.alive * 1e3:.0f}",
        f"{found.page * 1e3:.0f} ({found.before * 1e3:.0f})",
        f"{found.sockets}",
        f"{found.stop:.1f}",
    )


if __name__ == "__main__":
    main()
