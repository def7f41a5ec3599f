"""Words of the families `rollout` and `job`."""

from callboard.diagnosis.texts.words import Words, command, diff, events, logs, platform, yours

__all__ = ["WORDS"]

_ROLLOUT = "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment"
_JOB = "https://kubernetes.io/docs/concepts/workloads/controllers/job/"
_CRON = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
_LOG = logs("Read the log of its last pod.")

WORDS = {
    "CB-ROLLOUT-DEADLINE": Words(
        title="A release does not come through",
        one="the new version did not become ready within its deadline",
        means="The newest version was to be ready within {seconds} seconds and is not. Kubernetes keeps trying, and keeps the old pods as long as it may.",
        steps=(
            events("Read the events of the new pods."),
            diff("Compare with the last version that worked."),
            command(
                "Go back to the last version.", "kubectl rollout undo deployment/{subject} -n {namespace}"
            ),
        ),
        docs=_ROLLOUT,
    ),
    "CB-UNAVAILABLE": Words(
        title="Pods are not ready although no release is under way",
        one="{ready} of {desired} pods are ready, and no release is under way",
        means="Fewer pods are ready than are needed, and for longer than a start takes.",
        steps=(
            logs("Read the log of a pod that is not ready."),
            events("Read the events of its pods."),
            platform("Ask whether nodes are lost."),
        ),
        docs="https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/",
    ),
    "CB-UNOBSERVED": Words(
        title="The cluster does not act on it",
        one="the cluster has not acted on this {kind} since it was made",
        means="The controller that makes its pods has not looked at it for more than a minute: it does not run, or has too much to do.",
        steps=(platform("Ask whether the cluster's controllers run."),),
        docs="https://kubernetes.io/docs/concepts/architecture/controller/",
    ),
    "CB-PAUSED": Words(
        title="Releases are paused",
        one="releases are paused",
        others={
            "pending": ("releases are paused, with a change waiting: {updated} of {desired} pods run it", "")
        },
        means="Somebody has paused the Deployment (spec.paused): changes are taken, and not rolled out.",
        steps=(
            command("Go on with the release.", "kubectl rollout resume deployment/{name} -n {namespace}"),
        ),
        docs="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pausing-and-resuming-a-deployment",
    ),
    "CB-ON-DELETE": Words(
        title="Old pods wait to be removed by hand",
        one="{old} of {desired} pods run the old version until somebody deletes them (OnDelete)",
        means="This workload takes its newest version only where a pod is deleted by hand.",
        steps=(yours("Delete the old pods one after the other."),),
        docs="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#on-delete",
    ),
    "CB-SCALED-TO-ZERO": Words(
        title="Scaled to zero",
        one="it is scaled to zero",
        means="No pods are wanted, so none run.",
        steps=(yours("If that is not meant so, scale it up again."),),
        docs="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#scaling-a-deployment",
    ),
    "CB-JOB-FAILED": Words(
        title="A job has failed",
        one="failed ({reason})",
        others={
            "tries": ("failed after {tries} ({reason})", ""),
            "run": ("the last of its jobs to end, {job}, failed ({reason})", ""),
        },
        means="The Job's pods ended with an error as often as it may try. It does not try again.",
        steps=(_LOG, yours("Mend the cause, delete the Job and start it again.")),
        docs=_JOB,
    ),
    "CB-JOB-DEADLINE": Words(
        title="A job took too long",
        one="failed: it did not finish within {seconds} s (DeadlineExceeded)",
        others={
            "tries": ("failed after {tries}: it did not finish within {seconds} s (DeadlineExceeded)", ""),
            "run": (
                "the last of its jobs to end, {job}, did not finish within {seconds} s (DeadlineExceeded)",
                "",
            ),
        },
        means="The Job was to be done within its deadline (spec.activeDeadlineSeconds) and was ended.",
        steps=(_LOG, yours("Give it more time, or find out what it waits for.")),
        docs=_JOB,
    ),
    "CB-JOB-RETRYING": Words(
        title="A job tries again",
        one="{failed} of its pods failed; {left} tries are left",
        means="Pods of the Job ended with an error, and it tries again.",
        steps=(_LOG,),
        docs=_JOB,
    ),
    "CB-JOB-SUSPENDED": Words(
        title="A job is suspended",
        one="it is suspended",
        means="Somebody has suspended the Job (spec.suspend): it has no pods until it is resumed.",
        steps=(
            command(
                "Let it go on.",
                'kubectl patch job {name} -n {namespace} -p \'{{"spec":{{"suspend":false}}}}\'',
            ),
        ),
        docs=_JOB,
    ),
    "CB-CRON-LAST-FAILED": Words(
        title="The last run of a cron job failed",
        one="its last run failed ({reason})",
        others={
            "tries": ("its last run failed after {tries} ({reason})", ""),
            "untold": ("its last run, of {begun}, did not succeed; the last that did was on {succeeded}", ""),
        },
        means="The newest run that has ended has failed. The next one may go well.",
        steps=(
            _LOG,
            command(
                "Run it once now.", "kubectl create job --from=cronjob/{name} {name}-by-hand -n {namespace}"
            ),
        ),
        docs=_CRON,
    ),
    "CB-CRON-MISSED": Words(
        title="A cron job was not started",
        one="it was due at {due} and was not started (last started: {begun})",
        means="The schedule asked for a run, and none began.",
        steps=(
            events("Read the events of the CronJob."),
            platform("Ask whether the cluster's controllers run."),
        ),
        docs=_CRON,
    ),
    "CB-CRON-SUSPENDED": Words(
        title="A cron job is suspended",
        one="it is suspended",
        means="Somebody has suspended the CronJob (spec.suspend): it starts no runs until it is resumed.",
        steps=(
            command(
                "Let it go on.",
                'kubectl patch cronjob {name} -n {namespace} -p \'{{"spec":{{"suspend":false}}}}\'',
            ),
        ),
        docs="https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension",
    ),
}
