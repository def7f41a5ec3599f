"""`status --watch` as a process of its own: in place on a terminal, line by line elsewhere, live with the hub, asked anew
with the fan-out."""

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from callboard.simulator.fleet import Fleet
from support.portal import write_config

COMMAND = (sys.executable, "-c", "from callboard.app.main import main; main()")
HUB = {"parts": {"objectsProvider": "hub"}}
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
FRAME = "\x1b[?2026h\x1b[H"


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    async with Fleet.start("quiet", clusters=2) as running:
        yield running


def environment(directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        # A connection that a signal leaves half closed is no defect, and a warning raised while the loop closes it would be.
        "PYTHONWARNINGS": "error,ignore::ResourceWarning",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }


class OnTerminal:
    """The command on a terminal of its own. What it writes is read as it comes."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process = process
        self.written = ""
        self._master = master
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            self.written += os.read(self._master, 65536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self._master)
        self._news.set()

    @property
    def screen(self) -> str:
        """The newest frame, as far as it has come."""
        frame = self.written.rpartition(FRAME)[2].replace("\r", "")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame)

    async def until(self, holds: Callable[[str], bool]) -> None:
        try:
            async with asyncio.timeout(40):
                while not holds(self.screen):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(self.screen) from None

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def ended(self) -> int:
        async with asyncio.timeout(20):
            return await self.process.wait()


@asynccontextmanager
async def on_terminal(
    directory: Path, *arguments: str, rows: int = 60, columns: int = 100
) -> AsyncIterator[OnTerminal]:
    master, slave = pty.openpty()
    process = None
    try:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            cwd=directory,
            env=environment(directory),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        yield OnTerminal(process, master)
    finally:
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


class InPipe:
    """The command with its output in a pipe."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def until(self, holds: Callable[[str], bool]) -> str:
        """The next line of which this holds."""
        assert self.process.stdout is not None
        async with asyncio.timeout(40):
            async for line in self.process.stdout:
                self.lines.append(line.decode().rstrip("\n"))
                if holds(self.lines[-1]):
                    return self.lines[-1]
        raise AssertionError(self.lines)

    async def ended(self) -> tuple[int, str]:
        """The exit code, and what it wrote to standard error."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            told = await self.process.stderr.read()
            return await self.process.wait(), told.decode()


@asynccontextmanager
async def in_pipe(directory: Path, *arguments: str) -> AsyncIterator[InPipe]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        cwd=directory,
        env=environment(directory),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        yield InPipe(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def scale(fleet: Fleet, replicas: int) -> None:
    fleet[0].store.patch("deployments", "dice-roller", {"spec": {"replicas": replicas}}, "games")


def cut(fleet: Fleet) -> None:
    """Cut the first cluster's connections, watches among them."""
    server = fleet[0]._server
    assert server is not None
    for connection in list(server.connections):
        if connection.transport is not None:
            connection.transport.abort()


async def test_on_a_terminal_it_is_painted_in_place_and_follows_the_cluster(
    fleet: Fleet, tmp_path: Path
) -> None:
    write_config(tmp_path, fleet, "dice-roller", callboard=HUB)
    async with on_terminal(tmp_path, "status", "dice-roller", "--watch") as terminal:
        await terminal.until(lambda screen: "Healthy in all 2 clusters" in screen and "· live ·" in screen)
        assert terminal.written.count(ENTER) == 1
        assert "Live" in terminal.screen
        scale(fleet, 5)
        await terminal.until(lambda screen: "5 of 5 ready" in screen)
        assert terminal.written.count("\x1b[2J") == 1  # never blanked again
        assert len(terminal.screen.splitlines()) <= 60
        terminal.resize(12, 60)
        await terminal.until(lambda screen: 0 < len(screen.splitlines()) <= 12 and "Ctrl-C ends" in screen)
        assert all(len(line) <= 60 for line in terminal.screen.splitlines())
        terminal.type(b"\x03")
        assert await terminal.ended() == 130
    assert terminal.written.count(LEAVE) == 1
    left = terminal.written.partition(LEAVE)[2]
    assert "Healthy in all 2 clusters" in left
    assert "5 of 5 ready" in left


async def test_told_to_end_it_leaves_the_terminal_as_it_was(fleet: Fleet, tmp_path: Path) -> None:
    write_config(tmp_path, fleet, "dice-roller", callboard=HUB)
    async with on_terminal(tmp_path, "status", "dice-roller", "--watch") as terminal:
        await terminal.until(lambda screen: "· live ·" in screen)
        terminal.process.send_signal(signal.SIGTERM)
        code = await terminal.ended()
    assert (code, terminal.written.partition(LEAVE)[2].strip()) == (128 + signal.SIGTERM, "")


async def test_a_pipe_gets_a_line_for_each_change_and_nothing_a_terminal_would_obey(
    fleet: Fleet, tmp_path: Path
) -> None:
    config = write_config(tmp_path, fleet, "dice-roller", callboard=HUB)
    catalog = tmp_path / "catalog-info.yaml"
    written = yaml.safe_load(catalog.read_text())
    written["metadata"]["title"] = "dice\x1b[2J\u202eroller"
    catalog.write_text(yaml.safe_dump(written))
    async with in_pipe(tmp_path, "status", "dice-roller", "--watch", "--config", str(config)) as running:
        await running.until(lambda line: fleet[1].name in line)
        assert ["healthy" in line.lower() for line in running.lines] == [True] * 3
        fleet[0].chaos.on("reset")
        cut(fleet)
        stale = await running.until(lambda line: "Stale since" in line)
        assert fleet[0].name in stale
        assert "What is shown is what was seen last; Callboard goes on trying." in stale
        fleet[0].chaos.off()
        await running.until(lambda line: "Healthy in all 2 clusters" in line)
        running.process.send_signal(signal.SIGINT)
        code, _ = await running.ended()
    assert code == 130
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", "\n".join(running.lines))


async def test_json_is_one_document_a_line_and_asked_anew_where_nothing_listens(
    fleet: Fleet, tmp_path: Path
) -> None:
    write_config(tmp_path, fleet, "dice-roller", callboard={"parts": {"objectsProvider": "fanOut"}})
    arguments = ("status", "dice-roller", "--watch", "--json", "--interval", "1")
    async with in_pipe(tmp_path, *arguments) as running:
        first = json.loads(await running.until(lambda line: True))
        assert (first["verdict"]["health"], first["live"]) == ("healthy", False)
        scale(fleet, 4)

        def desired(line: str) -> list[int]:
            return [w["ready"] for c in json.loads(line)["clusters"] for w in c["workloads"]]

        await running.until(lambda line: 4 in desired(line))
        assert all(json.loads(line)["version"] == 1 for line in running.lines)
        running.process.send_signal(signal.SIGINT)
        code, told = await running.ended()
    assert code == 130
    assert "asked anew every 1 s" in told


async def test_until_healthy_ends_with_0_when_it_is_and_with_the_last_states_code_after_the_timeout(
    fleet: Fleet, tmp_path: Path
) -> None:
    write_config(tmp_path, fleet, "dice-roller", callboard=HUB)
    place(fleet, "nowhere")
    arguments = ("status", "dice-roller", "--until", "healthy", "--timeout")
    async with in_pipe(tmp_path, *arguments, "3") as running:
        assert (await running.ended())[0] == 1
    async with in_pipe(tmp_path, *arguments, "120") as running:
        await running.until(lambda line: "✗" in line or "◐" in line)
        place(fleet, None)
        await running.until(lambda line: "Healthy in all 2 clusters" in line)
        assert (await running.ended())[0] == 0


def place(fleet: Fleet, node: str | None) -> None:
    """Roll the service out anew, to nodes of this name; None takes any."""
    for cluster in fleet:
        template = {"spec": {"nodeSelector": {"name": node}}}
        cluster.store.patch("deployments", "dice-roller", {"spec": {"template": template}}, "games")
