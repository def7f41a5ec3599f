"""`config check`, `catalog validate` and `rbac` on real files."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from callboard.cli.commands import build_cli
from support.stub_wiring import StubWiring

CONFIG = """\
app:
  title: Shop
  support: {url: https://example.com}
backend:
  listen: {port: 7010}
kubernetes:
  serviceLocatorMethod: {type: multiTenant}
  clusterLocatorMethods:
    - type: config
      clusters:
        - name: eu-1
          url: https://eu-1.example.com
          authProvider: serviceAccount
          serviceAccountToken: ${TOKEN}
"""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(build_cli(StubWiring()), arguments)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKEN", "hunter2")
    path = tmp_path / "app-config.yaml"
    path.write_text(CONFIG)
    return path


def test_every_key_is_told_with_its_place_and_no_value(config: Path) -> None:
    result = call("config", "check", "--config", str(config))
    assert (result.exit_code, "hunter2" in result.output) == (0, False)
    place = re.escape(f"{config}:2")
    assert re.search(rf"^used +app\.title +{place}$", result.stdout, re.MULTILINE)
    assert result.stdout.splitlines()[-1].endswith("1 known, not used")
    read = json.loads(call("config", "check", "--config", str(config), "--json").stdout)
    keys = {key["path"]: key for key in read["keys"]}
    assert (keys["app.title"]["outcome"], keys["app.title"]["line"]) == ("used", 2)
    assert keys["app.support"]["outcome"] == "unused"
    assert keys["kubernetes.clusterLocatorMethods[0].clusters[0].serviceAccountToken"]["outcome"] == "used"
    assert read["problems"] == []


def test_an_unknown_key_of_ours_is_a_problem_that_names_the_nearest(config: Path) -> None:
    config.write_text(CONFIG.replace("multiTenant}", "multiTenant}\n  clusterLocatorMethod: []"))
    result = call("config", "check", "--config", str(config))
    assert result.exit_code == 1
    line = next(line for line in result.stdout.splitlines() if line.startswith("unknown"))
    assert f"{config}:8" in line
    assert "clusterLocatorMethods" in line


def test_a_configuration_that_is_no_file_is_a_problem(tmp_path: Path) -> None:
    result = call("config", "check", "--config", str(tmp_path / "nosuch.yaml"))
    assert (result.exit_code, "nosuch.yaml" in result.stdout) == (1, True)


def test_a_catalog_location_that_leads_nowhere_is_told_and_is_no_refusal(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.yaml").touch()
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "org.yaml").touch()
    locations = ("../../examples/org.yaml", "../../examples/gone.yaml", "./here.yaml", "./none/*.yaml")
    config.write_text(
        CONFIG
        + "catalog:\n  locations:\n"
        + "".join(f"    - {{type: file, target: '{each}'}}\n" for each in locations)
        + "    - {type: url, target: 'https://example.org/a.yaml'}\n"
    )
    result = call("config", "check", "--config", str(config), "--json")
    assert result.exit_code == 0
    keys = {key["path"]: key for key in json.loads(result.stdout)["keys"]}
    outcomes = [keys[f"catalog.locations[{n}].target"]["outcome"] for n in range(5)]
    assert outcomes == ["used", "caution", "used", "caution", "used"]
    gone = keys["catalog.locations[1].target"]
    assert "examples/gone.yaml and " in gone["message"]
    assert "packages/backend" in gone["message"]
    assert gone["line"] == 18


def test_no_configuration_is_fine() -> None:
    result = call("config", "check")
    assert (result.exit_code, result.stdout) == (0, "No configuration file: every setting has its default.\n")


GOOD = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: web}\n"
GOOD += "spec: {type: service, lifecycle: production, owner: shop}\n"
BAD = GOOD.replace("name: web", "name: we b")


def test_a_bad_entity_is_told_with_file_line_path_found_and_expected(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    result = call("catalog", "validate", str(tmp_path))
    assert result.exit_code == 1
    problem, summary = result.stdout.splitlines()
    assert problem.startswith(f"{tmp_path / 'bad.yaml'}:3: metadata.name: ")
    assert 'found "we b"' in problem
    assert "expected" in problem
    assert summary == "2 files, 1 of 2 entities valid, 1 problem"
    read = json.loads(call("catalog", "validate", str(tmp_path), "--json").stdout)
    assert (read["problems"][0]["line"], read["problems"][0]["path"]) == (3, "metadata.name")


def test_good_entities_exit_with_0(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    assert call("catalog", "validate", str(tmp_path / "good.yaml")).exit_code == 0


def test_rbac_is_for_the_namespaces_and_features_named(config: Path) -> None:
    result = call("rbac", "--config", str(config), "--namespaces", "a, b", "--features", "objects,logs")
    assert result.exit_code == 0
    documents = list(yaml.safe_load_all(result.stdout))
    assert [(d["kind"], d["metadata"].get("namespace")) for d in documents] == [
        ("ServiceAccount", "callboard"),
        ("Role", "a"),
        ("RoleBinding", "a"),
        ("Role", "b"),
        ("RoleBinding", "b"),
    ]
    granted = {resource for rule in documents[1]["rules"] for resource in rule["resources"]}
    assert "pods/log" in granted
    assert not granted & {"secrets", "events"}
    assert "hunter2" not in result.stdout


def test_rbac_without_a_configuration_is_for_the_defaults() -> None:
    result = call("rbac")
    kinds = [d["kind"] for d in yaml.safe_load_all(result.stdout)]
    assert kinds == ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
