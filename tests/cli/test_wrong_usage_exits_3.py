"""Whatever was typed wrongly ends with 3: click's own 2 would read as "could not tell"."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from callboard.base.errors import BadInputs, Conflict, Problem
from callboard.cli.commands import build_cli
from callboard.cli.wiring import DemoOptions, ServeOptions, SimulateOptions
from support.stub_wiring import StubWiring


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "nosuch",
        "--nosuch",
        "status",
        "status web extra",
        "status web --timeout 0",
        "status web --timeout soon",
        "status :/",
        "status component:/web",
        "status component:default/nosuch",
        "clusters",
        "clusters nosuch",
        "catalog validate",
        "demo --clusters 0",
        "demo --port 70000",
        "serve --port -1",
        "simulate",
        "simulate --clusters 3 --base-port 65534 --kubeconfig k",
        "simulate --clusters 3 --base-port 0 --kubeconfig k --scenario nosuch.yaml",
        "rbac --features nosuch",
        "rbac --namespaces Not_A_Name",
    ],
)
def test_a_mistake_exits_with_3_and_says_what(typed: str) -> None:
    wiring = StubWiring()
    result = CliRunner().invoke(build_cli(wiring), typed.split())
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr
    assert not wiring.started


def test_a_configuration_that_cannot_be_used_tells_all_its_problems() -> None:
    wiring = StubWiring()
    wiring.raises = BadInputs(
        [Problem("one", where="a.yaml", line=3), Problem("two", where="a.yaml", line=9)]
    )
    result = CliRunner().invoke(build_cli(wiring), ["status", "web"])
    assert (result.exit_code, result.stderr) == (3, "callboard: a.yaml:3: one\ncallboard: a.yaml:9: two\n")


def test_two_clusters_of_one_name_are_a_wrong_configuration() -> None:
    wiring = StubWiring()
    wiring.raises = Conflict("two clusters are called 'a': x and y")
    assert CliRunner().invoke(build_cli(wiring), ["clusters", "list"]).exit_code == 3


@pytest.mark.parametrize("typed", ["--help", "-h", "--version", "status --help", "clusters list -h"])
def test_asking_for_help_is_no_mistake(typed: str) -> None:
    assert CliRunner().invoke(build_cli(StubWiring()), typed.split()).exit_code == 0


def test_options_reach_the_wiring() -> None:
    wiring = StubWiring()
    for typed in (
        "serve --config a.yaml --config b.yaml --host ::1 --port 0",
        "serve",
        "demo --clusters 3 --port 7010 --seed 4",
        "simulate --clusters 2 --base-port 6443 --kubeconfig k.yaml --seed 9",
    ):
        assert CliRunner().invoke(build_cli(wiring), typed.split()).exit_code == 0
    assert wiring.started == [
        ServeOptions(configs=(Path("a.yaml"), Path("b.yaml")), host="::1", port=0),
        ServeOptions(),
        DemoOptions(clusters=3, port=7010, seed=4),
        SimulateOptions(clusters=2, base_port=6443, kubeconfig=Path("k.yaml"), seed=9),
    ]


PROGRAM = """
import asyncio, sys
sys.path[:0] = [{tests!r}]
from callboard.cli.commands import build_cli
from support import kube_objects as kube
from support.stub_wiring import StubPortal, StubWiring
from callboard.model.snapshot import ClusterState
silent = kube.cluster("eu-1", state=ClusterState.AWAITED)
pods = [kube.pod(f"web-{{i}}") for i in range(2000)]
many = kube.cluster("eu-2", *pods)
class Slow(StubWiring):
    async def serve(self, options):
        print("up", flush=True)
        await asyncio.Event().wait()
build_cli(Slow(StubPortal(kube.service(many))))()
"""


def program(*arguments: str) -> "subprocess.Popen[bytes]":
    source = PROGRAM.format(tests=str(Path(__file__).parents[1]))
    return subprocess.Popen(
        [sys.executable, "-c", source, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_ctrl_c_is_quiet() -> None:
    process = program("serve")
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (130, b"")


def test_a_reader_that_went_away_is_neither_sickness_nor_a_traceback() -> None:
    process = program("status", "web", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=30), err) == (141, b"")
