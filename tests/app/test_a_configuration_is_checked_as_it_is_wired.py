"""`callboard config check` wires what the server wires: what cannot be used is told there, and costs itself where it is used."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from callboard.app import checking
from callboard.app.application import open_application
from callboard.app.checking import wired_check
from callboard.app.plugins import asked
from callboard.app.wiring import AppWiring
from callboard.cli.commands import build_cli
from callboard.extend import Cluster, ExtensionContext, Registration, hookimpl
from callboard.model.caller import Caller

GOOD = {
    "name": "good",
    "url": "https://good.example.com",
    "authProvider": "serviceAccount",
    "serviceAccountToken": "t",
}


def written(directory: Path, *clusters: Any, **kubernetes: Any) -> Path:
    config = directory / "app-config.yaml"
    ours = kubernetes.pop("callboard", {})
    document = {
        "kubernetes": {
            "serviceLocatorMethod": {"type": "multiTenant"},
            "clusterLocatorMethods": [{"type": "config", "clusters": [GOOD, *clusters]}],
            **kubernetes,
        },
        "catalog": {"locations": []},
        "callboard": {"dataDirectory": str(directory / "data"), **ours},
    }
    config.write_text(yaml.safe_dump(document))
    return config


BAD = {
    "no token": ({**GOOD, "name": "bad", "serviceAccountToken": None}, "there is no token"),
    "unknown provider": (
        {**GOOD, "name": "bad", "authProvider": "serviceAcount"},
        "did you mean serviceAccount?",
    ),
    "provider of later": ({**GOOD, "name": "bad", "authProvider": "oidc"}, "nobody here knows"),
    "name twice": ({**GOOD, "url": "https://other.example.com"}, "two clusters are called 'good'"),
    "a token that is blank": ({**GOOD, "name": "bad", "serviceAccountToken": "  "}, "cannot be sent"),
    "a token of two lines": ({**GOOD, "name": "bad", "serviceAccountToken": "a\nb"}, "cannot be sent"),
    "a token with a letter of ours": (
        {**GOOD, "name": "bad", "serviceAccountToken": "tökén"},
        "cannot be sent",
    ),
    "plain http": ({**GOOD, "name": "bad", "url": "http://bad.example.com"}, "sends no credential"),
    "a provider of another portal": ({**GOOD, "name": "bad", "authProvider": "google"}, "nobody here knows"),
    "a provider in another case": (
        {**GOOD, "name": "bad", "authProvider": "ServiceAccount"},
        "serviceAccount?",
    ),
    "a provider that is a star": ({**GOOD, "name": "bad", "authProvider": "*"}, "nobody here knows"),
    "a CA file that is not there": (
        {**GOOD, "name": "bad", "caFile": "nowhere.pem"},
        "CA file cannot be read",
    ),
    "a CA file of something else": (
        {**GOOD, "name": "bad", "caFile": "app-config.yaml"},
        "holds no certificate",
    ),
    "a CA file that is a directory": ({**GOOD, "name": "bad", "caFile": "."}, "CA file cannot be read"),
    "a CA file that never ends": ({**GOOD, "name": "bad", "caFile": "/dev/zero"}, "CA holds no certificate"),
    "no provider": ({"name": "bad", "url": "https://bad.example.com"}, "as whom to ask it"),
}


@pytest.mark.parametrize("case", BAD)
async def test_one_bad_cluster_is_told_and_costs_itself_alone(case: str, tmp_path: Path) -> None:
    cluster, words = BAD[case]
    config = written(tmp_path, cluster)
    found = await wired_check([config], tmp_path)
    assert [words in p for p in found.problems] == [True], found
    async with open_application([config], directory=tmp_path, persist=False) as app:
        names = [c.name for c in (await app.operations.clusters(Caller.loopback())).clusters]
    assert "good" in names


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"serviceLocatorMethod": {"type": "multitenant"}}, "did you mean multiTenant?"),
        ({"clusterLocatorMethods": [{"type": "inventory"}]}, "there is no cluster supplier of that name"),
        ({"callboard": {"parts": {"fetcher": "nope"}}}, "there is no fetcher of that name"),
    ],
)
def test_a_part_that_nobody_has_is_told(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    config = written(tmp_path, **changes)
    result = CliRunner().invoke(build_cli(AppWiring()), ["config", "check", "--config", str(config)])
    assert (result.exit_code, words in result.output) == (1, True), result.output


def test_nothing_wrong_is_nothing_told(tmp_path: Path) -> None:
    config = written(tmp_path)
    result = CliRunner().invoke(build_cli(AppWiring()), ["config", "check", "--config", str(config)])
    assert (result.exit_code, "problem" in result.output) == (0, False), result.output


EVERYTHING: dict[str, Any] = {
    "serviceLocatorMethod": {"type": "multitenant"},
    "callboard": {
        "diagnosis": {
            "conditions": {"CB-CRASH-EROR": {"enabled": False}, "CB-CRASH-ERROR": {"runbook": "wiki"}}
        },
        "routes": [{"path": "no-slash", "types": ["pods"]}],
        "access": {"policies": {"files": ["nowhere.cedar"]}},
    },
}


def test_what_is_wrong_in_one_part_hides_nothing_of_another(tmp_path: Path) -> None:
    config = written(tmp_path, **EVERYTHING)
    result = CliRunner().invoke(build_cli(AppWiring()), ["config", "check", "--config", str(config)])
    words = ["did you mean multiTenant?", "CB-CRASH-EROR", "runbook", "routes[0]", "nowhere.cedar"]
    assert [w for w in words if w not in result.output] == [], result.output
    assert result.exit_code == 1


class Register:
    """A source of clusters that stands behind an address."""

    def __init__(self, context: ExtensionContext) -> None:
        self._context = context

    async def clusters(self, caller: Caller) -> list[Cluster]:
        await self._context.outbound.get("https://register.example.com")
        return []


class Registers:
    @hookimpl
    def callboard_cluster_suppliers(self, context: ExtensionContext) -> Any:
        return [Registration("register", lambda config: Register(context))]


async def test_what_stands_behind_an_address_is_not_asked_and_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        checking, "installed", lambda contexts, **_: (asked("register", Registers(), contexts),)
    )
    file = written(tmp_path, clusterLocatorMethods=[{"type": "register"}])
    found = await wired_check([file], tmp_path)
    assert found.problems == ()
    (told,) = found.warnings
    assert "Nothing is asked while a configuration is checked" in told
