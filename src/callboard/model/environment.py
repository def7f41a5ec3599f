"""Which environment a cluster's labels say it belongs to."""

from collections.abc import Mapping
from typing import Final

__all__ = ["KEYS", "environment_of", "is_environment", "is_production"]

KEYS: Final = ("environment", "env", "stage", "tier")
"""What the last part of such a label's key is; of several the first of these tells."""


def is_environment(key: str) -> bool:
    """Whether a label of this key names an environment: `env`, `example.com/environment`."""
    return key.rpartition("/")[2].lower() in KEYS


def environment_of(labels: Mapping[str, str]) -> str:
    """The environment as it is written there; "" where no label names one."""
    named = [(KEYS.index(key.rpartition("/")[2].lower()), key) for key in labels if is_environment(key)]
    return next((labels[key] for _, key in sorted(named) if labels[key]), "")


def is_production(environment: str) -> bool:
    """Whether people's work hangs on it, by its name: `production`, `prod-eu`, `live`."""
    return environment.lower().startswith(("prod", "live"))
