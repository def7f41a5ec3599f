"""A real Backstage backend: its packages fetched by npm once, into a cache outside this tree, and started from there."""

import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import msgspec

from bench.daemons import daemon
from bench.inputs import backstage_config
from bench.tables import say

__all__ = ["NotInstalled", "Peer", "backstage", "installed"]

_HERE: Final = Path(__file__).with_name("backstage")
_INSTALL_DEADLINE: Final = 1200.0
_STARTED_WITHIN: Final = 90.0
_LAST: Final = 20


class NotInstalled(Exception):
    """npm could not bring the packages; the message ends with its last lines."""


class Peer(msgspec.Struct, frozen=True):
    """A running one: its process and its address."""

    pid: int
    url: str


def installed(node: str) -> Path:
    """The directory with the packages in it. The first time takes some minutes and 500 MB; what is there already is used.

    `$CALLBOARD_BENCH_CACHE` names another place than the user's cache directory. Raises NotInstalled.
    """
    npm = shutil.which("npm")
    if not node or not npm:
        raise NotInstalled("node and npm are needed for Backstage's part; one of them is not on the path")
    lock = hashlib.sha256((_HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    place = _cache() / f"backstage-{lock}"
    ready = place / "ready"
    if not ready.exists():
        say(f"\nnpm installs a Backstage backend into {place}: some minutes, once.")
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(_HERE / name, place)
        said: list[str] = []
        # Install scripts are run for the one package that has to be compiled, and for no other.
        _npm([npm, "ci", "--ignore-scripts"], place, node, said)
        _npm([npm, "rebuild", "better-sqlite3"], place, node, said)
        ready.touch()
    shutil.copy(_HERE / "index.mjs", place)
    return place


@contextmanager
def backstage(node: str, place: Path, config: Path, directory: Path) -> Iterator[Peer]:
    """Serve until the block is left, with `config` and what only Backstage needs. Raises DidNotStart."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    own = backstage_config(directory, port)
    url = f"http://127.0.0.1:{port}"
    with daemon(
        [node, "index.mjs", "--config", str(config), "--config", str(own)],
        directory / "backstage.log",
        ready=lambda _: _answers(f"{url}/.backstage/health/v1/readiness"),
        within=_STARTED_WITHIN,
        environment={"NODE_ENV": "production"},
        directory=place,
    ) as pid:
        yield Peer(pid, url)


def _cache() -> Path:
    named = os.environ.get("CALLBOARD_BENCH_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callboard-bench"


def _npm(command: list[str], place: Path, node: str, said: list[str]) -> None:
    environment = {**os.environ}
    prefix = Path(node).resolve().parents[1]
    if (prefix / "include/node/node.h").exists():
        environment["npm_config_nodedir"] = str(prefix)  # compile against these headers, fetch none
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_INSTALL_DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(command[1:])} took more than {_INSTALL_DEADLINE:g} s") from None
    said += done.stdout.splitlines()
    if done.returncode:
        words = "\n".join(said[-_LAST:])
        raise NotInstalled(f"npm {' '.join(command[1:])} failed ({done.returncode}):\n{words}")


def _answers(url: str) -> bool:
    with suppress(OSError), urlopen(url, timeout=2) as answer:  # noqa: S310 - our own
        return bool(answer.status == 200)
    return False
