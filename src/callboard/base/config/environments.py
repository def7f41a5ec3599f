"""Of `auth.providers` the entries of another environment: nobody acts on them, so nothing in them refuses a configuration. Their
variables are usually set where that environment is."""

from callboard.base.config.findings import ConfigFindings
from callboard.base.config.report import KeyOutcome, Level
from callboard.base.config.tree import ConfigNode, at
from callboard.base.settings import AuthSettings

__all__ = ["of_environment"]

_BY_ENVIRONMENT = ("oidc", "google", "microsoft", "okta", "gitlab", "github")


def of_environment(root: ConfigNode, findings: ConfigFindings) -> ConfigNode:
    """The tree without them; `findings` tells of each."""
    said, providers = at(root, ("auth", "environment")), at(root, ("auth", "providers"))
    environment = (
        said.value if said is not None and isinstance(said.value, str) else AuthSettings().environment
    )
    if providers is None or not isinstance(providers.value, dict):
        return root
    kept = dict(providers.value)
    for provider in _BY_ENVIRONMENT:
        node = kept.get(provider)
        if node is None or not isinstance(node.value, dict):
            continue
        for name, entry in node.value.items():
            if name != environment:
                words = f"of another environment: auth.environment is {environment!r}"
                path = ("auth", "providers", provider, name)
                findings.row(path, KeyOutcome.UNUSED, entry.origin, Level.INFO, words)
        mine = {name: entry for name, entry in node.value.items() if name == environment}
        kept[provider] = ConfigNode(mine, node.origin)
    return _with(root, ("auth", "providers"), ConfigNode(kept, providers.origin))


def _with(node: ConfigNode, path: tuple[str, ...], put: ConfigNode) -> ConfigNode:
    if not path:
        return put
    items = node.value if isinstance(node.value, dict) else {}
    return ConfigNode({**items, path[0]: _with(items[path[0]], path[1:], put)}, node.origin)
