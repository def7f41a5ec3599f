"""`callboard serve` as its users run it: a process of its own, configured by files, entered by its one-time link."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

import msgspec

from bench.daemons import daemon

__all__ = ["Portal", "portal"]

_LINK = re.compile(r"Callboard is ready.*?((http://127\.0\.0\.1:\d+)/sign-in\?token=\S+)", re.DOTALL)
"""Where `app.baseUrl` leads to nobody, the link that stands before it does too."""


class Portal(msgspec.Struct, frozen=True):
    """A running one: its process, its address, and the cookie of somebody who has signed in."""

    pid: int
    url: str
    cookie: str

    @staticmethod
    def page(service: str) -> str:
        """The path of a service's Kubernetes tab."""
        return f"/catalog/default/component/{service}/kubernetes"

    @staticmethod
    def topic(service: str) -> str:
        """What the page says it can be kept current with."""
        return f"tab/kubernetes/default/component/{service}"

    @staticmethod
    def json(service: str) -> str:
        """The path of the same as JSON."""
        return f"/api/callboard/v1/services/default/component/{service}/kubernetes"


@contextmanager
def portal(configs: Sequence[Path], log: Path, *, core: int | None = None) -> Iterator[Portal]:
    """Serve until the block is left. Raises DidNotStart."""
    program = [str(Path(sys.executable).with_name("callboard")), "serve", "--port", "0"]
    for config in configs:
        program += ["--config", str(config)]

    def link() -> "re.Match[str] | None":
        return _LINK.search(log.read_text(errors="replace"))

    with daemon(
        program,
        log,
        ready=lambda _: link() is not None,
        within=60,
        core=core,
        environment={
            "PYTHONDONTWRITEBYTECODE": ""
        },  # an installed Callboard is compiled once, not at each start
        directory=log.parent,
    ) as pid:
        found = link()
        assert found is not None  # noqa: S101 - it was ready
        yield Portal(pid, found[2], _signed_in(found[1]))


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _signed_in(link: str) -> str:
    try:
        with build_opener(_Stay).open(link, timeout=10) as answer:
            cookie: str = answer.headers["set-cookie"]
    except HTTPError as answer:
        with answer:
            cookie = answer.headers["set-cookie"]
    return cookie.partition(";")[0]
