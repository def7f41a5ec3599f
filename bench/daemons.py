"""Servers that are measured: started in a session of their own, and gone when we are, however we end."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["DidNotStart", "daemon", "last_lines"]

_PR_SET_PDEATHSIG: Final = 1
_STOP: Final = 10.0
"""Seconds a server gets to stop by itself."""


class DidNotStart(Exception):
    """A server that should be measured ended or stayed silent; the message ends with what it wrote last."""


@contextmanager
def daemon(
    command: Sequence[str],
    log: Path,
    *,
    ready: Callable[[int], bool],
    within: float,
    core: int | None = None,
    environment: Mapping[str, str] = {},
    directory: Path | None = None,
) -> Iterator[int]:
    """Run `command` until the block is left; yields its process id once `ready` says so. What it writes goes to `log`.

    `core` pins it to one processor. Raises DidNotStart after `within` seconds, or when it ends before.
    """
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if core is not None:
            os.sched_setaffinity(0, {core})

    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            cwd=directory,
            start_new_session=True,
            preexec_fn=prepare,
        ) as process,
    ):
        try:
            until = time.monotonic() + within
            while not ready(process.pid):
                if process.poll() is not None or time.monotonic() > until:
                    what = "ended" if process.poll() is not None else f"was not ready in {within:g} s"
                    raise DidNotStart(f"{Path(command[0]).name} {what}:\n{last_lines(log)}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()


def last_lines(log: Path, count: int = 20) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
