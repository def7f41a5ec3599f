"""What the commands get: implements `callboard.cli.wiring.Wiring`.

Servers, stores and the simulator are imported by the command that needs them: a second of imports would be most of the
time that `--help`, `catalog validate` and `config check` take.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from callboard.app.configuration import config_files
from callboard.app.signals import stop_signals
from callboard.cli.wiring import (
    AccessTools,
    DemoOptions,
    OpenedPortal,
    ServeOptions,
    SimulateOptions,
    StoreTables,
    WiredCheck,
)

if TYPE_CHECKING:
    from callboard.app.application import Application
    from callboard.app.serve import Listening
    from callboard.base.settings import Settings

__all__ = ["AppWiring"]


class AppWiring:
    """Opens applications for the commands."""

    def config_files(self, configs: tuple[Path, ...]) -> tuple[Path, ...]:
        """The configuration files that are read when these were named."""
        return config_files(configs, Path.cwd())

    def leading_nowhere(self, settings: "Settings") -> Mapping[str, str]:
        """The configured file locations from which nothing would be read."""
        from callboard.app.locations import leading_nowhere

        return leading_nowhere(settings.catalog, Path.cwd())

    async def wired_check(self, configs: tuple[Path, ...]) -> WiredCheck:
        """Wire what the server would wire, and say what is wrong with it."""
        from callboard.app.checking import wired_check

        return await wired_check(configs, Path.cwd())

    def open(
        self, configs: tuple[Path, ...], *, watching: bool = False
    ) -> AbstractAsyncContextManager[OpenedPortal]:
        """A wired portal without a server, whose tables are in memory: a command writes nothing beside what it looks at."""
        return self._open(configs, watching)

    @asynccontextmanager
    async def _open(self, configs: tuple[Path, ...], watching: bool) -> AsyncIterator[OpenedPortal]:
        from callboard.app.application import open_application
        from callboard.app.listening import Listens

        listens = Listens.SERVICE if watching else Listens.NOTHING
        async with open_application(configs, persist=False, listens=listens) as app:
            if not configs:
                sys.stderr.write(app.configuration.told + "\n")
            yield OpenedPortal(app.portal, app.operations)

    async def tables(
        self, configs: tuple[Path, ...], *, forward: bool = False, back: str = ""
    ) -> tuple[StoreTables, ...]:
        """How the tables of every store stand, after moving them."""
        from callboard.app.tables import move

        return await move(configs, forward=forward, back=back)

    @asynccontextmanager
    async def access(self, configs: tuple[Path, ...]) -> AsyncIterator[AccessTools]:
        """Who may come in."""
        from callboard.app.access import access_tools

        async with access_tools(configs) as tools:
            yield tools

    async def serve(self, options: ServeOptions) -> None:
        """Serve until SIGTERM or SIGINT."""
        from callboard.app.application import open_application
        from callboard.app.logs import configure_logging
        from callboard.app.serve import serve

        async with open_application(options.configs) as app:
            configure_logging(app.configuration.settings.callboard.logging)
            app.relog = configure_logging
            sys.stderr.write(app.configuration.told + "\n")
            await serve(app, _listening(app, options))

    async def demo(self, options: DemoOptions) -> None:
        """Serve a simulated fleet until SIGTERM or SIGINT."""
        from callboard.app.demo import demo

        await demo(options)

    async def simulate(self, options: SimulateOptions) -> None:
        """Run the stand-in API servers alone until SIGTERM or SIGINT."""
        from callboard.simulator.process import serve as serve_simulator

        stop = asyncio.Event()
        with stop_signals(stop):
            await serve_simulator(
                stop=stop,
                clusters=options.clusters,
                base_port=options.base_port,
                kubeconfig=options.kubeconfig,
                scenario=options.scenario or "demo",
                seed=options.seed,
                speed=options.speed,
                control=options.control_port,
            )


def _listening(app: "Application", options: ServeOptions) -> "Listening":
    from callboard.app.serve import Listening

    listen = app.configuration.settings.backend.listen
    port = listen.port if options.port is None else options.port
    return Listening(host=options.host or listen.host, port=port)
