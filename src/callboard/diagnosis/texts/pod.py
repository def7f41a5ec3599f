"""Words of the family `pod`."""

from callboard.diagnosis.texts.words import Words, command, events, logs, platform, yours

__all__ = ["WORDS"]

_DOCS = "https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/"
_EVICTION = "https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"
_CLEAN = command("Remove it once you have read it.", "kubectl delete pod {pod} -n {namespace}")

WORDS = {
    "CB-START-STUCK": Words(
        title="A pod does not get to its containers",
        one="{pods} has a node and cannot create its containers (ContainerCreating)",
        many="{pods} have a node and cannot create their containers (ContainerCreating)",
        means="The pod was given node {node}, which has not started its containers for more than five minutes: a volume, the network, or a very large image.",
        steps=(events("Read the events of the pod."), platform("Ask about node {node}.")),
        docs=_DOCS,
    ),
    "CB-VOLUME-MOUNT": Words(
        title="A volume cannot be mounted",
        one="{pods} cannot create its containers: a volume cannot be mounted ({words})",
        many="{pods} cannot create their containers: a volume cannot be mounted ({words})",
        means="The pod takes files from a volume, a Secret or a ConfigMap, and its node cannot get them: it does not exist, or another node still holds it.",
        steps=(
            events("Read the events: they name the volume and why."),
            yours("Create the Secret or ConfigMap if it is missing, or correct its name."),
            platform("If a disk is still held by another node, ask to have it released."),
        ),
        docs="https://kubernetes.io/docs/concepts/storage/volumes/",
    ),
    "CB-SANDBOX": Words(
        title="The pod gets no network",
        one="{pods} cannot create its containers: node {node} gives it no network ({words})",
        many="{pods} cannot create their containers: node {node} gives them no network ({words})",
        means="Before its containers, a pod gets a network of its own. The node cannot make it: the network plugin fails, or all addresses are taken.",
        steps=(platform("Ask about the network of node {node}."), events("Read the events of the pod.")),
        docs="https://kubernetes.io/docs/concepts/cluster-administration/networking/",
    ),
    "CB-POD-TERMINATING": Words(
        title="A pod does not end",
        one="{pods} should have ended and is still there (Terminating)",
        many="{pods} should have ended and are still there (Terminating)",
        others={
            "finalizer": (
                "{pods} should have ended and is still there (Terminating): {finalizer} has to let it go",
                "{pods} should have ended and are still there (Terminating): {finalizer} has to let them go",
            )
        },
        means="The pod was told to end more than five minutes ago. Its node does not report that it has, or something (a finalizer) has to be done first.",
        steps=(platform("Ask about node {node}, or about what has to let the pod go."),),
        docs="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
    ),
    "CB-NODE-LOST": Words(
        title="The node does not answer",
        one="{pods} stands on node {node}, which does not report",
        many="{pods} stand on node {node}, which does not report",
        means="The node that the pod runs on has stopped reporting. The pod may run on, but nothing is sent to it.",
        steps=(platform("Ask about node {node}."),),
        docs="https://kubernetes.io/docs/concepts/architecture/nodes/",
    ),
    "CB-EVICTED": Words(
        title="A pod was evicted",
        one="{pods} was evicted from its node (Evicted): {words}",
        many="{pods} were evicted from their nodes (Evicted): {words}",
        means="The node ran short of something, memory or disk for instance, and ended the pod. A pod with a controller was replaced; what is left is the record of the old one.",
        steps=(
            yours("Ask for as much memory and disk as the program uses, so that others are evicted first."),
            _CLEAN,
        ),
        docs=_EVICTION,
    ),
    "CB-POD-FAILED": Words(
        title="A pod has failed",
        one="{pods} failed ({why})",
        many="{pods} failed ({why})",
        means="The pod ended with an error, and no controller makes another.",
        steps=(logs("Read its log."), _CLEAN),
        docs=_DOCS,
    ),
    "CB-LEFTOVER": Words(
        title="A pod that has failed is left behind",
        one="{pods} that failed is left behind ({why})",
        many="{pods} that failed are left behind ({why})",
        means="The pod failed and was replaced. What is left is its record; it does not run.",
        steps=(_CLEAN,),
        docs=_DOCS,
    ),
}
