"""`callboard access explain` says which policy decides, by the configuration and the catalog as they are."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callboard.app.wiring import AppWiring
from callboard.cli.commands import build_cli
from support.catalog import entity, write

Type = Callable[..., Result]
SHOP = "component:default/shop"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "catalog.yaml",
        entity("Group", "company", children=["web"]),
        entity("Group", "web"),
        entity("User", "anna", memberOf=["web"]),
        entity("Component", "shop", owner="company"),
    )
    (tmp_path / "app-config.yaml").write_text(
        "kubernetes: {serviceLocatorMethod: {type: multiTenant}, clusterLocatorMethods: []}\n"
        "catalog: {locations: [{type: file, target: catalog.yaml}], rules: [{allow: [Component, Group, User]}]}\n"
        "callboard: {access: {policies: {ready: by-owner, files: [mine.cedar], admins: ['user:default/eve']}}}\n"
    )
    (tmp_path / "mine.cedar").write_text(
        '@id("sum") forbid (principal, action == Action::"callboard.metrics.read", resource)'
        " when { 9223372036854775807 + 1 > 0 };"
    )

    def type_(*words: str) -> Result:
        return CliRunner().invoke(build_cli(AppWiring()), ("access", "explain", *words))

    return type_


def test_a_member_of_a_nested_group_may_and_the_policy_is_named(typed: Type) -> None:
    may = typed("anna", "kubernetes.logs.read", SHOP, "--cluster", "eu")
    assert may.exit_code == 0, may.stderr
    assert may.stdout.startswith("yes\n")
    assert "owners-read-logs-and-yaml (ready policy by-owner:" in may.stdout
    assert "group:default/company, group:default/web" in may.stdout
    found = json.loads(typed("anna", "catalog.entity.read", SHOP, "--json").stdout)
    assert (found["allowed"], found["groups"]) == (True, ["group:default/company", "group:default/web"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ben", "catalog.entity.read", SHOP), "no policy allows it"),
        (("anna", "catalog.entity.read", "component:default/none"), "no such thing in the catalog"),
        (("anna", "kubernetes.proxy", "eu"), "no rule knows this action"),
        (("anna", "callboard.audit.read"), "no policy allows it"),
        (("eve", "callboard.metrics.read"), "evaluating policy sum ("),
        (("service:ci", "callboard.metrics.read"), "overflow"),
    ],
)
def test_why_somebody_may_not(typed: Type, words: tuple[str, ...], told: str) -> None:
    refused = typed(*words)
    assert refused.exit_code == 1, refused.stderr
    assert refused.stdout.startswith("no\n")
    assert told in " ".join(refused.stdout.split())


@pytest.mark.parametrize(
    "words",
    [
        ("anna",),
        ("anna", "kubernetes.logs.reed", SHOP),
        ("anna", "catalog.entity.read"),
        ("a/", "callboard.audit.read"),
        ("", "callboard.audit.read"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(typed: Type, words: tuple[str, ...]) -> None:
    asked = typed(*words)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "Traceback" not in asked.stderr


def test_policies_that_cannot_be_used_are_told_with_their_place(typed: Type, tmp_path: Path) -> None:
    (tmp_path / "mine.cedar").write_text(
        "\n\npermit (principal, action, resource) when { resource.colour == 1 };"
    )
    asked = typed("anna", "catalog.entity.read", SHOP)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "mine.cedar:3: policy 1: attribute `colour`" in asked.stderr.replace("\n", " ")
