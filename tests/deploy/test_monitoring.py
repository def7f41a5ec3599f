"""Alerts and dashboard ask for metrics that there are, each alert fires once, and Prometheus takes what we tell."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from callboard.app.metrics import Metrics
from support.checkout import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
ALERTS = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
TESTS = yaml.safe_load((MONITORING / "alerts.test.yaml").read_text())["tests"]
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
ASKED = [rule["expr"] for rule in ALERTS] + [t["expr"] for p in DASHBOARD["panels"] for t in p["targets"]]


async def told() -> str:
    return (await Metrics().written(counts=True)).decode()


async def test_what_is_asked_for_is_told() -> None:
    families = {family.name for family in text_string_to_metric_families(await told())}
    for expression in ASKED:
        for name in re.findall(r"\bcallboard_\w+", expression):
            assert re.sub(r"_(total|bucket)$", "", name) in families, expression


def test_every_alert_is_fired_by_a_test_and_says_what_to_do() -> None:
    fired = {
        each["alertname"] for test in TESTS for each in test["alert_rule_test"] if each.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in ALERTS}
    assert all(rule["annotations"].keys() == {"summary", "what_to_do"} for rule in ALERTS)


@pytest.mark.parametrize("words", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")])
def test_prometheus_takes_the_alerts(promtool: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [promtool, *words], cwd=MONITORING, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


async def test_prometheus_takes_what_we_tell(promtool: Path) -> None:
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
        [promtool, "check", "metrics"], input=await told(), capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    assert "error while linting" not in done.stderr
    assert done.returncode in (0, 3), done.stderr  # 3: names that its house style would have otherwise
