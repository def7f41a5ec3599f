"""Words of the family `crash`."""

from callboard.diagnosis.texts.words import Words, diff, logs, platform, yours

__all__ = ["WORDS"]

_LOG = logs("Read the last lines of the container's log before it ended.")
_DIFF = diff("Compare with the last version that worked.")
_DOCS = "https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/"

WORDS = {
    "CB-CRASH-ERROR": Words(
        title="The application keeps crashing",
        one="{pods} keeps crashing ({why})",
        many="{pods} keep crashing ({why})",
        means="The program in container {container} ends with an error each time it is started. Kubernetes starts it again and again, with longer and longer pauses.",
        steps=(_LOG, _DIFF),
        docs=_DOCS,
    ),
    "CB-CRASH-COMMAND": Words(
        title="The application's command is not there",
        one="{pods} keeps ending at once ({why}): its command cannot be run or is not found",
        many="{pods} keep ending at once ({why}): their command cannot be run or is not found",
        means="A shell in the container was told to run something that is not in the image (127) or may not be run (126).",
        steps=(_LOG, yours("Check command and args of the container against what the image holds."), _DIFF),
        docs="https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",
    ),
    "CB-CRASH-SIGNAL": Words(
        title="The application is ended by a signal",
        one="{pods} keeps crashing ({why}): {signal}",
        many="{pods} keep crashing ({why}): {signal}",
        means="The program was ended by a signal. SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT are faults in native code; SIGTERM is a polite request to end, from outside.",
        steps=(_LOG, _DIFF),
        docs=_DOCS,
    ),
    "CB-CRASH-KILLED": Words(
        title="The application is killed",
        one="{pods} keeps being killed ({why})",
        many="{pods} keep being killed ({why})",
        means="Container {container} was killed from outside, and not for its own memory limit: mostly because its liveness probe failed, or because its node ran out of memory.",
        steps=(
            _LOG,
            yours("Look at the events for a failing liveness probe."),
            platform("Ask whether the node was short of memory."),
        ),
        docs=_DOCS,
    ),
    "CB-CRASH-FINISHED": Words(
        title="The application ends, and is not meant to",
        one="{pods} ends again and again without an error ({why})",
        many="{pods} end again and again without an error ({why})",
        means="The program in container {container} finishes as if its work were done. Kubernetes starts it again, because a service is meant to run on.",
        steps=(_LOG, yours("Keep the program in the foreground; make it a Job if it is meant to end.")),
        docs="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy",
    ),
    "CB-OOM": Words(
        title="The application uses more memory than it may",
        one="{pods} keeps being killed for using more memory than its limit ({why})",
        many="{pods} keep being killed for using more memory than their limit ({why})",
        others={
            "limit": (
                "{pods} keeps being killed for using more memory than its limit of {limit} ({why})",
                "{pods} keep being killed for using more memory than their limit of {limit} ({why})",
            )
        },
        means="Container {container} wanted more memory than its limit, and was killed for it (OOMKilled). It will happen again at the same load.",
        steps=(
            yours(
                "Find out whether the program leaks memory or needs more; raise the limit if it needs more."
            ),
            _LOG,
            _DIFF,
        ),
        docs="https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/",
    ),
    "CB-RESTARTED": Words(
        title="A container ended and runs again",
        one="{pods} restarted and runs again ({why})",
        many="{pods} restarted and run again ({why})",
        means="Container {container} ended with an error within the last hour and has run since.",
        steps=(_LOG,),
        docs=_DOCS,
    ),
}
