"""A whole application over a simulated fleet: real sockets, real TLS, everything wired as `callboard serve` wires it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from callboard.app.application import Application, open_application
from callboard.simulator import Fleet

ENTITY = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  annotations: {{backstage.io/kubernetes-id: {name}}}
spec: {{type: service, lifecycle: production, owner: group:default/team}}
"""


def write_config(directory: Path, fleet: Fleet, *services: str, **more: Any) -> Path:
    """An app-config whose clusters are the fleet's contexts and whose catalog has these services."""
    fleet.kubeconfig(directory / "kubeconfig")
    (directory / "catalog-info.yaml").write_text("---\n".join(ENTITY.format(name=s) for s in services))
    config = directory / "app-config.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "catalog": {"locations": [{"type": "file", "target": str(directory / "catalog-info.yaml")}]},
                "kubernetes": {
                    "serviceLocatorMethod": {"type": "multiTenant"},
                    "clusterLocatorMethods": [
                        {"type": "kubeconfig", "files": [str(directory / "kubeconfig")]}
                    ],
                    **more.pop("kubernetes", {}),
                },
                "callboard": {"dataDirectory": str(directory / "data"), **more.pop("callboard", {})},
                **more,
            }
        )
    )
    return config


@asynccontextmanager
async def application(
    directory: Path, fleet: Fleet, *services: str, **more: Any
) -> AsyncIterator[Application]:
    """The application, its catalog read. It asks anew for each look, unless `callboard` says otherwise."""
    more["callboard"] = {"parts": {"objectsProvider": "fanOut"}, **more.get("callboard", {})}
    config = write_config(directory, fleet, *services, **more)
    async with open_application([config], directory=directory) as app:
        yield app
