"""How a listener on this machine is entered: its addresses, and the link that the terminal shows.

A cookie knows no port: what a browser was given at 127.0.0.1 it sends to every program that listens there, whoever runs it. So
the link leads to a host name that nobody else knows, below `.localhost`, which browsers take for this machine by themselves.
"""

import socket
import sys

import msgspec
import structlog

from callboard.access.sessions import Sessions
from callboard.http.server import bind, hold
from callboard.model.caller import Caller

__all__ = ["Announcement", "Entrance", "hold_the_other", "listen"]

_log = structlog.get_logger(__name__)

_OTHER = {"127.0.0.1": "::1", "localhost": "::1", "::1": "127.0.0.1"}
"""Where browsers look for a name below `.localhost` as well. No other address is looked at for it."""
FREE_PORTS = 16
"""Free ports that are tried at most, where any will do, for one that is free at both addresses."""


class Entrance(msgspec.Struct, frozen=True, kw_only=True):
    """`host` is where we listen, `secret` the host name that only the link knows, or ""; `base` the path that all links begin
    with, or ""; `public` the address that a proxy shows us at (`app.baseUrl`), or ""."""

    host: str
    port: int
    secure: bool = False
    secret: str = ""
    base: str = ""
    public: str = ""

    @property
    def address(self) -> str:
        """As a URL, without a slash at its end; its path is where our pages stand."""
        return self._url(f"[{self.host}]" if ":" in self.host else self.host)

    @property
    def secret_address(self) -> str:
        """The same by the name that only the link knows, or ""."""
        return self._url(self.secret) if self.secret else ""

    def _url(self, host: str) -> str:
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.base}"


def listen(host: str, port: int, *, named: bool) -> tuple[socket.socket, bool, socket.socket | None]:
    """(a listening socket, and then as `hold_the_other` has it where the link is to have a name of its own). Port 0 takes one
    that is free at both addresses. Raises UsageError when there is none."""
    tries = FREE_PORTS if named and port == 0 and host.lower().strip("[]") in _OTHER else 1
    while True:
        tries -= 1
        listener = bind(host, port)
        if not named:
            return listener, False, None
        alone, held = hold_the_other(host, listener.getsockname()[1], tell=not tries)
        if alone or not tries:
            return listener, alone, held
        listener.close()


def hold_the_other(host: str, port: int, *, tell: bool = True) -> tuple[bool, socket.socket | None]:
    """(whether a name below `.localhost` reaches us and nobody else, what holds it so: to be closed at the end). Where it does
    not, that is told in the log."""
    host = host.lower().strip("[]")
    if host not in _OTHER:
        return False, None
    try:
        return True, hold(_OTHER[host], port)
    except OSError:
        if tell:
            _log.warning(
                "another program has our port where browsers look first for names below .localhost, so the link leads to our "
                "plain address, whose cookie a browser sends to every port of it",
                address=f"{_OTHER[host]}:{port}",
            )
        return False, None


class Announcement:
    """What the terminal shows: the address, and the link that signs a browser in."""

    def __init__(self, entrance: Entrance, sessions: Sessions, *, open_: bool, links: bool = True) -> None:
        """`links` is whether a link can be used at all: on loopback alone."""
        self._links = links
        self._entrance = entrance
        self._sessions = sessions
        self._open = open_

    def first(self) -> None:
        """Once we listen."""
        if not self._links:
            _say(
                f"\nCallboard is at {self._entrance.public or self._entrance.address}; people sign in there.\n"
            )
        elif self._open:
            _say(f"\nCallboard is at {self._entrance.address}\n")
        else:
            self._link("Callboard is ready. Open this link once, within 15 minutes:")

    def next_link(self) -> None:
        """After a sign-in."""
        self._link("A browser signed in. For another one, within 15 minutes:")

    def renewed(self) -> None:
        """When somebody comes who may need one and the last is too old."""
        if not self._sessions.has_link:
            self._link("The last link is too old. Open this one once, within 15 minutes:")

    def _link(self, words: str) -> None:
        if not self._links:
            return
        link = f"/sign-in?token={self._sessions.link_token(Caller.loopback())}"
        entrance = self._entrance
        if entrance.public:
            _say(
                f"\nWhere app.baseUrl leads here, this link is for people who come by it:\n\n  {entrance.public}{link}"
            )
        if not entrance.secret:
            _say(f"\n{words}\n\n  {entrance.address}{link}\n")
            return
        _say(
            f"\n{words}\n\n  {entrance.secret_address}{link}\n\n"
            "Where that name is not found, this leads to the same; but a browser shows the cookie it then gets to whatever\n"
            f"else listens on this machine:\n\n  {entrance.address}{link}\n"
        )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
