"""Jobs: pods until enough of them succeeded, or too many failed."""

from callboard.simulator.controllers.engine import Controller
from callboard.simulator.controllers.podset import is_ready, pod_from
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.times import parse, stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["JobController", "finished"]


def finished(tree: Tree) -> str:
    """Complete, Failed or nothing yet."""
    for condition in dig(tree, "status", "conditions", default=[]):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


class JobController(Controller):
    """Runs pods to completion, with back-off between failures."""

    own = ("batch", "jobs")
    kind = "Job"
    owns = (("", "pods"),)

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or "deletionTimestamp" in record.tree["metadata"]:
            return
        tree = record.tree
        if finished(tree):
            self._expire(tree)
            return
        spec, now = tree["spec"], self.engine.now()
        pods = self.store.owned(tree["metadata"]["uid"], "", "pods")
        living = [
            pod
            for pod in pods
            if dig(pod, "status", "phase") in ("Pending", "Running")
            and "deletionTimestamp" not in pod["metadata"]
        ]
        succeeded = sum(dig(pod, "status", "phase") == "Succeeded" for pod in pods)
        failed = [pod for pod in pods if dig(pod, "status", "phase") == "Failed"]
        restarts = sum(
            item["restartCount"]
            for pod in living
            for item in dig(pod, "status", "containerStatuses", default=[])
        )
        status: Tree = {"conditions": list(dig(tree, "status", "conditions", default=[]))}
        if spec.get("suspend"):
            for pod in living:
                self.store.delete("pods", pod["metadata"]["name"], namespace)
            status["conditions"] = [_condition("Suspended", "JobSuspended", "Job suspended", now)]
            self.store.set_status("jobs.batch", name, status, namespace)
            return
        status["startTime"] = dig(tree, "status", "startTime", default=stamp(now))
        wanted = spec.get("completions", 1)
        started = parse(status["startTime"])
        if succeeded >= wanted:
            status["conditions"] += [
                _condition(kind, "CompletionsReached", "Reached expected number of succeeded pods", now)
                for kind in ("SuccessCriteriaMet", "Complete")
            ]
            status["completionTime"] = stamp(now)
            self._tell(tree, "Normal", "Completed", "Job completed")
            living = []
        elif len(failed) > spec.get("backoffLimit", 6) or restarts > spec.get("backoffLimit", 6):
            living = self._fail(
                tree, status, living, "BackoffLimitExceeded", "Job has reached the specified backoff limit"
            )
        elif "activeDeadlineSeconds" in spec and now - started >= spec["activeDeadlineSeconds"]:
            living = self._fail(
                tree, status, living, "DeadlineExceeded", "Job was active longer than specified deadline"
            )
        else:
            if "activeDeadlineSeconds" in spec:
                self.again(spec["activeDeadlineSeconds"] - (now - started) + 0.01, namespace, name)
            missing = min(spec.get("parallelism", 1), wanted - succeeded) - len(living)
            living += self._start(tree, missing, failed)
        if not status["conditions"]:
            del status["conditions"]
        counts = {"active": len(living), "succeeded": succeeded, "failed": len(failed)}
        status.update({key: value for key, value in counts.items() if value})
        status.update(terminating=0, uncountedTerminatedPods={}, ready=sum(is_ready(pod) for pod in living))
        self.store.set_status("jobs.batch", name, status, namespace)

    def _fail(self, tree: Tree, status: Tree, living: list[Tree], reason: str, told: str) -> list[Tree]:
        now = self.engine.now()
        status["conditions"] += [_condition(kind, reason, told, now) for kind in ("FailureTarget", "Failed")]
        self._tell(tree, "Warning", reason, told)
        for pod in living:
            self.store.delete("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        return []

    def _start(self, tree: Tree, missing: int, failed: list[Tree]) -> list[Tree]:
        metadata, now = tree["metadata"], self.engine.now()
        if failed and missing > 0:
            ends = [
                dig(item, "state", "terminated", "finishedAt")
                for pod in failed
                for item in dig(pod, "status", "containerStatuses", default=[])
            ]
            due = max((parse(end) for end in ends if end), default=now) + min(
                600.0, 10.0 * 2 ** (len(failed) - 1)
            )
            if due > now:
                self.again(due - now + 0.01, metadata["namespace"], metadata["name"])
                return []
        made: list[Tree] = []
        for _ in range(missing):
            try:
                pod = self.store.create(
                    pod_from(tree["spec"]["template"], tree, self.store.resource("jobs.batch")),
                    "pods",
                    manager="kube-controller-manager",
                )
            except ApiRefusal as no:
                self._tell(tree, "Warning", "FailedCreate", f"Error creating: {no.message}")
                self.again(15.0, metadata["namespace"], metadata["name"])
                break
            self._tell(tree, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
            made.append(pod)
        return made

    def _expire(self, tree: Tree) -> None:
        ttl = dig(tree, "spec", "ttlSecondsAfterFinished")
        if ttl is None:
            return
        metadata = tree["metadata"]
        end = max(parse(item["lastTransitionTime"]) for item in dig(tree, "status", "conditions", default=[]))
        if self.engine.now() >= end + ttl:
            self.store.delete("jobs.batch", metadata["name"], metadata["namespace"])
        else:
            self.again(end + ttl - self.engine.now() + 0.01, metadata["namespace"], metadata["name"])

    def _tell(self, tree: Tree, type_: str, reason: str, told: str) -> None:
        self.world.events.record(
            self.store.resource("jobs.batch"), tree, type_, reason, told, "job-controller"
        )


def _condition(type_: str, reason: str, told: str, now: float) -> Tree:
    time = stamp(now)
    return {
        "type": type_,
        "status": "True",
        "lastProbeTime": time,
        "lastTransitionTime": time,
        "reason": reason,
        "message": told,
    }
