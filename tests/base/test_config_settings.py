"""What a config file says becomes settings, and every key is told: used, unused, unknown or wrong, and where."""

from __future__ import annotations

import ast
import inspect
import math
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base import settings as sections
from callboard.base.config import Checked, Level, LoadedConfig, Outcome, check, load
from callboard.base.config.durations import from_text
from callboard.base.config.nearest import distance, nearest
from callboard.base.config.tree import Node, Origin, merge, plain, shown
from callboard.base.errors import BadInputs, Problem
from callboard.base.secret import Secret
from callboard.base.settings import (
    CatalogLocator,
    ConfigLocator,
    GkeLocator,
    InClusterLocator,
    KubeconfigLocator,
    LocalKubectlProxyLocator,
    OtherLocator,
    Settings,
)

STRUCTS = [
    found
    for name in sections.__all__
    if isinstance(found := getattr(sections, name), type) and issubclass(found, msgspec.Struct)
]
CLUSTER = "{name: a, url: 'https://a', authProvider: serviceAccount"


def checked(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> Checked:
    file = tmp_path / "app-config.yaml"
    file.write_text(text)
    return check([file], env or {})


def loaded(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> LoadedConfig:
    found = checked(tmp_path, text, env)
    assert found.problems == ()
    assert found.loaded is not None
    return found.loaded


def the_problem(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> Problem:
    (problem,) = checked(tmp_path, text, env).problems
    return problem


def locators(text: str) -> str:
    return f"kubernetes:\n  clusterLocatorMethods:\n    - {text}\n"


def clusters(*more: str) -> str:
    return locators(f"{{type: config, clusters: [{', '.join(more)}]}}")


FULL = """
app: {title: Dice, baseUrl: 'https://portal.example.org'}
organization: {name: ACME}
backend:
  baseUrl: http://localhost:7007
  listen: {host: 0.0.0.0, port: '${PORT:-7008}'}
  https: {certificate: {cert: CERT, key: {$env: KEY}}}
  cors:
    {origin: 'http://localhost:3000', methods: 'GET,HEAD', allowedHeaders: [X-A], exposedHeaders: [X-B], credentials: true,
     maxAge: 60}
  reading: {allow: [{host: example.com}, {host: '*.mozilla.org', paths: [/a]}]}
  database: {client: better-sqlite3, connection: ':memory:'}
catalog:
  rules: [{allow: [Component, {kind: API, spec.type: grpc}], locations: [{type: url, pattern: 'https://*'}, {exact: x}]}]
  locations: [{type: file, target: ../catalog-info.yaml, rules: [{allow: [User]}]}]
  processingInterval: {minutes: 5, seconds: 1}
kubernetes:
  serviceLocatorMethod: {type: singleTenant}
  clusterLocatorContinueOnError: 'yes'
  clusterLocatorMethods:
    - type: config
      clusters:
        - url: https://a.example.org:6443/prefix
          name: a
          title: Cluster A
          authProvider: serviceAccount
          authMetadata: {example.org/x: y}
          serviceAccountToken: ${TOKEN}
          oidcTokenProvider: okta
          assumeRole: role
          externalId: id
          skipTLSVerify: true
          skipMetricsLookup: 'true'
          caData: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t
          caFile: ca.pem
          customResources: [{group: argoproj.io, apiVersion: v1alpha1, plural: rollouts}]
          dashboardUrl: https://d
          dashboardApp: headlamp
          dashboardParameters: {clusterName: a, internal: true}
    - {type: kubeconfig, files: [one, two], contexts: [x], skipMetricsLookup: true}
    - {type: localKubectlProxy}
    - {type: inCluster, name: here}
    - {type: gke, projectId: p}
    - {type: catalog}
    - {type: inventory, file: x.csv, deep: {a: [1]}}
  objectTypes: [pods, secrets]
  customResources: [{group: g, apiVersion: v1, plural: ps}]
  apiVersionOverrides: {cronjobs: v1beta1}
callboard:
  clusters:
    limits:
      {softDeadline: 2s, hardDeadline: PT20S, connectDeadline: 1, idleDeadline: 2, connections: '6', maxBodyBytes: 1000,
       maxLogBytes: 100, maxNesting: 9, breaker: {failures: 2, openFor: 1, maxOpenFor: 2}}
    concurrent: 10
    byName: {a: {labels: {region: eu}, links: {Runbook: 'https://r'}, hardDeadline: {minutes: 1}}}
  kubeconfig: {allowExecPlugins: true, execDeadline: 5}
  parts: {fetcher: direct, objectsProvider: fanOut, proxy: direct}
  catalog: {maxFileBytes: 5, urlDeadline: 1, maxEntitiesPerLocation: 2}
  dataDirectory: /var/lib/callboard
  watchInterval: 500ms
  logging: {level: debug, format: json}
  web: {allowedHosts: [portal], drainDeadline: 3}
"""


def test_every_section_is_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL, {"TOKEN": "hunter2", "KEY": "hunter3"})
    said = config.settings
    assert (said.app.title, said.app.base_url, said.organization.name) == (
        "Dice",
        "https://portal.example.org",
        "ACME",
    )
    assert (said.backend.listen.host, said.backend.listen.port) == ("0.0.0.0", 7008)
    assert said.backend.https is not None
    assert said.backend.https.certificate.key == Secret("hunter3")
    assert said.backend.cors is not None
    assert said.backend.cors.methods == ("GET", "HEAD")
    assert said.backend.database.sqlite_file("data") == ":memory:"
    assert [a.host for a in said.backend.reading.allow] == ["example.com", "*.mozilla.org"]
    assert [(a.kind, a.spec_type) for a in said.catalog.rules[0].allow] == [
        ("Component", None),
        ("API", "grpc"),
    ]
    assert said.catalog.processing_interval == 301
    kubernetes = said.kubernetes
    assert kubernetes is not None
    assert kubernetes.service_locator_method.type == "singleTenant"
    assert kubernetes.cluster_locator_continue_on_error is True
    assert [type(method) for method in kubernetes.cluster_locator_methods] == [
        ConfigLocator, KubeconfigLocator, LocalKubectlProxyLocator, InClusterLocator, GkeLocator, CatalogLocator, OtherLocator,
    ]  # fmt: skip
    config_locator, *_, other = kubernetes.cluster_locator_methods
    assert isinstance(config_locator, ConfigLocator)
    cluster = config_locator.clusters[0]
    assert cluster.service_account_token == Secret("hunter2")
    assert cluster.auth_metadata == {"example.org/x": Secret("y")}
    assert (cluster.skip_tls_verify, cluster.skip_metrics_lookup) == (True, True)
    assert cluster.dashboard_parameters == {"clusterName": "a", "internal": True}
    assert isinstance(other, OtherLocator)
    assert dict(other.options) == {"file": "x.csv", "deep": {"a": [1]}}
    assert said.callboard.clusters.limits_of("a").hard_deadline == 60
    assert said.callboard.clusters.limits_of("a").connections == 6
    assert said.callboard.clusters.limits_of("b").hard_deadline == 20
    assert said.callboard.watch_interval == 0.5
    assert said.callboard.kubeconfig.exec_deadline == 5
    assert "hunter" not in repr(config)


def test_every_field_of_every_section_can_be_written_down(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL, {"TOKEN": "t", "KEY": "k"})
    assert {row.outcome for row in config.report} == {Outcome.USED, Outcome.UNUSED, Outcome.CAUTION}
    written = {step for row in config.report for step in re.split(r"[.\[\]\"]+", row.path)} | {"spec.type"}
    for struct in STRUCTS:
        keys = {f.encode_name for f in msgspec.structs.fields(struct)} - {"options"}
        assert keys <= written, f"{struct.__name__}: write {sorted(keys - written)} down in FULL"


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_field_has_a_docstring_of_its_own(struct: type[msgspec.Struct]) -> None:
    (body,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(body, ast.ClassDef)
    assert ast.get_docstring(body)
    for here, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(here, ast.AnnAssign) and ast.unparse(here.target) != "NOT_USED":
            assert isinstance(after, ast.Expr), ast.unparse(here.target)
            assert isinstance(after.value, ast.Constant), ast.unparse(here.target)


def test_no_file_and_an_empty_file_are_the_defaults(tmp_path: Path) -> None:
    assert load([], {}).settings == Settings()
    assert loaded(tmp_path, "# nothing\n").settings == Settings()
    assert Settings().kubernetes is None
    assert Settings().backend.database.sqlite_file("d") == "d/callboard.sqlite"


def test_null_hides_what_an_earlier_file_said(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("app: {title: One, baseUrl: 'http://one'}\n")
    (tmp_path / "two.yaml").write_text("app: {title: null}\n")
    config = load([tmp_path / "one.yaml", tmp_path / "two.yaml"], {})
    assert (config.settings.app.title, config.settings.app.base_url) == ("Callboard", "http://one")


def test_a_place_is_the_file_that_won(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("app:\n  title: One\n  baseUrl: http://one\n")
    (tmp_path / "two.yaml").write_text("\n\napp: {title: Two}\n")
    config = load([tmp_path / "one.yaml", tmp_path / "two.yaml"], {})
    assert config.place("app", "title") == f"{tmp_path}/two.yaml:3, app.title"
    assert config.place("app", "baseUrl") == f"{tmp_path}/one.yaml:3, app.baseUrl"
    assert config.place("app", "nothing") == f"{tmp_path}/two.yaml:3, app.nothing"


@pytest.mark.parametrize(
    ("text", "path", "line", "meant"),
    [
        (
            "kubernetes:\n  clusterLocatorMethod: []\n",
            "kubernetes.clusterLocatorMethod",
            2,
            "clusterLocatorMethods",
        ),
        ("callboard:\n  loging: {}\n", "callboard.loging", 2, "logging"),
        (
            "callboard: {clusters: {limits: {softDeadlin: 1}}}\n",
            "callboard.clusters.limits.softDeadlin",
            1,
            "softDeadline",
        ),
        (
            clusters(CLUSTER + ", skipTlsVerify: true}"),
            "kubernetes.clusterLocatorMethods[0].clusters[0].skipTlsVerify",
            3,
            "skipTLSVerify",
        ),
        (locators("{type: kubeconfig, file: x}"), "kubernetes.clusterLocatorMethods[0].file", 3, "files"),
        (
            "kubernetes: {serviceLocatorMethod: {type: multiTenant, x: 1}}\n",
            "kubernetes.serviceLocatorMethod.x",
            1,
            None,
        ),
    ],
)
def test_a_key_nobody_knows_is_an_error_inside_kubernetes_and_callboard(
    tmp_path: Path, text: str, path: str, line: int, meant: str | None
) -> None:
    problem = the_problem(tmp_path, text)
    assert (problem.message, problem.path, problem.line) == ("unknown key", path, line)
    assert problem.where == str(tmp_path / "app-config.yaml")
    assert problem.found == f"'{path.rpartition('.')[2]}'"
    assert problem.expected
    assert problem.hint == (f"did you mean '{meant}'?" if meant else "")


@pytest.mark.parametrize(
    ("text", "path", "outcome", "words"),
    [
        ("techdocs: {builder: local}", "techdocs", Outcome.UNUSED, "known to Backstage"),
        ("backend: {auth: {keys: [{secret: hunter2}]}}", "backend.auth", Outcome.UNUSED, "no other service"),
        (
            "kubernetes: {podExecTerminal: {enabled: true}}",
            "kubernetes.podExecTerminal",
            Outcome.UNUSED,
            "terminal",
        ),
        ("app: {suport: hunter2}", "app.suport", Outcome.UNKNOWN, "did you mean 'support'?"),
        ("integratons: {github: hunter2}", "integratons", Outcome.UNKNOWN, "did you mean 'integrations'?"),
        ("zzzzzzzz: hunter2", "zzzzzzzz", Outcome.UNKNOWN, "ignored"),
        ("callbord: {}", "callbord", Outcome.UNKNOWN, "did you mean 'callboard'?"),
        (
            locators("{type: gke, projectId: hunter2}"),
            "kubernetes.clusterLocatorMethods[0]",
            Outcome.UNUSED,
            "Google",
        ),
        (locators("{type: catalog}"), "kubernetes.clusterLocatorMethods[0]", Outcome.UNUSED, "catalog"),
        (
            locators("{type: kubconfig}"),
            "kubernetes.clusterLocatorMethods[0].type",
            Outcome.CAUTION,
            "'kubeconfig'",
        ),
        (
            "kubernetes: {serviceLocatorMethod: {type: http}}",
            "kubernetes.serviceLocatorMethod.type",
            Outcome.CAUTION,
            "extension",
        ),
        (
            clusters("{name: a, url: 'https://a', authProvider: google}"),
            "kubernetes.clusterLocatorMethods[0].clusters[0].authProvider",
            Outcome.CAUTION,
            "google",
        ),
        (
            clusters(CLUSTER + ", skipTLSVerify: true}"),
            "kubernetes.clusterLocatorMethods[0].clusters[0].skipTLSVerify",
            Outcome.CAUTION,
            "stranger",
        ),
        (
            "backend: {database: {client: pg, connection: {password: hunter2}}}",
            "backend.database.client",
            Outcome.UNUSED,
            "SQLite",
        ),
        (
            "catalog: {locations: [{type: s3, target: x}]}",
            "catalog.locations[0].type",
            Outcome.UNUSED,
            "file and url",
        ),
        ("app: {title: '${NOPE}'}", "app.title", Outcome.UNSET, "NOPE has no value"),
    ],
)
def test_what_is_not_used_is_a_warning_that_says_why(
    tmp_path: Path, text: str, path: str, outcome: Outcome, words: str
) -> None:
    config = loaded(tmp_path, text + "\n")
    (row,) = config.warnings
    assert (row.path, row.outcome, row.level) == (path, outcome, Level.WARNING)
    assert words in row.message
    assert row.line
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("text", "path", "found", "expected"),
    [
        ("app: {title: 5}", "app.title", "5", "a string"),
        ("app: {title: ''}", "app.title", "an empty string", "a string"),
        ("app: []", "app", "a list", "a mapping"),
        ("app: {baseUrl: portal}", "app.baseUrl", "'portal'", "http(s)://"),
        ("backend: {listen: '7007x'}", "backend.listen", "'7007x'", "a mapping"),
        ("backend: {listen: {port: 70000}}", "backend.listen.port", "70000", "at most 65535"),
        ("backend: {listen: {port: 1.5}}", "backend.listen.port", "1.5", "a whole number"),
        ("backend: {https: true}", "backend.https", "true", "a mapping"),
        ("backend: {cors: {origin: '*', credentials: true}}", "backend.cors.origin", "'*' with credentials: true", "origins"),
        ("kubernetes: {clusterLocatorMethods: [5]}", "kubernetes.clusterLocatorMethods[0]", "5", "a mapping"),
        ("kubernetes: {clusterLocatorMethods: [{}]}", "kubernetes.clusterLocatorMethods[0].type", "", "'type'"),
        ("kubernetes: {clusterLocatorMethods: {}}", "kubernetes.clusterLocatorMethods", "a mapping", "a list"),
        ("callboard: {kubeconfig: {allowExecPlugins: maybe}}", "callboard.kubeconfig.allowExecPlugins", "'maybe'", "true"),
        ("kubernetes: {objectTypes: [pods, pod]}", "kubernetes.objectTypes[1]", "'pod'", "pods, services"),
        ("kubernetes: {apiVersionOverrides: {cronjob: v1}}", "kubernetes.apiVersionOverrides.cronjob", "'cronjob'", "cronjobs"),
        ("callboard: {logging: {level: inof}}", "callboard.logging.level", "'inof'", "info"),
        ("callboard: {watchInterval: 0}", "callboard.watchInterval", "0", "more than 0"),
        ("callboard: {watchInterval: 2 parsecs}", "callboard.watchInterval", "'2 parsecs'", "a duration"),
        ("callboard: {watchInterval: {secs: 2}}", "callboard.watchInterval.secs", "'secs'", "seconds"),
        ("callboard: {clusters: {limits: {softDeadline: 1m}}}", "callboard.clusters.limits.softDeadline", "60 s", "at most"),
        ("callboard: {clusters: {limits: {breaker: {openFor: 2m}}}}", "callboard.clusters.limits.breaker.openFor", "120", "at"),
        ("callboard: {clusters: {byName: {a: {links: {x: 'js:1'}}}}}", "callboard.clusters.byName.a.links.x", "'js:1'", "http"),
        ("catalog: {processingInterval: 5}", "catalog.processingInterval", "5", "a duration"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_what_was_found_and_expected(
    tmp_path: Path, text: str, path: str, found: str, expected: str
) -> None:
    problem = the_problem(tmp_path, text + "\n")
    assert problem.path == path
    assert problem.line == 1
    assert problem.found.startswith(found)
    assert expected in problem.expected


AT = "kubernetes.clusterLocatorMethods[0].clusters"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (clusters("{name: a, url: 'https://a'}"), f"{AT}[0].authProvider", "missing"),
        (clusters("{url: 'https://a', authProvider: serviceAccount}"), f"{AT}[0].name", "missing"),
        (clusters("{name: a, authProvider: serviceAccount}"), f"{AT}[0].url", "missing"),
        (
            clusters("{name: a, url: 'ftp://a', authProvider: serviceAccount}"),
            f"{AT}[0].url",
            "not an address",
        ),
        (
            clusters("{name: a, url: 'https://a:x', authProvider: serviceAccount}"),
            f"{AT}[0].url",
            "not an address",
        ),
        (
            clusters("{name: a, url: 'https://u:hunter2@a', authProvider: serviceAccount}"),
            f"{AT}[0].url",
            "credentials",
        ),
        (clusters(CLUSTER + ", caData: hunter2}"), f"{AT}[0].caData", "will not do"),
        (
            clusters(CLUSTER + ", serviceAccountToken: {hunter2: 1}}"),
            f"{AT}[0].serviceAccountToken",
            "will not do",
        ),
        (clusters(CLUSTER + ", authMetadata: {a: 5}}"), f"{AT}[0].authMetadata.a", "will not do"),
        (
            clusters(CLUSTER + "}", CLUSTER + "}"),
            f"{AT}[1].name",
            "a second cluster of this name; the first is at",
        ),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(tmp_path: Path, text: str, path: str, words: str) -> None:
    problem = the_problem(tmp_path, text)
    assert problem.path == path
    assert words in problem.message
    assert "hunter2" not in str(problem)


def test_the_auth_provider_may_stand_in_the_metadata(tmp_path: Path) -> None:
    loaded(
        tmp_path,
        clusters("{name: a, url: 'https://a', authMetadata: {kubernetes.io/auth-provider: serviceAccount}}"),
    )


def test_two_clusters_of_one_name_name_both_places(tmp_path: Path) -> None:
    text = "kubernetes:\n  clusterLocatorMethods:\n    - type: config\n      clusters:\n" + "".join(
        f"        - {CLUSTER}}}\n" for _ in range(2)
    )
    problem = the_problem(tmp_path, text)
    assert problem.line == 6
    assert "app-config.yaml:5, kubernetes.clusterLocatorMethods[0].clusters[0]" in problem.message


def test_all_problems_are_told_at_once_and_good_keys_are_still_reported(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        "app: {title: 5}\nkubernetes: {objectTypes: [pod], x: 1}\n"
        "callboard: {logging: {level: no, format: json}}\na: {$file: gone}\n",
    )
    assert [p.path for p in found.problems] == [
        "a",
        "app.title",
        "kubernetes.x",
        "kubernetes.objectTypes[0]",
        "callboard.logging.level",
    ]
    assert found.loaded is None
    errors = [row.path for row in found.report if row.level is Level.ERROR]
    assert sorted(errors) == sorted(p.path for p in found.problems)
    assert "callboard.logging.format" in [row.path for row in found.report if row.outcome is Outcome.USED]
    assert {each.path.name for each in found.sources} == {"app-config.yaml", "gone"}
    with pytest.raises(BadInputs) as caught:
        load([tmp_path / "app-config.yaml"], {})
    assert caught.value.problems == found.problems


@pytest.mark.parametrize(
    "how",
    [
        "{$env: SECRET}",
        "'${SECRET}'",
        "'x${SECRET}'",
        "{$file: secret.txt}",
        "{$include: secret.yaml}",
        "{$include: 'map.yaml#a'}",
    ],
)
@pytest.mark.parametrize(
    "key",
    [
        "app: {baseUrl: %s}",
        "callboard: {logging: {level: %s}}",
        "callboard: {watchInterval: %s}",
        "backend: {listen: %s}",
        "kubernetes: {objectTypes: [%s]}",
        "kubernetes: {clusterLocatorMethods: [{type: %s}]}",
        "kubernetes: {serviceLocatorMethod: {type: %s}}",
    ],
)
def test_a_value_from_the_environment_or_another_file_never_shows(tmp_path: Path, how: str, key: str) -> None:
    (tmp_path / "secret.txt").write_text("hunter2\n")
    (tmp_path / "secret.yaml").write_text("hunter2\n")
    (tmp_path / "map.yaml").write_text("a: hunter2\n")
    found = checked(tmp_path, key % how + "\n", {"SECRET": "hunter2"})
    assert found.problems or found.report
    assert "hunter2" not in str([str(problem) for problem in found.problems])
    assert "hunter2" not in repr(found.report)
    if found.problems:
        assert found.problems[0].found.endswith("(not shown)")


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("':7008'", "127.0.0.1", 7008),
        ("7008", "127.0.0.1", 7008),
        ("'0.0.0.0:1'", "0.0.0.0", 1),
        ("'[::1]:1'", "::1", 1),
    ],
)
def test_listen_takes_the_short_forms(tmp_path: Path, listen: str, host: str, port: int) -> None:
    found = loaded(tmp_path, f"backend: {{listen: {listen}}}\n").settings.backend.listen
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    ("database", "file"),
    [
        ("{client: better-sqlite3, connection: ':memory:'}", ":memory:"),
        ("{client: better-sqlite3, connection: {directory: d}}", "d/callboard.sqlite"),
        ("{client: sqlite3, connection: {filename: f}}", "f"),
        ("{client: better-sqlite3}", "data/callboard.sqlite"),
        ("{client: pg, connection: {filename: f}}", "data/callboard.sqlite"),
    ],
)
def test_the_tables_lie_where_backstages_database_says(tmp_path: Path, database: str, file: str) -> None:
    assert (
        loaded(tmp_path, f"backend: {{database: {database}}}\n").settings.backend.database.sqlite_file("data")
        == file
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("5 minutes", 300),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("PT5M", 300),
        ("P1DT1S", 86401),
        ("PT0.5S", 0.5),
    ],
)
def test_durations_are_read_as_backstage_writes_them(text: str, seconds: float) -> None:
    assert from_text(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "P", "PT", "-5m", "5 m m", "PT5", "1e3s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert from_text(text) is None


def test_re_reading_can_be_switched_off(tmp_path: Path) -> None:
    assert (
        loaded(tmp_path, "catalog: {processingInterval: false}").settings.catalog.processing_interval
        == math.inf
    )


def test_the_unit_of_the_union_of_locators_is_complete() -> None:
    assert len(get_args(sections.ClusterLocator)) == 7


words = st.text(alphabet="abcAB", max_size=6)


@given(words, words, words)
def test_distance_is_one(a: str, b: str, c: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


def test_the_nearest_word_is_close_or_none() -> None:
    assert distance("ab", "ba") == 1
    assert (
        nearest("clusterLocatorMethod", ["clusterLocatorMethods", "objectTypes"]) == "clusterLocatorMethods"
    )
    assert nearest("TITLE", ["title", "titles"]) == "title"
    assert nearest("x", ["title"]) is None
    assert nearest("a" * 10_000, ["a"]) is None


HERE = Origin("f", 1)
trees = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def tree(value: object) -> Node:
    if isinstance(value, dict):
        return Node({key: tree(item) for key, item in value.items()}, HERE)
    if isinstance(value, list):
        return Node([tree(item) for item in value], HERE)
    assert value is None or isinstance(value, int | str)
    return Node(value, HERE)


def overlay(under: object, over: object) -> object:
    """Backstage's documented rule, said again in the shortest way."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {key: overlay(under.get(key), over.get(key, under.get(key))) for key in under | over}
    return over


@given(trees, trees)
def test_mappings_merge_and_everything_else_is_replaced(under: object, over: object) -> None:
    assert plain(merge(tree(under), tree(over))) == overlay(under, over)


@given(st.text(max_size=200))
def test_what_is_shown_is_one_short_line(text: str) -> None:
    for part in (shown(Node(text, HERE)), shown(Node(text, Origin("f", 1, hidden=True)))):
        assert len(part) <= 60
        assert part.isprintable()
