"""Playing a scenario on one cluster: history first, at its own times, then the present, then what lies ahead."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from callboard.simulator.controllers.behaviour import Behaviour, Match
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.tree import Tree, clone
from callboard.simulator.objects.node import foundations, node
from callboard.simulator.objects.service import applied, image_of, manifests, workload
from callboard.simulator.scenarios.reading import seconds
from callboard.simulator.scenarios.schema import ClusterSpec, Scenario, ScenarioService, Step, TroubleSpec
from callboard.simulator.scenarios.troubles import TROUBLES
from callboard.simulator.serving.roles import bootstrap_roles

if TYPE_CHECKING:
    from callboard.simulator.cluster import SimulatedCluster

__all__ = ["Stage", "oldest"]

_DEPLOYER = "kubectl-client-side-apply"


def oldest(scenario: Scenario) -> float:
    """Seconds before the present at which the story begins."""
    ages = [seconds(service.age) for service in scenario.services] + [
        seconds(item.since) for item in scenario.troubles
    ]
    return max([600.0, *ages]) + 600.0


class Stage:
    """One cluster's part of a scenario. Troubles are started and healed by name while it runs."""

    def __init__(self, cluster: "SimulatedCluster", scenario: Scenario) -> None:
        self.cluster = cluster
        self.scenario = scenario
        self.store = cluster.store
        self.engine = cluster.engine
        self._services = {service.name: service for service in scenario.services}

    @property
    def spec(self) -> ClusterSpec:
        return self.cluster.spec

    def service(self, name: str) -> ScenarioService:
        return self._services[name]

    def build(self) -> None:
        """Make the cluster as it was when the story begins, and plan the rest up to and beyond the present."""
        for tree in (*foundations(), *bootstrap_roles()):
            self.store.create(tree, manager="kube-apiserver")
        for index in range(self.spec.nodes):
            made = node(
                self.spec.name,
                self.spec.region,
                index,
                self.spec.minor,
                self.cluster.naming,
                self.engine.now(),
            )
            self.store.create(made, manager="kubelet")
        here = [service for service in self.scenario.services if service.runs_on(self.spec.name)]
        named = {item.name: item for item in self.scenario.namespaces}
        for name in dict.fromkeys([*(service.namespace for service in here), *named]):
            labels = {"example.com/environment": self.spec.environment}
            self.apply(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            )
            self._limits(name)
        present = self.engine.present
        for position, service in enumerate(here):
            self._history(service, present - seconds(service.age) + position * 7.0)
        for trouble in self.scenario.troubles:
            if any(
                fnmatchcase(self.spec.name, pattern) for pattern in trouble.clusters
            ) and trouble.service in {item.name for item in here}:
                self.engine.at(present - seconds(trouble.since), lambda trouble=trouble: self.start(trouble))  # type: ignore[misc]
        for step in self.scenario.timeline:
            if any(fnmatchcase(self.spec.name, pattern) for pattern in step.clusters) and (
                not step.service or step.service in {item.name for item in here}
            ):
                self.engine.at(present + seconds(step.after), lambda step=step: self._step(step))  # type: ignore[misc]

    def _limits(self, name: str) -> None:
        held = next((item for item in self.scenario.namespaces if item.name == name), None)
        if held is None:
            return
        if held.quota:
            self.apply(
                {
                    "apiVersion": "v1",
                    "kind": "ResourceQuota",
                    "metadata": {"name": "team", "namespace": name},
                    "spec": {"hard": held.quota},
                }
            )
        if held.default_request:
            limit = {"type": "Container", "defaultRequest": held.default_request}
            self.apply(
                {
                    "apiVersion": "v1",
                    "kind": "LimitRange",
                    "metadata": {"name": "defaults", "namespace": name},
                    "spec": {"limits": [limit]},
                }
            )

    def _history(self, service: ScenarioService, born: float) -> None:
        """The first release, then the others spread over the service's life."""
        versions = [*service.released, service.version]
        if service.language != "web":
            match = Match(
                namespace=service.namespace, pod=f"{service.name}-*", container=service.container or "app"
            )
            self.cluster.behaviours.add(match, Behaviour(log=service.language))

        def begin() -> None:
            for tree in manifests(service, self.spec, versions[0]):
                self.apply(tree)

        self.engine.at(born, begin)
        span = (self.engine.present - born) * 0.8
        for number, version in enumerate(versions[1:], 1):
            moment = born + span * number / len(versions)
            self.engine.at(moment, lambda version=version: self.release(service.name, version))  # type: ignore[misc]

    # ---- what people do

    def apply(self, tree: Tree) -> None:
        try:
            self.store.create(tree, manager=_DEPLOYER)
        except ApiRefusal as no:
            if no.code != 409:
                raise

    def release(self, name: str, version: str, change: Callable[[Tree], None] | None = None) -> None:
        """Roll a service to a version; `change` may alter the manifest first."""
        service = self.service(name)
        tree = clone(workload(service, self.spec, version))
        if change is not None:
            change(tree)
        tree = applied(tree)

        def update(old: Tree) -> Tree:
            metadata = {**old["metadata"], "labels": tree["metadata"]["labels"]}
            metadata["annotations"] = {
                **old["metadata"].get("annotations", {}),
                **tree["metadata"]["annotations"],
            }
            metadata.pop("resourceVersion", None)
            spec = {**tree["spec"]}
            if "replicas" in spec and service.autoscale:
                spec["replicas"] = old["spec"]["replicas"]
            return {**old, "metadata": metadata, "spec": spec}

        self.store.patch(self.resource(service), name, update, service.namespace, manager=_DEPLOYER)

    def resource(self, service: ScenarioService) -> str:
        return f"{service.workload}s.apps"

    def image(self, name: str, version: str = "") -> str:
        return image_of(self.service(name), version)

    def start(self, trouble: TroubleSpec) -> None:
        """Begin a trouble now."""
        TROUBLES[trouble.trouble].begin(self, trouble)

    def heal(self, trouble: TroubleSpec) -> None:
        """End it: the release before is brought back, the cause is gone."""
        TROUBLES[trouble.trouble].end(self, trouble)

    def behave(self, name: str, behaviour: Behaviour, *, container: str = "*", image: str = "*") -> Match:
        """From now on the containers of a service behave like this, those that run included."""
        service = self.service(name)
        match = Match(namespace=service.namespace, pod=f"{name}-*", container=container, image=image)
        self.cluster.behaviours.add(match, behaviour)
        self.cluster.kubelet.reconsider()
        return match

    def misbehave_no_more(self, name: str) -> None:
        service = self.service(name)
        for container in ("*", service.container or "app", service.init or "-"):
            self.cluster.behaviours.forget(service.namespace, f"{name}-*", container)
        if service.language != "web":
            self.behave(name, Behaviour(log=service.language), container=service.container or "app")
        self.cluster.kubelet.reconsider()

    def _step(self, step: Step) -> None:
        trouble = TroubleSpec(step.trouble or "crash-loop", step.service, version=step.version)
        if step.action == "trouble":
            self.start(trouble)
        elif step.action == "heal":
            self.heal(trouble)
        elif step.action == "release":
            self.release(step.service, step.version)
        elif step.action == "scale":
            service = self.service(step.service)
            self.store.patch(
                self.resource(service),
                step.service,
                {"spec": {"replicas": step.replicas}},
                service.namespace,
                manager="kubectl",
            )
        elif step.action == "delete-pod":
            service = self.service(step.service)
            pods = [
                pod
                for pod in self.store.list("pods", service.namespace)
                if pod["metadata"]["name"].startswith(step.service + "-")
            ]
            if pods:
                self.store.delete("pods", pods[0]["metadata"]["name"], service.namespace)
        elif step.action == "chaos":
            self.cluster.chaos.on(
                step.mode,
                step.path,
                seconds=step.seconds,
                retry_after=step.retry_after,
                size=step.size,
                times=step.times,
                message=step.message,
                method=step.method,
            )
        elif step.action == "chaos-off":
            self.cluster.chaos.off(step.mode or None)
        if step.every:
            self.engine.after(seconds(step.every), lambda: self._step(step))
