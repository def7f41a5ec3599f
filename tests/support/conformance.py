"""What the conformance suite asks: one cluster of a kubeconfig, real or simulated, and nothing but reading."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from callboard.base.clock import SystemClock
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.kubeconfig import Context, UserCredentials, read_kubeconfig
from callboard.kube.limits import Limits
from callboard.kube.reads.lists import outcome_of
from callboard.kube.reads.logs import Log, LogRequest, read_log
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer, Question
from callboard.model.resource import ResourceType, known_type

__all__ = ["CONFIG_MAPS", "DEPLOYMENTS", "KUBECONFIG", "PODS", "Target", "opened"]

KUBECONFIG = os.path.expanduser(os.environ.get("CONFORMANCE_KUBECONFIG", ""))  # noqa: PTH111
"""The file of a real cluster; `make conformance` sets it. With it: CONFORMANCE_CONTEXT (default: the current context),
CONFORMANCE_NAMESPACE (default: all namespaces, or the context's own where that is refused) and CONFORMANCE_ALLOW_EXEC=1 for
kubeconfigs whose credential comes from a program."""


def _known(plural: str) -> ResourceType:
    found = known_type(plural)
    assert found is not None
    return found


PODS, CONFIG_MAPS, DEPLOYMENTS = map(_known, ("pods", "configmaps", "deployments"))


class Target:
    """One cluster. `namespace` is where to look, "" for everywhere."""

    def __init__(
        self, connections: Connections, limits: dict[str, Limits], cluster: Cluster, own: Credential
    ):
        self._connections = connections
        self._limits = limits
        self.cluster = cluster
        self.credential = own
        self.namespace = ""
        self.connection = connections.to(cluster, own)

    def with_limits(self, **changed: float) -> Connection:
        """A way to the same cluster with other limits."""
        name = f"{self.cluster.name} {sorted(changed.items())}"
        self._limits[name] = msgspec.structs.replace(Limits(), **changed)
        return self._connections.to(msgspec.structs.replace(self.cluster, name=name), self.credential)

    async def log(self, request: LogRequest) -> Log:
        return await read_log(
            DirectProxy(self._connections), self.cluster, self.credential, request, self.connection.limits
        )

    def clock_offset(self) -> float | None:
        return self._connections.clock_offset(self.cluster)

    def lacks(self, what: str) -> NoReturn:
        """A real cluster need not have everything; the simulator does."""
        if KUBECONFIG:
            pytest.skip(f"this cluster shows no {what}")
        pytest.fail(f"the simulator shows no {what}")

    async def pods(self) -> tuple[KubeObject, ...]:
        """Some pods, at least one of them."""
        found = await outcome_of(self.connection, Question(PODS, self.namespace))
        assert found.answer.known, found.failure
        return found.objects or self.lacks("pod")

    async def running_pod(self) -> KubeObject:
        """A pod that runs, for its log."""
        pods = await self.pods()
        running = (pod for pod in pods if isinstance(pod.body, Pod) and pod.body.status.phase == "Running")
        return next(running, None) or self.lacks("running pod")


@asynccontextmanager
async def opened(kubeconfig: Path, *, context: str = "", namespace: str = "") -> AsyncIterator[Target]:
    """The cluster of a context, by default the current one."""
    read = read_kubeconfig([kubeconfig])
    chosen: Context | None = next((c for c in read.contexts if c.name == (context or read.current)), None)
    assert chosen is not None, [problem.message for problem in read.problems]
    credentials = UserCredentials(
        SystemClock(), allow_exec=os.environ.get("CONFORMANCE_ALLOW_EXEC", "") == "1"
    )
    cluster = Cluster(name=chosen.name, url=chosen.server, trust=chosen.trust)
    limits: dict[str, Limits] = {}
    async with Connections(lambda name: limits.get(name, Limits())) as connections:
        target = Target(connections, limits, cluster, await credentials.credential(chosen))
        target.namespace = namespace
        if not namespace:
            asked = await outcome_of(target.with_limits(page_size=1, max_objects=1), Question(PODS))
            if asked.answer is Answer.FORBIDDEN:
                target.namespace = chosen.namespace or "default"
        yield target
