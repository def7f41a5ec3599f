"""The whole fleet room on real sockets: a simulated fleet, its kubeconfig, and our own parts as they are wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from callboard.app.plugins import Plugins
from callboard.base.clock import SystemClock
from callboard.base.settings import (
    CallboardSettings,
    ClusterLimits,
    ClusterOverride,
    ClustersSettings,
    InClusterLocator,
    KubeconfigLocator,
    KubernetesSettings,
    Settings,
)
from callboard.extend import Caller, Entity, EntityRef
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.pod_identity import PodIdentity
from callboard.fleet.wiring.registry import Registry
from callboard.fleet.wiring.wiring import WiredFleet, wire
from callboard.kube.connection.connection import Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.kube.reads.proxy import DirectProxy


class NoEntities:
    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        return None


class RunningFleet(msgspec.Struct):
    fleet: WiredFleet
    connections: Connections
    settings: Settings


@asynccontextmanager
async def wired_fleet(
    kubeconfig: Path,
    *,
    kubernetes: KubernetesSettings | None = None,
    limits: ClusterLimits | None = None,
    by_name: dict[str, ClusterOverride] | None = None,
    pod: PodIdentity | None = None,
) -> AsyncIterator[RunningFleet]:
    """Every context of the kubeconfig as a cluster, asked by the direct fetcher; and the cluster that `pod` runs in."""
    settings = Settings(
        kubernetes=msgspec.structs.replace(
            kubernetes or KubernetesSettings(),
            cluster_locator_methods=(
                KubeconfigLocator(files=(str(kubeconfig),)),
                *((InClusterLocator(name="home"),) if pod else ()),
            ),
        ),
        callboard=CallboardSettings(
            clusters=ClustersSettings(limits=limits or ClusterLimits(), by_name=by_name or {})
        ),
    )
    clusters = settings.callboard.clusters
    async with Connections(lambda name: Limits.of(clusters.limits_of(name)), environment={}) as connections:
        ours = FleetPlugin(
            settings,
            fetcher=DirectFetcher(connections),
            proxy=DirectProxy(connections),
            clock=SystemClock(),
            clock_offset=connections.clock_offset,
            environ={},
            pod=pod,
        )
        fleet = wire(
            Registry.of(Plugins([("callboard.fleet", ours)])),
            settings,
            clock=SystemClock(),
            entities=NoEntities(),
            base_dir="/",
        )
        yield RunningFleet(fleet, connections, settings)
