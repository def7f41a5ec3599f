"""`callboard explain`: every code of a finding, and one of them."""

import json

import pytest
from click.testing import CliRunner, Result

from callboard.cli.commands import build_cli
from callboard.diagnosis.rules.registry import ALL
from support.stub_wiring import StubPortal, StubWiring


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_cli(StubWiring(StubPortal())), ["explain", *arguments])


def test_every_rule_is_listed() -> None:
    listed = [line.split()[0] for line in run().stdout.splitlines()]
    assert sorted(listed) == sorted({rule.code for rule in ALL})
    assert [each["code"] for each in json.loads(run("--json").stdout)] == listed


@pytest.mark.parametrize("code", [rule.code for rule in ALL])
def test_a_code_says_what_it_means_and_what_to_do(code: str) -> None:
    told = json.loads(run(code, "--json").stdout)
    assert told["title"] != "Trouble", "it has words"
    assert told["means"]
    assert told["sentences"]
    assert told["window"]
    assert told["steps"] or told["impact"] == "notice"
    assert told["title"] in run(code).stdout


@pytest.mark.parametrize("written", ["CB-OOM", "oom", "cb-oom", " OOM "])
def test_a_code_may_be_written_short(written: str) -> None:
    assert json.loads(run(written, "--json").stdout)["code"] == "CB-OOM"


def test_a_code_that_is_not_known_is_told_with_the_nearest() -> None:
    result = run("CB-OMM")
    assert result.exit_code == 3
    assert "Did you mean CB-OOM?" in result.stderr
