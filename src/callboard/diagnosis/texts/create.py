"""Words of the family `create`."""

from callboard.diagnosis.texts.words import Words, command, events, platform, yours

__all__ = ["WORDS"]

WORDS = {
    "CB-QUOTA": Words(
        title="The namespace's quota is used up",
        one="pods cannot be created: quota {quota} is used up ({used} of {limited}), and {requested} more is needed",
        others={"unnumbered": ("pods cannot be created: the namespace's quota refuses them ({words})", "")},
        means="The namespace may use only so much (ResourceQuota), and the next pod would be more than that.",
        steps=(
            command(
                "See what the quota allows and what is used.", "kubectl describe resourcequota -n {namespace}"
            ),
            yours(
                "If it says that something must be specified, give the containers these requests and limits."
            ),
            yours("Ask for fewer pods or smaller ones, or remove what is not needed in the namespace."),
            platform("Ask for a larger quota."),
        ),
        docs="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    ),
    "CB-LIMIT-RANGE": Words(
        title="The pod is smaller or larger than the namespace allows",
        one="pods cannot be created: they ask for more or less than the namespace allows ({words})",
        means="The namespace has a smallest and a largest size for containers (LimitRange), and these are outside it.",
        steps=(
            command("See the sizes that are allowed.", "kubectl describe limitrange -n {namespace}"),
            yours("Change requests and limits of the containers."),
        ),
        docs="https://kubernetes.io/docs/concepts/policy/limit-range/",
    ),
    "CB-ADMISSION": Words(
        title="A policy refuses the pods",
        one="pods cannot be created: a policy of the cluster refuses them ({words})",
        means="The cluster checks pods before it takes them (pod security, an admission webhook), and refuses these.",
        steps=(
            yours("Change the pods as the policy asks."),
            platform("Ask about the policy if it is not clear, or if the check itself fails."),
        ),
        docs="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
    ),
    "CB-SERVICE-ACCOUNT": Words(
        title="The service account is missing",
        one="pods cannot be created: their service account {account} does not exist",
        means="The pods are to run under a service account that is not in their namespace.",
        steps=(
            command("See which service accounts there are.", "kubectl get serviceaccounts -n {namespace}"),
            yours("Create service account {account}, or correct its name in the release."),
        ),
        docs="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ),
    "CB-PODS-MISSING": Words(
        title="Pods are missing that nobody makes",
        one="pods cannot be created",
        others={"told": ("pods cannot be created: {words}", "")},
        means="Fewer pods are there than are wanted, and the cluster does not make the missing ones. Why stands in the events, as long as the cluster keeps them.",
        steps=(
            events("Read the events (FailedCreate): they hold the API server's own words."),
            platform("Ask about quotas and policies of the namespace."),
        ),
        docs="https://kubernetes.io/docs/concepts/workloads/controllers/",
    ),
}
