"""How a container behaves once a kubelet starts it. The world inside the image, which the API server never sees."""

from fnmatch import fnmatchcase

import msgspec

from callboard.simulator.controllers.images import pull_of
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["Behaviour", "Behaviours", "Match"]


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds are the cluster's. The default is a healthy server that runs for ever.

    `pull` is ok (unless the image's name says otherwise, see `images`), missing (no such tag), denied, unreachable or no-host
    (no such registry). `ready_after` None: the readiness probe never succeeds.
    `exit_after` None: runs until killed. `live_for` is how long the liveness probe succeeds (None: always).
    """

    pull: str = "ok"
    pull_seconds: float = 1.2
    start_seconds: float = 0.3
    start_error: str = ""
    ready_after: float | None = 2.0
    exit_after: float | None = None
    exit_code: int = 1
    exit_reason: str = ""
    message: str = ""
    live_for: float | None = None
    probe_message: str = "HTTP probe failed with statuscode: 503"
    evicted_after: float | None = None
    log: str = "web"
    crash_log: str = ""
    cpu: float = 0.35
    memory: float = 0.5


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which containers: shell patterns over namespace, pod name, container and image."""

    namespace: str = "*"
    pod: str = "*"
    container: str = "*"
    image: str = "*"

    def covers(self, pod: Tree, container: Tree) -> bool:
        metadata = pod["metadata"]
        return (
            fnmatchcase(metadata["namespace"], self.namespace)
            and fnmatchcase(metadata["name"], self.pod)
            and fnmatchcase(container["name"], self.container)
            and fnmatchcase(container["image"], self.image)
        )


_TASK = Behaviour(exit_after=8.0, exit_code=0, ready_after=0.5, log="task")
_INIT = Behaviour(exit_after=1.0, exit_code=0, ready_after=None, log="task")
_SERVER = Behaviour()


class Behaviours:
    """The rules of one cluster, newest first; the first that covers a container decides."""

    def __init__(self) -> None:
        self._rules: list[tuple[Match, Behaviour]] = []

    def add(self, match: Match, behaviour: Behaviour) -> None:
        self._rules.insert(0, (match, behaviour))

    def remove(self, match: Match) -> None:
        self._rules = [rule for rule in self._rules if rule[0] != match]

    def forget(self, namespace: str, pod: str, container: str = "*") -> None:
        """Drop the rules made for exactly these patterns, whatever the image."""
        self._rules = [
            item
            for item in self._rules
            if (item[0].namespace, item[0].pod, item[0].container) != (namespace, pod, container)
        ]

    def of(self, pod: Tree, container: Tree, *, init: bool = False) -> Behaviour:
        found = self._of(pod, container, init=init)
        pull = pull_of(container["image"])
        return found if pull == "ok" or found.pull != "ok" else msgspec.structs.replace(found, pull=pull)

    def _of(self, pod: Tree, container: Tree, *, init: bool) -> Behaviour:
        for match, behaviour in self._rules:
            if match.covers(pod, container):
                return behaviour
        if init:
            return _INIT
        return _SERVER if dig(pod, "spec", "restartPolicy") == "Always" else _TASK
