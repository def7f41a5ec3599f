"""Words of the families `probe` and `init`."""

from callboard.diagnosis.texts.words import Words, diff, events, logs, platform, yours

__all__ = ["WORDS"]

_DOCS = (
    "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"
)
_NOW = logs("Read the container's log.")
_LOG = logs("Read the last lines of the container's log before it ended.")

WORDS = {
    "CB-PROBE-READINESS": Words(
        title="The application is not ready",
        one="{pods} runs and is not ready: its readiness probe does not succeed",
        many="{pods} run and are not ready: their readiness probe does not succeed",
        others={
            "told": (
                "{pods} runs and is not ready: its readiness probe fails ({words})",
                "{pods} run and are not ready: their readiness probe fails ({words})",
            )
        },
        means="Container {container} runs, but does not answer that it is ready, so that nothing is sent to it.",
        steps=(
            _NOW,
            events("Read the events: they hold what the probe was answered."),
            yours("Check what the probe's path depends on, a database for instance."),
        ),
        docs=_DOCS,
    ),
    "CB-PROBE-LIVENESS": Words(
        title="The liveness probe kills the application",
        one="{pods} keeps being restarted because its liveness probe fails ({words})",
        many="{pods} keep being restarted because their liveness probe fails ({words})",
        means="Kubernetes asks container {container} whether it is alive ({settings}), gets no good answer, and ends it. Either the program hangs, or the probe is too strict for how it behaves under load.",
        steps=(
            _LOG,
            yours(
                "If the program is only slow at times, give the probe more time (timeoutSeconds, failureThreshold)."
            ),
        ),
        docs=_DOCS,
    ),
    "CB-PROBE-STARTUP": Words(
        title="The application takes too long to start",
        one="{pods} keeps being restarted before it has started ({words})",
        many="{pods} keep being restarted before they have started ({words})",
        means="Container {container} did not answer its startup probe in the time it is given ({settings}), and was ended for it.",
        steps=(
            _LOG,
            yours("Give it longer to start: raise failureThreshold or periodSeconds of the startup probe."),
        ),
        docs=_DOCS,
    ),
    "CB-GATE-READINESS": Words(
        title="A pod waits for something outside to call it ready",
        one="{pods} runs and is not ready: {gate} has not been met",
        many="{pods} run and are not ready: {gate} has not been met",
        means="The containers are ready, and the pod waits for a further sign (a readiness gate), mostly of a load balancer or a mesh.",
        steps=(platform("Ask whoever runs the load balancer's controller why {gate} is not set."),),
        docs="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate",
    ),
    "CB-INIT-FAILING": Words(
        title="A step before the start fails",
        one="{pods} cannot start: its init container {container} keeps failing ({why})",
        many="{pods} cannot start: their init container {container} keeps failing ({why})",
        means="Before the application starts, init container {container} has to do its work, a database's migration for instance. It ends with an error, so that nothing after it runs.",
        steps=(logs("Read the init container's log."), diff("Compare with the last version that worked.")),
        docs="https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/",
    ),
    "CB-SIDECAR-FAILING": Words(
        title="A sidecar keeps ending",
        one="{pods} has a sidecar that keeps ending: {container} ({why})",
        many="{pods} have a sidecar that keeps ending: {container} ({why})",
        means="{container} runs beside the application, a proxy for instance, and ends again and again. The application itself may be well.",
        steps=(_LOG, platform("Ask whoever provides {container}.")),
        docs="https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
    ),
    "CB-SIDECAR-NOT-READY": Words(
        title="A sidecar is not ready",
        one="{pods} is not ready because of its sidecar {container}",
        many="{pods} are not ready because of their sidecar {container}",
        means="{container} runs beside the application and is not ready. As long as that is so, nothing is sent to the pod, even if the application is well.",
        steps=(_NOW, platform("Ask whoever provides {container}.")),
        docs="https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
    ),
}
