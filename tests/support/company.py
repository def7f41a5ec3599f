"""A whole application of a small company, behind a door where everybody says who they are."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from callboard.app.application import Application, open_application
from callboard.app.site import whole_site
from callboard.base.clock import Clock
from callboard.model.audit import AuditDeed, AuditOutcome
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass
from callboard.simulator import Fleet
from callboard.web.application import WebOptions
from support.policies import person
from support.portal import write_config
from support.web_server import Answer, get, listening, operations

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}, annotations: {{backstage.io/kubernetes-id: {name}}}}}
spec: {{type: service, lifecycle: production, owner: group:default/{owner}{more}}}
"""
OWNERS = {"dice-roller": "team", "scoreboard": "money"}


class Everybody:
    """A door that lets whoever names themselves in a header in as that person: `name group group …`."""

    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        name, *groups = facts.authorization.split() or ["nobody"]
        return Admitted(Caller.loopback() if name == "here" else person(name, *groups))


def options(app: Application) -> WebOptions:
    def refused(deed: AuditDeed, caller: Caller, path: str, code: str) -> None:
        app.trail.record(deed, caller, path, outcome=AuditOutcome.REFUSED, code=code)

    return WebOptions(refused=refused)


@asynccontextmanager
async def company(
    directory: Path,
    fleet: Fleet,
    policies: Mapping[str, object],
    *,
    owners: Mapping[str, str] = OWNERS,
    contexts: Sequence[str] | None = None,
    clock: Clock | None = None,
    **more: Any,
) -> AsyncIterator[tuple[Application, str]]:
    """Served with these policies; its services are those that have an owner here, its clusters those contexts (None: all)."""
    callboard = {"parts": {"objectsProvider": "hub"}, "access": {"policies": policies}, **more}
    named = {"type": "kubeconfig", "files": [str(directory / "kubeconfig")], "contexts": list(contexts or ())}
    locators = [named] if contexts is None or contexts else []
    kubernetes = {"clusterLocatorMethods": locators}
    config = write_config(directory, fleet, "dice-roller", callboard=callboard, kubernetes=kubernetes)
    (directory / "catalog-info.yaml").write_text(
        "---\n".join(
            COMPONENT.format(
                name=n, owner=o, more=", dependsOn: [component:dice-roller]" if n == "scoreboard" else ""
            )
            for n, o in owners.items()
        )
    )
    async with (
        open_application([config], directory=directory, clock=clock) as app,
        listening(
            lambda _: whole_site(
                app.portal,
                Everybody(),
                operations(),
                options(app),
                app.clock,
                app.extensions,
                app.identity_tokens.key_set,
                app.extension_manager,
            )
        ) as base,
    ):
        keeping = asyncio.create_task(app.keep_up())
        try:
            yield app, base
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})


async def as_(base: str, who: str, path: str) -> Answer:
    return await get(base, path, {"Authorization": who, "Accept": "*/*"})
