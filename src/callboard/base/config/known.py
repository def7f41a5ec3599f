"""Keys that Backstage or a widely used plugin of it knows, and Callboard does nothing with.

Taken from the config schemas the packages publish (backend-defaults, core-app-api, plugin-catalog-backend,
plugin-kubernetes-backend, -react) and, for top-level sections, from plugins' documentation. A key stands for everything
below it. Keys that Callboard uses are the fields of `callboard.base.settings` and do not stand here.
"""

from collections.abc import Iterator

from callboard.base.yaml import Path

__all__ = ["known_beside", "not_used", "reason"]

_SECTIONS = (
    "airflow",
    "allure",
    "announcements",
    "apiDocs",
    "argocd",
    "aws",
    "azureDevOps",
    "azurePipelines",
    "bazaar",
    "bitrise",
    "buildkite",
    "circleci",
    "cloudbuild",
    "codeClimate",
    "codescene",
    "costInsights",
    "customHeaders",
    "datadog",
    "dependencytrack",
    "devTools",
    "discovery",
    "dynamicPlugins",
    "dynatrace",
    "enableExperimentalRedirectFlow",
    "entityFeedback",
    "events",
    "explore",
    "feedback",
    "firehydrant",
    "fossa",
    "gcp",
    "gitlab",
    "gocd",
    "grafana",
    "graphiql",
    "harbor",
    "homepage",
    "ilert",
    "jenkins",
    "jfrogArtifactory",
    "jira",
    "kafka",
    "keycloak",
    "kiali",
    "lighthouse",
    "linguist",
    "litmus",
    "mcpActions",
    "newrelic",
    "nexusRepositoryManager",
    "nomad",
    "notifications",
    "ocm",
    "octopusdeploy",
    "opencost",
    "opsgenie",
    "orchestrator",
    "pagerDuty",
    "periskop",
    "permission",
    "playlist",
    "prometheus",
    "proxy",
    "puppetdb",
    "quay",
    "rollbar",
    "scaffolder",
    "search",
    "sentry",
    "signals",
    "snyk",
    "sonarqube",
    "sourcegraph",
    "splunkOnCall",
    "stackoverflow",
    "stackstorm",
    "techRadar",
    "techdocs",
    "tekton",
    "todo",
    "topology",
    "tracing",
    "userSettings",
    "vault",
    "xcmetrics",
)

_KEYS: dict[Path, tuple[str, ...]] = {
    ("auth",): (
        "autologout",
        "backstageTokenExpiration",
        "experimentalExtraAllowedOrigins",
        "identityTokenAlgorithm",
        "keyStore",
        "omitIdentityTokenOwnershipClaim",
    ),
    ("auth", "providers", "*", "*"): ("callbackUrl", "skipUserProfile", "timeout"),
    ("app",): (
        "analytics",
        "branding",
        "datadogRum",
        "disableConfigInjection",
        "disablePublicEntryPoint",
        "disableStaticFallbackCache",
        "experimental",
        "extensions",
        "googleAnalyticsTrackingId",
        "listen",
        "packageName",
        "packages",
        "pluginOverrides",
        "routes",
        "support",
    ),
    ("organization",): ("logo",),
    ("backend",): (
        "actions",
        "auditor",
        "cache",
        "csp",
        "health",
        "lifecycle",
        "logger",
        "metrics",
        "packages",
        "rateLimit",
        "referrer",
        "server",
        "startup",
        "tracing",
        "trustProxy",
        "workingDirectory",
    ),
    ("backend", "auth"): (
        "dangerouslyDisableDefaultAuthPolicy",
        "keyStore",
        "keys",
        "pluginKeyStore",
    ),
    ("backend", "cors"): ("optionsSuccessStatus", "preflightContinue"),
    ("backend", "database"): (
        "ensureExists",
        "ensureSchemaExists",
        "knexConfig",
        "plugin",
        "pluginDivisionMode",
        "prefix",
        "role",
        "schemaPrefix",
        "skipMigrations",
    ),
    ("backend", "database", "connection"): (
        "applicationName",
        "application_name",
        "connectionTimeoutMillis",
        "flags",
        "instance",
        "ipAddressType",
        "keepAlive",
        "query_timeout",
        "statement_timeout",
        "tokenCredential",
        "type",
    ),
    ("backend", "database", "connection", "ssl"): ("host", "passphrase", "servername"),
    ("integrations",): (
        "awsCodeCommit",
        "awsS3",
        "azure",
        "azureBlobStorage",
        "bitbucket",
        "bitbucketCloud",
        "bitbucketServer",
        "gerrit",
        "gitea",
        "googleGcs",
        "harness",
    ),
    ("integrations", "github", "*"): ("apiBaseUrl", "apps", "token"),
    ("integrations", "gitlab", "*"): ("apiBaseUrl", "baseUrl", "commitSigningKey", "token"),
    ("catalog",): (
        "defaultLocationConflictStrategy",
        "disableDefaultProcessors",
        "experimentalPagination",
        "import",
        "orphanProviderStrategy",
        "orphanStrategy",
        "processorOptions",
        "processors",
        "providerOptions",
        "providers",
        "readonly",
        "scmEvents",
        "stitchingStrategy",
    ),
    ("kubernetes",): ("frontend", "googleServiceAccountCredentials", "podExecTerminal", "proxy"),
}

_NO_CREDENTIALS = "`url` locations are read without credentials"

_REASONS: dict[Path, str] = {
    ("kubernetes", "googleServiceAccountCredentials"): "Google's auth strategies are not had here",
    ("kubernetes", "frontend"): "Callboard does not delete pods",
    ("kubernetes", "podExecTerminal"): "Callboard opens no terminal in a container",
    ("kubernetes", "proxy"): "Callboard has no proxy to the API servers",
    ("integrations", "github", "*", "token"): _NO_CREDENTIALS,
    ("integrations", "github", "*", "apps"): _NO_CREDENTIALS,
    ("integrations", "gitlab", "*", "token"): _NO_CREDENTIALS,
    ("backend", "csp"): "the content security policy of Callboard's pages is fixed",
    ("backend", "auth", "keys"): "tokens that a secret that is shared signs are not taken",
    ("catalog", "providers"): "entities come from `catalog.locations` only",
    ("catalog", "readonly"): "Callboard's catalog is always read-only",
}


def known_beside(path: Path) -> tuple[str, ...]:
    """Keys of Backstage's, unused here, that may stand in the mapping at `path`."""
    if not path:
        return tuple(_SECTIONS)
    if path[:2] == ("auth", "providers") and len(path) == 4:
        return _KEYS["auth", "providers", "*", "*"]  # by provider and environment
    return _KEYS.get(tuple("*" if isinstance(step, int) else step for step in path), ())


def reason(path: Path) -> str:
    """Why the key at `path`, which is known and not used, is not used."""
    return _REASONS.get(
        tuple("*" if isinstance(step, int) else step for step in path),
        "known to Backstage, not used by Callboard",
    )


def not_used() -> Iterator[tuple[Path, str]]:
    """Every known key, with why it is not used."""
    for parent, keys in {(): _SECTIONS, **_KEYS}.items():
        for key in keys:
            yield (*parent, key), reason((*parent, key))
