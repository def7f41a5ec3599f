"""What makes a cluster live: scheduler, kubelets and the controllers, on the cluster's own clock.

They see and change objects only through the store, as the real ones do through the API, and know nothing of who is watching.
`cluster` starts them.
"""

from callboard.simulator.controllers.autoscaler import AutoscalerController
from callboard.simulator.controllers.behaviour import Behaviours
from callboard.simulator.controllers.budgets import BudgetController, QuotaController
from callboard.simulator.controllers.cronjob import CronJobController
from callboard.simulator.controllers.daemonset import DaemonSetController
from callboard.simulator.controllers.deployment import DeploymentController
from callboard.simulator.controllers.endpoints import EndpointSliceController
from callboard.simulator.controllers.engine import World
from callboard.simulator.controllers.garbage import GarbageCollector
from callboard.simulator.controllers.job import JobController
from callboard.simulator.controllers.kubelet import Kubelet
from callboard.simulator.controllers.replicaset import ReplicaSetController
from callboard.simulator.controllers.scheduler import Scheduler
from callboard.simulator.controllers.statefulset import StatefulSetController
from callboard.simulator.controllers.usage import Usage
from callboard.simulator.controllers.volumes import VolumeController

__all__ = ["build_controllers"]

_PLAIN = (
    DeploymentController,
    ReplicaSetController,
    StatefulSetController,
    DaemonSetController,
    JobController,
    CronJobController,
    EndpointSliceController,
    VolumeController,
    QuotaController,
    BudgetController,
    Scheduler,
    GarbageCollector,
)


def build_controllers(world: World, behaviours: Behaviours) -> tuple[Kubelet, Usage]:
    """Start all of them; returns those that others ask about logs and usage."""
    for controller in _PLAIN:
        controller(world)
    kubelet = Kubelet(world, behaviours)
    usage = Usage(world, kubelet)
    AutoscalerController(world, usage)
    return kubelet, usage
