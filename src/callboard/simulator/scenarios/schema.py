"""The form of a scenario file."""

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

__all__ = ["ClusterSpec", "CronSpec", "NamespaceSpec", "Scenario", "ScenarioService", "Step", "TroubleSpec"]


class ClusterSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cluster. `minor` is its Kubernetes version (1.minor); old ones lack streaming lists."""

    name: str
    region: str = "local"
    environment: str = "dev"
    nodes: int = 3
    minor: int = 36
    streaming_lists: bool = True
    metrics: bool = True


class CronSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CronJob of a service; `schedule` is in cron's five fields, UTC."""

    name: str
    schedule: str
    suspend: bool = False


class ScenarioService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service. `replicas` is by environment (`*` for any other); `clusters` are shell patterns over cluster names.

    `released` tells the versions before the present one, newest last; `age` how long ago the service was born, e.g. `9d`.
    """

    name: str
    owner: str
    namespace: str
    system: str = ""
    title: str = ""
    description: str = ""
    workload: str = "deployment"
    version: str = "1.0.0"
    released: tuple[str, ...] = ()
    image: str = ""
    container: str = ""
    port: int = 8080
    replicas: dict[str, int] = msgspec.field(default_factory=lambda: {"prod": 3, "staging": 2, "*": 1})
    clusters: tuple[str, ...] = ("*",)
    cpu: str = "100m"
    memory: str = "128Mi"
    memory_limit: str = "256Mi"
    language: str = "web"
    sidecar: bool = False
    init: str = ""
    storage: str = ""
    storage_class: str = "gp3"
    host: str = ""
    autoscale: int = 0
    budget: bool = False
    progress_deadline: int = 600
    config: dict[str, str] = {}
    cron_jobs: tuple[CronSpec, ...] = ()
    age: str = "3d"

    def replicas_in(self, environment: str) -> int:
        return self.replicas.get(environment, self.replicas.get("*", 1))

    def runs_on(self, cluster: str) -> bool:
        return any(fnmatchcase(cluster, pattern) for pattern in self.clusters)


class TroubleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named trouble placed on a service. `since` is how long ago it began (`95m`); a negative one lies ahead (`-5m`)."""

    trouble: str
    service: str
    clusters: tuple[str, ...] = ("*",)
    since: str = "45m"
    log: str = ""
    version: str = ""
    message: str = ""
    amount: str = ""


class NamespaceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a namespace has besides its services. `quota` becomes a ResourceQuota, `default_request` a LimitRange."""

    name: str
    quota: dict[str, str] = {}
    default_request: dict[str, str] = {}


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that happens while it runs: `after` the start (`90s`), on these clusters.

    The fields after `clusters` say with what: `chaos` switches `mode` on for `path` (the words of `simulator.chaos`),
    `chaos-off` switches a mode off, or all of them. `every` does it again, each so long after the last.
    """

    after: str
    action: Literal["trouble", "heal", "scale", "release", "delete-pod", "chaos", "chaos-off"]
    clusters: tuple[str, ...] = ("*",)
    service: str = ""
    trouble: str = ""
    version: str = ""
    replicas: int = 1
    mode: str = ""
    path: str = "*"
    seconds: float = 0.0
    retry_after: int | None = None
    size: int = 0
    times: int | None = None
    message: str = ""
    method: str = ""
    every: str = ""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file. Clusters beyond those named are made from `regions` and `environments`."""

    name: str
    clusters: tuple[ClusterSpec, ...] = ()
    regions: tuple[str, ...] = ("eu-west-1", "us-east-1", "ap-south-1", "eu-central-1", "us-west-2")
    environments: tuple[str, ...] = ("prod", "staging", "dev")
    nodes: int = 3
    namespaces: tuple[NamespaceSpec, ...] = ()
    services: tuple[ScenarioService, ...] = ()
    troubles: tuple[TroubleSpec, ...] = ()
    timeline: tuple[Step, ...] = ()

    def fleet(self, count: int) -> list[ClusterSpec]:
        """The first `count` clusters; names repeat with a number once regions and environments are used up."""
        found = list(self.clusters[:count])
        taken = {cluster.name for cluster in found}
        round_ = 1
        while len(found) < count:
            for environment in self.environments:
                for region in self.regions:
                    name = f"{region}-{environment}" + (f"-{round_}" if round_ > 1 else "")
                    if name not in taken and len(found) < count:
                        taken.add(name)
                        found.append(
                            ClusterSpec(name=name, region=region, environment=environment, nodes=self.nodes)
                        )
            round_ += 1
        return found
