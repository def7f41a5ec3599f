"""What the composition root does for the commands. The click context carries it as `obj`."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from callboard.base.secret import Secret

if TYPE_CHECKING:  # what `serve` says of itself needs none of them
    from callboard.base.settings import Settings
    from callboard.portal.operations import OperatorTools
    from callboard.portal.protocol import Portal

__all__ = [
    "DemoOptions",
    "InstalledExtension",
    "OpenedPortal",
    "ServeOptions",
    "SimulateOptions",
    "StoreTables",
    "TokenDocument",
    "WiredCheck",
    "Wiring",
]


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`callboard serve`. `host` "" and `port` None leave it to the configuration (default 127.0.0.1:7007)."""

    configs: tuple[Path, ...] = ()
    host: str = ""
    port: int | None = None


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`callboard demo`."""

    clusters: int = 5
    port: int = 7007
    seed: int = 1


class SimulateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`callboard simulate`. `base_port` 0 takes free ports; `control_port` None means that nothing takes commands."""

    clusters: int
    base_port: int
    kubeconfig: Path
    scenario: Path | None = None
    seed: int = 1
    speed: float = 1.0
    control_port: int | None = None


class InstalledExtension(msgspec.Struct, frozen=True, kw_only=True):
    """An extension as it was loaded. `adds` is what it brings, `problems` what is wrong with the rest, `deprecations` what it
    uses that is going to go: a sentence or clause each. `needs` is the version of callboard.extend that it was written for."""

    name: str
    version: str
    origin: str
    needs: str = ""
    adds: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    deprecations: tuple[str, ...] = ()


class WiredCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of wiring a configuration as the server does: what in it cannot be used, and what is worth knowing, a sentence
    each; and the extensions."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    extensions: tuple[InstalledExtension, ...] = ()


class OpenedPortal(msgspec.Struct, frozen=True):
    """A portal whose catalog has been read, and the operator's tools on the same wiring."""

    portal: "Portal"
    operations: "OperatorTools"


class StoreTables(msgspec.Struct, frozen=True, kw_only=True):
    """How the tables of one store stand. `version` None: there are none; `known`: whether it is one of this Callboard's."""

    store: str
    version: str | None
    newest: str
    known: bool
    place: str


class TokenDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token: not itself. `may` are names of actions, sorted."""

    id: str
    service: str
    may: tuple[str, ...]
    made: datetime
    ends: datetime
    used: datetime | None = None
    revoked: datetime | None = None


class SessionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a browser's session. `place` is the address of the listener that began it."""

    id: str
    subject: str
    place: str
    began: datetime
    seen: datetime
    ends: datetime


class AccessTools(Protocol):
    """Tokens and sessions. Every method raises Unavailable where the database does not answer."""

    async def make_token(
        self, service: str, may: tuple[str, ...], until: datetime
    ) -> tuple[TokenDocument, Secret]:
        """A new token: what is known of it, and itself. Raises UsageError for what cannot be."""
        ...

    async def tokens(self) -> tuple[TokenDocument, ...]:
        """All tokens, the newest first."""
        ...

    async def revoke_token(self, id_: str) -> None:
        """End a token. Raises NotFound."""
        ...

    async def sessions(self) -> tuple[SessionDocument, ...]:
        """The sessions that go on, the newest first."""
        ...

    async def end_session(self, id_: str) -> None:
        """End a session. Raises NotFound."""
        ...

    async def end_all_sessions(self) -> int:
        """End every session; how many there were."""
        ...


class Wiring(Protocol):
    """Made by `app`. Configuration errors are raised as BadInputs before anything is started."""

    def config_files(self, configs: tuple[Path, ...]) -> tuple[Path, ...]:
        """The configuration files that are read when these were named: themselves, or where none was, those of the working
        directory that Backstage would read; empty where there are none. They need not be valid."""
        ...

    def leading_nowhere(self, settings: "Settings") -> Mapping[str, str]:
        """The configured file locations from which nothing would be read in the working directory: by path in the
        configuration, with why."""
        ...

    async def wired_check(self, configs: tuple[Path, ...]) -> WiredCheck:
        """Wire what the server would wire, extensions included, and say what is wrong with it. No cluster is asked."""
        ...

    def open(
        self, configs: tuple[Path, ...], *, watching: bool = False
    ) -> AbstractAsyncContextManager[OpenedPortal]:
        """A wired portal without a server. No configs: the current kubeconfig and the catalog files of the working
        directory, which is said on standard error. `watching`: one service is going to be followed."""
        ...

    async def tables(
        self, configs: tuple[Path, ...], *, forward: bool = False, back: str = ""
    ) -> tuple[StoreTables, ...]:
        """How the tables of every store stand, after bringing all of them `forward`, or those of one store `back` by a version.
        Raises Unavailable, Conflict, UsageError, NotFound."""
        ...

    def access(self, configs: tuple[Path, ...]) -> AbstractAsyncContextManager["AccessTools"]:
        """Who may come in, in the database of the configuration; nothing else is opened."""
        ...

    async def serve(self, options: ServeOptions) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        ...

    async def demo(self, options: DemoOptions) -> None:
        """Serve a simulated fleet until SIGTERM or SIGINT."""
        ...

    async def simulate(self, options: SimulateOptions) -> None:
        """Run the stand-in API servers alone until SIGTERM or SIGINT."""
        ...
