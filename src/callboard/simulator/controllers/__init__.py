"""What makes a cluster live: scheduler, kubelets and the controllers, on the cluster's own clock.

They see and change objects only through the store, as the real ones do through the API, and know nothing of who is watching.
`cluster` starts them.
"""

from callboard.simulator.controllers.behaviour import Behaviours
from callboard.simulator.controllers.deployment import DeploymentController
from callboard.simulator.controllers.engine import World
from callboard.simulator.controllers.garbage import GarbageCollector
from callboard.simulator.controllers.kubelet import Kubelet
from callboard.simulator.controllers.replicaset import ReplicaSetController
from callboard.simulator.controllers.scheduler import Scheduler

__all__ = ["build_controllers"]


def build_controllers(world: World, behaviours: Behaviours) -> Kubelet:
    """Start all of them; returns the kubelet, which others ask about logs and usage."""
    DeploymentController(world)
    ReplicaSetController(world)
    Scheduler(world)
    GarbageCollector(world)
    return Kubelet(world, behaviours)
