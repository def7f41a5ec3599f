"""Keeps the policies of the settings in force: read at the start, and again when a file or the settings change. What cannot be
used is told, and the ones before stay."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from callboard.access.policies.engine import PolicyEngine
from callboard.access.policies.policies import Policies, load
from callboard.access.policies.source import policy_files, sources_of
from callboard.base.config import FileStamp, stamp, watch
from callboard.base.errors import BadInput, CallboardError, Problem
from callboard.base.settings import PoliciesSettings

__all__ = ["PolicyKeeper", "read_policies"]

LOADING = 20.0
"""Seconds that reading and checking all policies may take: two thousand of them take some."""

_log = structlog.get_logger(__name__)


async def read_policies(settings: PoliciesSettings, directory: Path) -> Policies:
    """The policies of the settings, made in a thread. Raises BadInput or BadInputs."""
    try:
        async with asyncio.timeout(LOADING):
            return await asyncio.to_thread(lambda: load(sources_of(settings, directory)))
    except TimeoutError:
        raise BadInput(
            Problem(
                "reading the policies takes too long",
                where="callboard.access.policies",
                expected=f"{LOADING:g} seconds at most",
            )
        ) from None


class PolicyKeeper:
    """`settings` gives those in force, `directory` is where relative paths start."""

    def __init__(
        self, engine: PolicyEngine, settings: Callable[[], PoliciesSettings], directory: Path
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._directory = directory
        self._stamps: tuple[FileStamp, ...] = ()
        self.problem = ""
        """Why the files as they are now are not in force, one sentence a line; "" where they are."""

    async def use(self, settings: PoliciesSettings) -> None:
        """Put the policies of these settings in force. Raises BadInput or BadInputs, and then those before stay."""
        self.put(await self.read(settings))

    async def read(self, settings: PoliciesSettings) -> tuple[Policies, tuple[FileStamp, ...]]:
        """The policies of these settings, for `put`. Raises BadInput or BadInputs."""
        # looked at before they are read: what changes meanwhile is news
        stamps = await asyncio.to_thread(self._look, settings)
        return await read_policies(settings, self._directory), stamps

    def put(self, read: tuple[Policies, tuple[FileStamp, ...]]) -> None:
        """Put what was read in force."""
        policies, self._stamps = read
        self._engine.use(policies)
        self.problem = ""

    async def run(self, interval: float) -> None:
        """Follow the files until cancelled, with a look every `interval` seconds."""
        async for changed in watch(self._files, interval, known=self._stamps):
            await self._again(sorted(map(str, changed)))

    def _files(self) -> tuple[Path, ...]:
        return policy_files(self._settings(), self._directory)

    def _look(self, settings: PoliciesSettings) -> tuple[FileStamp, ...]:
        return tuple(stamp(path) for path in policy_files(settings, self._directory))

    async def _again(self, files: list[str]) -> None:
        try:
            await self.use(self._settings())
        except CallboardError as error:
            self.problem = error.message
            _log.error(
                "changed policies cannot be used; the ones before stay in force",
                files=files,
                error=error.message,
            )
        else:
            _log.info(
                "changed policies are in force", files=files, policies=len(self._engine.policies.places)
            )
