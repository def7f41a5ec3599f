"""What the commands get: implements `callboard.cli.wiring.Wiring`."""

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from callboard.app.application import open_application
from callboard.app.demo import demo
from callboard.app.logs import configure_logging
from callboard.app.serve import Listening, serve
from callboard.cli.wiring import DemoOptions, OpenedPortal, ServeOptions, SimulateOptions

__all__ = ["AppWiring"]


class AppWiring:
    """Opens applications for the commands."""

    def open(self, configs: tuple[Path, ...]) -> AbstractAsyncContextManager[OpenedPortal]:
        """A wired portal without a server, whose tables are in memory."""
        return self._open(configs)

    @asynccontextmanager
    async def _open(self, configs: tuple[Path, ...]) -> AsyncIterator[OpenedPortal]:
        async with open_application(configs, persist=False) as app:
            if not configs:
                sys.stderr.write(app.configuration.told + "\n")
            raise NotImplementedError
            yield

    async def serve(self, options: ServeOptions) -> None:
        """Serve until SIGTERM or SIGINT."""
        async with open_application(options.configs) as app:
            settings = app.configuration.settings
            configure_logging(settings.callboard.logging)
            sys.stderr.write(app.configuration.told + "\n")
            listen = settings.backend.listen
            await serve(
                app,
                Listening(
                    host=options.host or listen.host,
                    port=listen.port if options.port is None else options.port,
                ),
            )

    async def demo(self, options: DemoOptions) -> None:
        """Serve a simulated fleet until SIGTERM or SIGINT."""
        await demo(options)

    async def simulate(self, options: SimulateOptions) -> None:
        """Run the stand-in API servers alone."""
        raise NotImplementedError
