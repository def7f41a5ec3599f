"""The files both sides are configured with: one app-config.yaml that Backstage and Callboard read, and one catalog."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.processes import ServedFleet
from bench.replay.services import SERVICE_LABEL, Service, services

__all__ = ["backstage_config", "callboard_config", "common_config", "service_names"]


def service_names(pods: int, size: int) -> list[str]:
    """The services of a replay of so many pods per cluster that have `size` pods in each."""
    return [s.name for s in services(pods) if s.pods == size]


def common_config(
    fleet: ServedFleet,
    pods: int,
    directory: Path,
    *,
    plain: bool = False,
    also: Mapping[str, str] = {},
    kubeconfigs: Sequence[Path] = (),
    catalogs: Sequence[Path] = (),
) -> Path:
    """What both read: clusters, service locator, catalog; `also` names further clusters and their addresses. Further
    `kubeconfigs` and `catalogs` are for Callboard alone."""
    catalog = directory / "catalog.yaml"
    catalog.write_text("---\n".join(yaml.safe_dump(_entity(s)) for s in services(pods)))
    ca = base64.b64encode(fleet.ca.read_bytes()).decode()
    places = {p.name: p.plain if plain else p.tls for p in fleet.places} | dict(also)
    return _written(
        directory / "app-config.yaml",
        {
            "app": {"title": "Benchmark", "baseUrl": "http://127.0.0.1:3000"},
            "catalog": {"locations": [{"type": "file", "target": str(f)} for f in (catalog, *catalogs)]},
            "kubernetes": {
                "serviceLocatorMethod": {"type": "multiTenant"},
                "clusterLocatorMethods": [
                    {"type": "config", "clusters": [_cluster(n, url, ca) for n, url in places.items()]},
                    *({"type": "kubeconfig", "files": [str(file)]} for file in kubeconfigs),
                ],
            },
        },
    )


def backstage_config(directory: Path, port: int) -> Path:
    """Where the backend listens, and that nobody has to sign in."""
    return _written(
        directory / "app-config.backstage.yaml",
        {
            "backend": {
                "baseUrl": f"http://127.0.0.1:{port}",
                "listen": {"host": "127.0.0.1", "port": port},
                "auth": {"dangerouslyDisableDefaultAuthPolicy": True},
                "database": {"client": "better-sqlite3", "connection": ":memory:"},
            }
        },
    )


def callboard_config(directory: Path, provider: str, *, settings: Mapping[str, Any] = {}) -> Path:
    """Callboard's own part: `provider` is `hub` or `fanOut`, `settings` further keys of `callboard`."""
    return _written(
        directory / f"app-config.{provider}.yaml",
        {
            "callboard": {
                "dataDirectory": str(directory / f"data-{provider}"),
                "parts": {"objectsProvider": provider},
                "logging": {"level": "warning"},
                # all that is asked here, one caller asks
                "web": {"limits": {"requestsOfCaller": 1_000_000}},
                **settings,
            },
        },
    )


def _entity(service: Service) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": service.name, "annotations": {SERVICE_LABEL: service.name}},
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-000"},
    }


def _cluster(name: str, url: str, ca: str) -> dict[str, Any]:
    trust = {"caData": ca} if url.startswith("https:") else {}
    return {
        "name": name,
        "url": url,
        "authProvider": "serviceAccount",
        "serviceAccountToken": "bench",
        "skipMetricsLookup": True,
        **trust,
    }


def _written(path: Path, content: Mapping[str, Any]) -> Path:
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
    return path
