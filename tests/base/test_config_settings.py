"""What a config file says becomes settings."""

from __future__ import annotations

import ast
import inspect
import math
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import strategies as st

from callboard.base import settings as sections
from callboard.base.config import KeyOutcome, load
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
from support.config import loaded

STRUCTS = [
    found
    for name in sections.__all__
    if isinstance(found := getattr(sections, name), type) and issubclass(found, msgspec.Struct)
]
FULL = """
auth:
  environment: full
  session: {secret: sixteen characters}
  providers:
    oidc:
      full: {metadataUrl: 'https://id.example.org/.well-known/openid-configuration', clientId: a, clientSecret: b, title: ID,
        additionalScopes: [offline_access], prompt: login, startUrlSearchParams: {a: b}, sessionDuration: {hours: 1},
        signIn: {resolvers: [{resolver: claimMatchingUserEntityAnnotation, claim: sub, annotation: example.org/id}]},
        tokenEndpointAuthMethod: client_secret_post, tokenSignedResponseAlg: ES256}
    google: {full: {clientId: a, hostedDomain: example.org}}
    microsoft: {full: {clientId: a, tenantId: b, domainHint: example.org}}
    okta: {full: {clientId: a, audience: 'https://example.okta.com', authServerId: default, idp: c}}
    gitlab: {full: {clientId: a, audience: 'https://gitlab.example.org'}}
    github: {full: {clientId: a, enterpriseInstanceUrl: 'https://github.example.org', organization: example}}
    guest: {userEntityRef: 'user:default/guest', ownershipEntityRefs: ['group:default/guests']}
app: {title: Dice, baseUrl: 'https://portal.example.org'}
organization: {name: ACME}
backend:
  auth:
    externalAccess:
      - {type: static, options: {token: eight and more, subject: ci}, accessRestrictions:
          [{plugin: kubernetes, permission: 'a.read, b.read', permissionAttribute: {action: read}}]}
      - {type: jwks, options: {url: 'https://ci.example.org/jwks', issuer: 'https://ci.example.org', audience: callboard,
          algorithm: RS256, subjectPrefix: ci}}
  baseUrl: http://localhost:7007
  listen: {host: 0.0.0.0, port: '${PORT:-7008}'}
  https: {certificate: {cert: CERT, key: {$env: KEY}}}
  cors:
    {origin: 'http://localhost:3000', methods: 'GET,HEAD', allowedHeaders: [X-A], exposedHeaders: [X-B], credentials: true,
     maxAge: 60}
  reading: {allow: [{host: example.com}, {host: '*.mozilla.org', paths: [/a]}]}
  database:
    client: better-sqlite3
    connection:
      {filename: ':memory:', directory: d, connectionString: 'host=h', host: h, port: 5432, user: u, password: hunter4,
       database: d, ssl: {require: true, rejectUnauthorized: true, ca: CA, cert: CERT, key: hunter5}}
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
integrations:
  github: [{host: ghe.example.org, rawBaseUrl: 'https://ghe.example.org/raw', token: x}]
  gitlab: [{host: git.example.org}]
callboard:
  clusters:
    limits:
      {softDeadline: 2s, hardDeadline: PT20S, connectDeadline: 1, idleDeadline: 2, connections: '6', maxBodyBytes: 1000,
       maxLogBytes: 100, maxNesting: 9, breaker: {failures: 2, openFor: 1, maxOpenFor: 2}}
    concurrent: 10
    hub: {scope: namespace, watchEntities: true, streams: 50, requestsPerSecond: 2, lists: 1, pollInterval: 5s, keep: PT1M}
    visibility: portal
    byName: {a: {labels: {region: eu}, links: {Runbook: 'https://r'}, hardDeadline: {minutes: 1}, hub: {scope: entity},
                 visibility: cluster}}
  access:
    audit: {keep: 1d}
    contact: '#platform'
    policies: {ready: by-owner, files: [a.cedar], admins: ['group:default/platform'], engine: opa}
    users: {'user:default/local': {user: anna, groups: [dice]}}
  kubeconfig: {allowExecPlugins: true, execDeadline: 5}
  parts: {fetcher: direct, objectsProvider: fanOut, proxy: direct}
  catalog: {maxFileBytes: 5, urlDeadline: 1, maxEntitiesPerLocation: 2, folders: [./shared]}
  dataDirectory: /var/lib/callboard
  outbound: {proxy: 'http://proxy.example.org:3128', caFile: ./ca.pem}
  checkpoint: {enabled: false, every: 1m, maxBytes: 1000}
  diagnosis: {conditions: {CB-CRASH-ERROR: {enabled: true, impact: notice, runbook: 'https://r'}}}
  extensions: {settings: {teams: {url: 'https://teams.example.org'}}, switched: {teams: true}, locked: true, watched: [teams]}
  routes:
    - {path: '/pods/{cluster}/{team}', title: Pods, types: [pods], clusters: ['{cluster}'], namespaces: [shop],
       selector: 'team={team}', expression: 'size(objects)'}
  services:
    costs:
      {target: 'http://costs.tools.svc:8080', title: Costs, timeout: 5, concurrent: 2, maxBytes: 9, maxBody: 9,
       routes: [{path: '/a/{entity}', permission: catalog.entity.read, method: GET, to: '/b', query: [m], title: A, timeout: 3}],
       tabs: {costs: {title: Costs, to: '/t', permission: catalog.entity.read, kinds: [component], annotation: a/b}}}
  watchInterval: 500ms
  followServices: false
  lookAround: 5m
  logging: {level: debug, format: json}
  links:
    logs: [{title: Logs, url: 'https://logs.example.org/?q={pod}'}]
    consoles: {mine: '{url}/{name}'}
    support: [{title: Chat, url: 'mailto:platform@example.org?body={snapshot}'}]
  connect: [{clusters: ['eu-*'], authProvider: oidc, context: '{cluster}', commands: ['tsh kube login {cluster}']}]
  auth:
    unknownPeople: plain
    groups: {claim: groups, annotation: example.org/group, namespace: default}
    sessionLifetime: 3600
    sessionIdle: 600
    formerSecrets: [sixteen more characters]
    allowGuest: true
    backstage: {baseUrl: 'https://backstage.example.org', plugin: callboard, plugins: [kubernetes], may: [catalog.entity.read]}
    proxies:
      front: {title: Front, header: X-Token, issuer: 'https://proxy.example.org', audience: [us], algorithm: ES256,
        jwksUrl: 'https://proxy.example.org/jwks', accountClaim: sub, signIn: {resolvers: []}}
      plain: {userHeader: X-User, emailHeader: X-Email, groupsHeader: X-Groups, from: [10.1.2.3]}
  web: {allowedHosts: [portal], drainDeadline: 3, drainDelay: 1, maxConnections: 100, trustedProxies: [10.0.0.0/8],
        limits: {requestsOfCaller: 100, requestsOfAddress: 200, signIns: 10, connections: 20}, openCounts: true}
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
    assert {row.outcome for row in config.report} == {KeyOutcome.USED, KeyOutcome.UNUSED, KeyOutcome.CAUTION}
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
    ],
)
def test_the_tables_lie_where_backstages_database_says(tmp_path: Path, database: str, file: str) -> None:
    assert (
        loaded(tmp_path, f"backend: {{database: {database}}}\n").settings.backend.database.sqlite_file("data")
        == file
    )


def test_re_reading_can_be_switched_off(tmp_path: Path) -> None:
    assert (
        loaded(tmp_path, "catalog: {processingInterval: false}").settings.catalog.processing_interval
        == math.inf
    )


words = st.text(alphabet="abcAB", max_size=6)


def test_a_variable_of_backstages_own_name_wins_over_every_file(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, "app: {title: File, baseUrl: 'http://f'}\n", {"APP_CONFIG_app_title": "Outside"}
    )
    assert (config.settings.app.title, config.settings.app.base_url) == ("Outside", "http://f")
    assert config.place("app", "title") == "environment variable APP_CONFIG_app_title, app.title"
