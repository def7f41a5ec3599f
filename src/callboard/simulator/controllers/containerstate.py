"""The state of one container as its kubelet sees it, and the `containerStatuses` entry it makes of it."""

from callboard.simulator.controllers.behaviour import Behaviour
from callboard.simulator.controllers.logbook import ContainerRun
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["ContainerLife"]


class ContainerLife:
    """Waiting, running or terminated, with the run before."""

    def __init__(self, container: Tree, behaviour: Behaviour, init: bool, waiting: str) -> None:
        self.container = container
        self.behaviour = behaviour
        self.init = init
        self.waiting = waiting
        self.field = f"spec.{'initContainers' if init else 'containers'}{{{container['name']}}}"
        self.runs: list[ContainerRun] = []
        self.restarts = 0
        self.pulls = 0
        self.backoff = 0.0
        self.ready = False
        self.container_id = ""
        self.last_start: float | None = None
        self.last_end: float | None = None
        self.seen_running = False
        self._image_id = ""
        self._state: Tree = {"waiting": {"reason": waiting}}
        self._last: Tree = {}

    @property
    def is_running(self) -> bool:
        return "running" in self._state

    @property
    def terminated(self) -> bool:
        return "terminated" in self._state

    @property
    def touched(self) -> bool:
        """Whether the pod's sandbox must stand: something ran, or waits for more than its creation."""
        reason = dig(self._state, "waiting", "reason", default="")
        return (
            self.seen_running
            or self.terminated
            or bool(reason and reason not in ("ContainerCreating", "PodInitializing"))
        )

    @property
    def succeeded(self) -> bool:
        return bool(dig(self._state, "terminated", "exitCode", default=1) == 0)

    def failed_for_good(self, pod: Tree) -> bool:
        return self.terminated and not self.succeeded and pod["spec"].get("restartPolicy") == "Never"

    def wait(self, reason: str, message: str = "") -> bool:
        """Wait for this reason; tells whether that is news."""
        state: Tree = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        if self.terminated:
            self._last = self._state
        self.ready = False
        changed = state != self._state
        self._state = state
        return changed

    def run(self, now: float, container_id: str, image_id: str) -> None:
        if self.terminated:
            self._last = self._state
        self._state = {"running": {"startedAt": stamp(now)}}
        self.container_id, self._image_id = container_id, image_id
        self.seen_running = True

    def ended(
        self, start: float, end: float, code: int, reason: str, message: str, container_id: str
    ) -> None:
        self.last_start, self.last_end = start, end
        if self.terminated:
            self._last = self._state
        terminated: Tree = {"exitCode": code, "reason": reason}
        if message:
            terminated["message"] = message
        terminated.update(startedAt=stamp(start), finishedAt=stamp(end), containerID=container_id)
        self.container_id = container_id
        self._state = {"terminated": terminated}
        self.ready = self.init and code == 0

    def status(self) -> Tree:
        result: Tree = {
            "name": self.container["name"],
            "state": self._state,
            "lastState": self._last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.container["image"],
            "imageID": self._image_id,
        }
        if self.container_id:
            result["containerID"] = self.container_id
        result["started"] = self.is_running
        if self._image_id and self.container.get("resources"):
            result["allocatedResources"] = dig(self.container, "resources", "requests", default={})
            result["resources"] = self.container["resources"]
        if self._image_id and self.container.get("volumeMounts"):
            result["volumeMounts"] = [
                {
                    "name": mount["name"],
                    "mountPath": mount["mountPath"],
                    **({"readOnly": True, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else {}),
                }
                for mount in self.container["volumeMounts"]
            ]
        return result
