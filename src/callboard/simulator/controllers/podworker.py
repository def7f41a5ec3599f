"""The life of one pod on its node, as a kubelet lives it: volumes, pulls, init containers, probes, crashes, back-off, the end."""

import zlib
from typing import TYPE_CHECKING

from callboard.simulator.controllers.behaviour import Behaviour
from callboard.simulator.controllers.containerstate import ContainerLife
from callboard.simulator.controllers.images import pull_error
from callboard.simulator.controllers.logbook import ContainerRun
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

if TYPE_CHECKING:
    from callboard.simulator.controllers.kubelet import Kubelet

__all__ = ["PodWorker"]

_BACKOFF_CAP = 300.0
_RESET_AFTER = 600.0


class PodWorker:
    """Drives one pod. Every step writes the pod's whole status; nothing is kept in the API that is not told here."""

    def __init__(self, kubelet: "Kubelet", pod: Tree) -> None:
        self._kubelet = kubelet
        self._engine = kubelet.engine
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.started = self._engine.now()
        self.ip = kubelet.next_address(pod)
        self.inits = [self._state(item, init=True) for item in pod["spec"].get("initContainers", ())]
        self.containers = [self._state(item) for item in pod["spec"]["containers"]]
        self.initialized = not self.inits
        self.evicted = ""
        self.stopped = False
        self.stopping = False

    def _state(self, container: Tree, *, init: bool = False) -> ContainerLife:
        waiting = "PodInitializing" if self.pod["spec"].get("initContainers") else "ContainerCreating"
        return ContainerLife(
            container, self._kubelet.behaviours.of(self.pod, container, init=init), init, waiting
        )

    # ---- steps

    def begin(self) -> None:
        """The pod has been bound to this node."""
        self.write()
        self._volumes()

    def _volumes(self, attempt: int = 0) -> None:
        if self.stopped:
            return
        missing = self._kubelet.missing_volume(self.pod)
        if missing:
            self._kubelet.tell(self.pod, "Warning", "FailedMount", missing)
            self._later(min(122.0, 0.5 * 2**attempt), lambda: self._volumes(attempt + 1))
            return
        self._next()

    def _next(self) -> None:
        """Start the next init container, or all containers once they are done."""
        if not self.initialized:
            for state in self.inits:
                if not state.succeeded:
                    self._pull(state)
                    return
            self.initialized = True
            for state in self.containers:
                state.waiting = "PodInitializing"
        for state in self.containers:
            self._pull(state)

    def _pull(self, state: ContainerLife) -> None:
        if self.stopped:
            return
        behaviour, image, field = state.behaviour, state.container["image"], state.field
        cached = (
            self._kubelet.has_image(self.pod, image)
            and behaviour.pull == "ok"
            and state.container.get("imagePullPolicy") != "Always"
        )
        if cached:
            told = f'Container image "{image}" already present on machine and can be accessed by the pod'
            self._kubelet.tell(self.pod, "Normal", "Pulled", told, field)
            self._start(state)
            return
        self._kubelet.tell(self.pod, "Normal", "Pulling", f'Pulling image "{image}"', field)
        self._later(behaviour.pull_seconds, lambda: self._pulled(state))

    def _pulled(self, state: ContainerLife) -> None:
        behaviour, image, field = state.behaviour, state.container["image"], state.field
        if behaviour.pull == "ok":
            self._kubelet.remember_image(self.pod, image)
            took = f"{int(behaviour.pull_seconds * 1000)}ms"
            size = 18_000_000 + sum(image.encode()) * 9_973
            told = f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
            self._kubelet.tell(self.pod, "Normal", "Pulled", told, field)
            self._start(state)
            return
        failed = pull_error(behaviour.pull, image)
        self._kubelet.tell(self.pod, "Warning", "Failed", f'Failed to pull image "{image}": {failed}', field)
        self._kubelet.tell(self.pod, "Warning", "Failed", "Error: ErrImagePull", field)
        state.wait("ErrImagePull", failed)
        self.write()
        state.pulls += 1
        self._later(1.0, lambda: self._pull_backoff(state, failed))

    def _pull_backoff(self, state: ContainerLife, failed: str) -> None:
        image = state.container["image"]
        self._kubelet.tell(self.pod, "Normal", "BackOff", f'Back-off pulling image "{image}"', state.field)
        self._kubelet.tell(self.pod, "Warning", "Failed", "Error: ImagePullBackOff", state.field)
        state.wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {failed}')
        self.write()
        self._later(min(_BACKOFF_CAP, 10.0 * 2 ** (state.pulls - 1)), lambda: self._pull(state))

    def _start(self, state: ContainerLife) -> None:
        missing = self._kubelet.missing_config(self.pod, state.container)
        if missing:
            self._kubelet.tell(self.pod, "Warning", "Failed", f"Error: {missing}", state.field)
            if state.wait("CreateContainerConfigError", missing):
                self.write()
            self._later(12.0, lambda: self._start(state))
            return
        if state.behaviour.start_error:
            told = state.behaviour.start_error
            self._kubelet.tell(self.pod, "Warning", "Failed", f"Error: {told}", state.field)
            state.ended(
                self._engine.now(), self._engine.now(), 128, "StartError", told, self._kubelet.container_id()
            )
            self._exited(state)
            return
        self._later(state.behaviour.start_seconds, lambda: self._running(state))

    def _running(self, state: ContainerLife) -> None:
        now = self._engine.now()
        name = state.container["name"]
        self._kubelet.tell(self.pod, "Normal", "Created", f"Container created: {name}", state.field)
        self._kubelet.tell(self.pod, "Normal", "Started", f"Container started: {name}", state.field)
        state.run(now, self._kubelet.container_id(), self._kubelet.image_id(state.container["image"]))
        metadata = self.pod["metadata"]
        state.runs.append(
            ContainerRun(
                name,
                f"{self.uid}/{name}/{state.restarts}",
                state.behaviour,
                now,
                state.container["image"],
                metadata["name"],
            )
        )
        del state.runs[:-2]
        run = state.runs[-1]
        self._live(state, run)
        self.write()

    def reconsider(self) -> None:
        """Ask again how the containers behave; those that changed act on it from now on."""
        for state in (*self.inits, *self.containers):
            behaviour = self._kubelet.behaviours.of(self.pod, state.container, init=state.init)
            if behaviour == state.behaviour:
                continue
            state.behaviour = behaviour
            if state.is_running and state.runs and not self.stopping:
                state.runs[-1].behaviour = behaviour
                if behaviour.ready_after is None and state.ready:
                    state.ready = False
                    self.write()
                self._live(state, state.runs[-1])

    def _live(self, state: ContainerLife, run: ContainerRun) -> None:
        """Plan what a running container will do: exit, fail its probes, become ready, be evicted."""
        behaviour = state.behaviour
        probed = "readinessProbe" in state.container
        if behaviour.exit_after is not None:
            scatter = (
                0.8 + zlib.crc32(run.seed.encode()) % 41 / 100
            )  # pods that fail alike do not fail at the same second
            self._later(behaviour.exit_after * scatter, lambda: self._finish(state, run, behaviour))
        elif behaviour.live_for is not None and "livenessProbe" in state.container:
            self._later(behaviour.live_for, lambda: self._unlive(state, run, behaviour))
        if behaviour.evicted_after is not None:
            self._later(behaviour.evicted_after, lambda: self._evict(state, run, behaviour))
        if not probed and not state.init and behaviour.ready_after is not None:
            state.ready = True
        elif probed and behaviour.ready_after is not None:
            self._later(behaviour.ready_after, lambda: self._ready(state, run, behaviour))
        elif probed:
            self._later(
                dig(state.container, "readinessProbe", "periodSeconds", default=10),
                lambda: self._unready(state, run, behaviour),
            )

    def _holds(self, state: ContainerLife, run: ContainerRun, behaviour: Behaviour) -> bool:
        """Whether this run still goes on and still behaves like that."""
        return (
            bool(state.runs)
            and state.runs[-1] is run
            and state.is_running
            and state.behaviour is behaviour
            and not self.stopping
        )

    def _ready(self, state: ContainerLife, run: ContainerRun, behaviour: Behaviour) -> None:
        if self._holds(state, run, behaviour) and not state.ready:
            state.ready = True
            self.write()

    def _unready(self, state: ContainerLife, run: ContainerRun, behaviour: Behaviour) -> None:
        if not self._holds(state, run, behaviour):
            return
        told = f"Readiness probe failed: {state.behaviour.probe_message}"
        self._kubelet.tell(self.pod, "Warning", "Unhealthy", told, state.field)
        quiet = self._engine.present - 3600 - self._engine.now()
        self._later(quiet if quiet > 7200 else 30.0, lambda: self._unready(state, run, behaviour))

    def _unlive(self, state: ContainerLife, run: ContainerRun, behaviour: Behaviour) -> None:
        if not self._holds(state, run, behaviour):
            return
        self._kubelet.tell(
            self.pod, "Warning", "Unhealthy", f"Liveness probe failed: {behaviour.probe_message}", state.field
        )
        name = state.container["name"]
        self._kubelet.tell(
            self.pod,
            "Normal",
            "Killing",
            f"Container {name} failed liveness probe, will be restarted",
            state.field,
        )
        self._end(state, run, 137, "Error", "")

    def _finish(self, state: ContainerLife, run: ContainerRun, behaviour: Behaviour) -> None:
        if self._holds(state, run, behaviour):
            reason = behaviour.exit_reason or ("Completed" if behaviour.exit_code == 0 else "Error")
            self._end(state, run, behaviour.exit_code, reason, behaviour.message)

    def _end(self, state: ContainerLife, run: ContainerRun, code: int, reason: str, message: str) -> None:
        now = self._engine.now()
        run.ended_at, run.exit_code = now, code
        state.ended(run.started, now, code, reason, message, state.container_id)
        self._exited(state)

    def _exited(self, state: ContainerLife) -> None:
        """Decide what follows the end of a container: nothing, the next init container, or a restart after back-off."""
        policy = self.pod["spec"].get("restartPolicy", "Always")
        if state.init:
            if state.succeeded:
                self.write()
                self._next()
                return
            again = policy != "Never"
        else:
            again = policy == "Always" or (policy == "OnFailure" and not state.succeeded)
        if not again:
            self.write()
            return
        ran = (state.last_end or 0.0) - (state.last_start or 0.0)
        state.backoff = 0.0 if ran > _RESET_AFTER else state.backoff
        delay = state.backoff
        state.backoff = min(_BACKOFF_CAP, max(10.0, state.backoff * 2))
        if not delay:
            self.write()
            state.restarts += 1
            self._later(1.0, lambda: self._pull(state))
            return
        metadata = self.pod["metadata"]
        name = state.container["name"]
        shown = f"{int(delay)}s" if delay < 60 else f"{int(delay // 60)}m{int(delay % 60)}s"
        told = f"back-off {shown} restarting failed container={name} pod={metadata['name']}_{metadata['namespace']}({self.uid})"
        self.write()
        self._later(1.0, lambda: self._looping(state, told, delay))

    def _looping(self, state: ContainerLife, told: str, delay: float) -> None:
        metadata = self.pod["metadata"]
        state.wait("CrashLoopBackOff", told)
        name = state.container["name"]
        event = f"Back-off restarting failed container {name} in pod {metadata['name']}_{metadata['namespace']}({self.uid})"
        self._kubelet.tell(self.pod, "Warning", "BackOff", event, state.field)
        self.write()

        def restart() -> None:
            state.restarts += 1
            self._pull(state)

        self._later(delay, restart)

    def _evict(self, state: ContainerLife, run: ContainerRun, behaviour: Behaviour) -> None:
        if self._holds(state, run, behaviour):
            self.evict()

    def evict(self) -> None:
        """The kubelet throws the pod out: it fails, and stays until somebody deletes it."""
        node = self.pod["spec"]["nodeName"]
        self.evicted = (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 8941Mi. "
        )
        self._kubelet.tell(self.pod, "Warning", "Evicted", self.evicted)
        for state in self.containers:
            if state.is_running and state.runs:
                self._kubelet.tell(
                    self.pod,
                    "Normal",
                    "Killing",
                    f"Stopping container {state.container['name']}",
                    state.field,
                )
                state.runs[-1].ended_at, state.runs[-1].exit_code = self._engine.now(), 137
                state.ended(state.runs[-1].started, self._engine.now(), 137, "Error", "", state.container_id)
        self.stopping = self.stopped = True
        self.write()
        self._kubelet.pressure(node)

    def terminate(self) -> None:
        """The pod has been deleted: stop the containers, then take it out."""
        if self.stopping:
            self._kubelet.gone(self)
            return
        self.stopping = True
        for state in self.containers:
            if state.is_running:
                self._kubelet.tell(
                    self.pod,
                    "Normal",
                    "Killing",
                    f"Stopping container {state.container['name']}",
                    state.field,
                )
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds", 30)
        self._later(min(grace, 1.5), self._terminated, always=True)

    def _terminated(self) -> None:
        for state in self.containers:
            if state.is_running and state.runs:
                state.runs[-1].ended_at = self._engine.now()
                state.ended(
                    state.runs[-1].started, self._engine.now(), 0, "Completed", "", state.container_id
                )
        self.stopped = True
        self.write()
        self._kubelet.gone(self)

    def _later(self, seconds: float, call, *, always: bool = False) -> None:  # type: ignore[no-untyped-def]
        def due() -> None:
            if not self.stopped and (always or not self.stopping):
                call()

        self._engine.after(seconds, due)

    # ---- what the API is told

    def write(self) -> None:
        self.pod = self._kubelet.write_status(self, self.status())

    def phase(self) -> str:
        if self.evicted:
            return "Failed"
        if not self.initialized:
            if any(state.failed_for_good(self.pod) for state in self.inits):
                return "Failed"
            return "Pending"
        states = self.containers
        if all(state.terminated for state in states) and self.pod["spec"].get("restartPolicy") != "Always":
            if all(state.succeeded for state in states):
                return "Succeeded"
            if all(state.succeeded or state.failed_for_good(self.pod) for state in states):
                return "Failed"
        return "Running" if any(state.seen_running for state in states) else "Pending"

    def status(self) -> Tree:
        now = stamp(self._engine.now())
        phase = self.phase()
        done = phase in ("Succeeded", "Failed")
        ready = bool(self.containers) and all(state.ready for state in self.containers) and not done
        unready = [state.container["name"] for state in self.containers if not state.ready]
        told = f"containers with unready status: [{' '.join(unready)}]"
        why = (
            ("ContainersNotReady", told)
            if not done
            else ("PodCompleted" if phase == "Succeeded" else "PodFailed", "")
        )
        incomplete = [state.container["name"] for state in self.inits if not state.succeeded]
        conditions: list[Tree] = []
        wanted: list[tuple[str, bool, str, str]] = [
            ("PodReadyToStartContainers", (not done and phase != "Pending") or self._sandboxed, "", "")
        ]
        init_told = f"containers with incomplete status: [{' '.join(incomplete)}]"
        wanted.append(("Initialized", self.initialized, "ContainersNotInitialized", init_told))
        wanted += [("Ready", ready, *why), ("ContainersReady", ready, *why), ("PodScheduled", True, "", "")]
        if self.evicted:
            wanted.insert(0, ("DisruptionTarget", True, "TerminationByKubelet", self.evicted))
        old = {item["type"]: item for item in dig(self.pod, "status", "conditions", default=[])}
        generation = self.pod["metadata"].get("generation", 1)
        for type_, value, reason, message in wanted:
            condition: Tree = {
                "type": type_,
                "observedGeneration": generation,
                "status": "True" if value else "False",
                "lastProbeTime": None,
            }
            before = old.get(type_)
            same = before is not None and before["status"] == condition["status"]
            condition["lastTransitionTime"] = (
                before["lastTransitionTime"] if before is not None and same else now
            )
            if (not value or type_ == "DisruptionTarget" or (done and type_ == "Initialized")) and reason:
                condition["reason"] = reason if type_ != "Initialized" or not value else "PodCompleted"
                if message and not (type_ == "Initialized" and value):
                    condition["message"] = message
            conditions.append(condition)
        host = self._kubelet.host_address(self.pod["spec"]["nodeName"])
        status: Tree = {"observedGeneration": generation, "phase": phase, "conditions": conditions}
        if self.evicted:
            status.update(message=self.evicted, reason="Evicted")
        status.update(hostIP=host, hostIPs=[{"ip": host}])
        if self._sandboxed:
            status.update(podIP=self.ip, podIPs=[{"ip": self.ip}])
        status["startTime"] = stamp(self.started)
        if self.inits:
            status["initContainerStatuses"] = [state.status() for state in self.inits]
        status["containerStatuses"] = [state.status() for state in self.containers]
        status["qosClass"] = dig(self.pod, "status", "qosClass", default="BestEffort")
        return status

    @property
    def _sandboxed(self) -> bool:
        return any(state.touched for state in (*self.inits, *self.containers))
