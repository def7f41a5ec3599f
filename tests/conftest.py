"""Programs that some tests need, and what happens where one is missing; what every test is kept from.

In CI (the variable CI is set) a test that lacks its program fails by name. Elsewhere it is left out, and the last lines
of the run say which file was left out, why, and what to install.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:  # this file is read where there are no helpers, too
    from support.databases import Place, PostgresServer

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = "left out: "
MARKERS = {"kubectl": "kubectl", "chromium": "browser", "node": "peer", "node_modules": "peer"}  # by fixture


def pytest_configure() -> None:
    """What this machine is set to use must not reach a test; and a loaded machine is no failure."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        os.environ.pop(name, None)
    # A shell's background jobs ignore Ctrl-C, and so would every process that a test starts to press it there.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A run starts hundreds of processes from this checkout: each would compile all of it anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # In CI the same examples each time: a change is judged by what it changed. Elsewhere new ones are looked for.
    settings.register_profile(
        "callboard", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI"))
    )
    settings.load_profile("callboard")


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The real kubectl. It remembers servers below HOME: give every test its own."""
    return _program("kubectl", names=("kubectl",), package="kubernetes-client")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium, for Playwright's `executable_path`; as root it needs `--no-sandbox`."""
    return _program("Chromium", names=("chromium", "chromium-browser", "google-chrome"), package="chromium")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A private PostgreSQL server for all tests of this worker."""
    from support.databases import binaries, server

    programs = binaries()
    if programs is None:
        _missing("PostgreSQL is missing: apt-get install --yes --no-install-recommends postgresql")
    # its user must be able to reach it, and pytest's own directories are closed
    with TemporaryDirectory(prefix="callboard-postgresql-") as directory:
        Path(directory).chmod(0o755)
        with server(programs, Path(directory) / "server") as running:
            yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where this test's tables are: it runs twice, once on each database."""
    from support.databases import CURRENT, Place

    running = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    made = Place(tmp_path, running)
    CURRENT.append(made)
    try:
        yield made
    finally:
        CURRENT.clear()
        made.leave()


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own tool, which checks and tries alerts."""
    return _program("promtool", names=("promtool",), package="prometheus")


@pytest.fixture(scope="session")
def node() -> Path:
    """Node.js, the machine's or the one from requirements-node.lock."""
    return _program("node", names=("node",), package="nodejs")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with axe-core and yaml, at the versions of package-lock.json."""
    folder = ROOT / "node_modules"
    if not (folder / ".package-lock.json").is_file():
        _missing("node_modules is missing: make node_modules/.package-lock.json")
    return folder


@pytest.fixture(scope="session")
def image_layout() -> Path:
    """The container image as `make image` leaves it, an OCI layout."""
    layout = Path(os.environ.get("IMAGE_LAYOUT", ""))
    if not (layout / "index.json").is_file():
        _missing("the image is not built: make image-check")
    return layout


@pytest.fixture(scope="session")
def may_enter() -> None:
    """What it takes to run something in an image without an engine."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        _missing("only root enters an image without an engine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a program carries its marker, so that `-m "not browser"` can be relied on."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKERS:
                item.add_marker(MARKERS[fixture])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names every file with tests that were left out; read from the reports, so it holds with several workers."""
    files: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(LEFT_OUT):
            files[report.nodeid.partition("::")[0], reason.removeprefix(LEFT_OUT)] += 1
    if files:
        terminalreporter.section("left out", sep="-", yellow=True)
    for (file, reason), count in sorted(files.items()):
        terminalreporter.line(f"{LEFT_OUT}{file} ({count} tests): {reason}", yellow=True)


def _program(title: str, *, names: tuple[str, ...], package: str) -> Path:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _missing(f"{title} is missing: apt-get install --yes --no-install-recommends {package}")
    return Path(found)


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(LEFT_OUT + reason)
