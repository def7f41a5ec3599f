"""Every key is told: used, unused, unknown or wrong, where it stands, and never what must not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from callboard.base.config import KeyOutcome, Level, load
from callboard.base.errors import BadInputs
from support.config import CLUSTER, checked, clusters, loaded, locators, the_problem


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
        ("techdocs: {builder: local}", "techdocs", KeyOutcome.UNUSED, "known to Backstage"),
        (
            "backend: {auth: {keys: [{secret: hunter2}]}}",
            "backend.auth.keys",
            KeyOutcome.UNUSED,
            "secret that is shared",
        ),
        (
            "kubernetes: {podExecTerminal: {enabled: true}}",
            "kubernetes.podExecTerminal",
            KeyOutcome.UNUSED,
            "terminal",
        ),
        ("app: {suport: hunter2}", "app.suport", KeyOutcome.UNKNOWN, "did you mean 'support'?"),
        ("integratons: {github: hunter2}", "integratons", KeyOutcome.UNKNOWN, "did you mean 'integrations'?"),
        ("zzzzzzzz: hunter2", "zzzzzzzz", KeyOutcome.UNKNOWN, "ignored"),
        ("callbord: {}", "callbord", KeyOutcome.UNKNOWN, "did you mean 'callboard'?"),
        (
            locators("{type: gke, projectId: hunter2}"),
            "kubernetes.clusterLocatorMethods[0]",
            KeyOutcome.UNUSED,
            "Google",
        ),
        (
            "backend: {cors: {origin: 'http://x'}}",
            "backend.cors.origin[0]",
            KeyOutcome.UNUSED,
            "no other origin",
        ),
        (locators("{type: catalog}"), "kubernetes.clusterLocatorMethods[0]", KeyOutcome.UNUSED, "catalog"),
        (
            locators("{type: kubconfig}"),
            "kubernetes.clusterLocatorMethods[0].type",
            KeyOutcome.CAUTION,
            "'kubeconfig'",
        ),
        (
            "kubernetes: {serviceLocatorMethod: {type: http}}",
            "kubernetes.serviceLocatorMethod.type",
            KeyOutcome.CAUTION,
            "extension",
        ),
        (
            clusters("{name: a, url: 'https://a', authProvider: google}"),
            "kubernetes.clusterLocatorMethods[0].clusters[0].authProvider",
            KeyOutcome.CAUTION,
            "google",
        ),
        (
            clusters(CLUSTER + ", skipTLSVerify: true}"),
            "kubernetes.clusterLocatorMethods[0].clusters[0].skipTLSVerify",
            KeyOutcome.CAUTION,
            "stranger",
        ),
        (
            "backend: {database: {client: pg, connection: {host: db, filename: f}}}",
            "backend.database.connection.filename",
            KeyOutcome.UNUSED,
            "not a key of PostgreSQL",
        ),
        (
            "backend: {database: {client: pg, connection: {host: db, ssl: {rejectUnauthorized: false}}}}",
            "backend.database.connection.ssl.rejectUnauthorized",
            KeyOutcome.CAUTION,
            "stranger",
        ),
        (
            "catalog: {locations: [{type: s3, target: x}]}",
            "catalog.locations[0].type",
            KeyOutcome.UNUSED,
            "file and url",
        ),
        ("app: {title: '${NOPE}'}", "app.title", KeyOutcome.UNSET, "NOPE has no value"),
        (
            clusters(CLUSTER + ", dashboardUrl: console}"),
            "kubernetes.clusterLocatorMethods[0].clusters[0].dashboardUrl",
            KeyOutcome.CAUTION,
            "no link",
        ),
        (
            "callboard: {links: {logs: [{title: Logs, url: 'https://logs/?q={namesapce}'}]}}",
            "callboard.links.logs[0].url",
            KeyOutcome.CAUTION,
            "{namesapce}",
        ),
    ],
)
def test_what_is_not_used_is_a_warning_that_says_why(
    tmp_path: Path, text: str, path: str, outcome: KeyOutcome, words: str
) -> None:
    config = loaded(tmp_path, text + "\n")
    (row,) = config.warnings
    assert (row.path, row.outcome, row.level) == (path, outcome, Level.WARNING)
    assert words in row.message
    assert row.line
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("backend: {cors: {origin: '*', credentials: true}}", "backend.cors.origin"),
        ("backend: {cors: true}", "backend.cors"),
        ("backend: {cors: {origin: 5, methods: {}}}", "backend.cors.origin"),
        ("backend: {cors: {maxAge: soon, orign: x}}", "backend.cors.maxAge"),
        ("catalog: {locations: [{type: s3}]}", "catalog.locations[0].type"),
        ("catalog: {locations: [{type: s3, target: [x], rules: 5}]}", "catalog.locations[0].type"),
        (
            "kubernetes: {clusterLocatorMethods: [{type: gke, projectId: {}}]}",
            "kubernetes.clusterLocatorMethods[0]",
        ),
        ("techdocs: {builder: 5}", "techdocs"),
    ],
)
def test_what_is_not_used_refuses_nothing(tmp_path: Path, text: str, path: str) -> None:
    config = loaded(tmp_path, text + "\n")
    assert (path, KeyOutcome.UNUSED) in [(row.path, row.outcome) for row in config.warnings]
    assert all(
        row.outcome in (KeyOutcome.UNUSED, KeyOutcome.USED)
        for row in config.report
        if row.path.startswith(path)
    )


def test_a_provider_of_another_environment_refuses_nothing(tmp_path: Path) -> None:
    config = loaded(tmp_path, "auth: {environment: here, providers: {oidc: {there: {clientId: 5}}}}\n")
    assert config.settings.auth.providers.oidc == {}
    (row,) = (row for row in config.report if row.path == "auth.providers.oidc.there")
    assert row.outcome is KeyOutcome.UNUSED


def test_what_is_not_used_hides_no_other_problem(tmp_path: Path) -> None:
    text = "backend: {cors: {origin: 5}, corsair: 1, listen: x}\ncatalog: {locations: [{type: s3}, {type: file}]}\n"
    assert [p.path for p in checked(tmp_path, text).problems] == [
        "backend.listen",
        "catalog.locations[1].target",
    ]


@pytest.mark.parametrize(
    ("text", "path", "found", "expected"),
    [
        ("app: {title: 5}", "app.title", "5", "a string"),
        ("app: {title: ''}", "app.title", "an empty string", "a string"),
        ("app: []", "app", "a list", "a mapping"),
        ("app: {baseUrl: portal}", "app.baseUrl", "'portal'", "http(s)://"),
        ("backend: {listen: '7007x'}", "backend.listen", "'7007x'", "host:port"),
        ("backend: {listen: 'x:y:z'}", "backend.listen", "'x:y:z'", "':port', 'host:port', a port, or {host, port}"),
        ("backend: {listen: true}", "backend.listen", "true", "host:port"),
        ("catalog: {rules: [{allow: [5]}]}", "catalog.rules[0].allow[0]", "5", "a kind, or {kind, spec.type}"),
        ("catalog: {locations: [{type: file}]}", "catalog.locations[0].target", "", "'target'"),
        ("backend: {listen: {port: 70000}}", "backend.listen.port", "70000", "at most 65535"),
        ("backend: {listen: {port: 1.5}}", "backend.listen.port", "1.5", "a whole number"),
        ("backend: {https: true}", "backend.https", "true", "a mapping"),
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


def test_two_clusters_of_one_name_name_both_places_and_refuse_nothing(tmp_path: Path) -> None:
    text = "kubernetes:\n  clusterLocatorMethods:\n    - type: config\n      clusters:\n" + "".join(
        f"        - {CLUSTER}}}\n" for _ in range(2)
    )
    found = checked(tmp_path, text)
    assert not found.problems
    (row,) = [row for row in found.report if row.level is Level.WARNING and row.path.endswith("name")]
    assert row.line == 6
    assert "app-config.yaml:5, kubernetes.clusterLocatorMethods[0].clusters[0]" in row.message


def test_a_cluster_that_does_not_say_as_whom_to_ask_it_refuses_nothing(tmp_path: Path) -> None:
    found = checked(tmp_path, clusters("{name: a, url: 'https://a'}"))
    assert not found.problems
    (row,) = [row for row in found.report if row.path == f"{AT}[0].authProvider"]
    assert (row.level, "cannot be asked" in row.message) == (Level.WARNING, True)


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
    assert "callboard.logging.format" in [row.path for row in found.report if row.outcome is KeyOutcome.USED]
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


def test_a_path_of_the_portal_that_cannot_be_used_is_told_to_have_no_effect(tmp_path: Path) -> None:
    for address, told in (
        ("https://portal.example.org", False),
        ("https://portal.example.org/", False),
        ("https://portal.example.org/callboard", False),
        ("https://portal.example.org/catalog", True),
        ("https://portal.example.org/a%20b", True),
    ):
        found = checked(tmp_path, f"app: {{baseUrl: '{address}'}}\n")
        assert not found.problems
        assert any("has no effect" in row.message for row in found.report) is told
