"""Words of the families `schedule` and `storage`."""

from callboard.diagnosis.texts.words import Words, command, diff, events, platform, yours

__all__ = ["WORDS"]

_DOCS = "https://kubernetes.io/docs/concepts/scheduling-eviction/"
_NODES = "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"
_VOLUMES = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/"

WORDS = {
    "CB-SCHEDULE-RESOURCES": Words(
        title="No node has enough room",
        one="{pods} finds no node that can take it (Unschedulable): too little {resource} left on {short} of {nodes} nodes",
        many="{pods} find no node that can take them (Unschedulable): too little {resource} left on {short} of {nodes} nodes",
        others={
            "uncounted": (
                "{pods} finds no node that can take it (Unschedulable): no node has enough {resource} left",
                "{pods} find no node that can take them (Unschedulable): no node has enough {resource} left",
            ),
            "asked-uncounted": (
                "{pods} finds no node that can take it (Unschedulable): it asks for {asked} {resource}, and no node has so much left",
                "{pods} find no node that can take them (Unschedulable): each asks for {asked} {resource}, and no node has so much left",
            ),
            "asked": (
                "{pods} finds no node that can take it (Unschedulable): it asks for {asked} {resource}, and {short} of {nodes} nodes have too little left",
                "{pods} find no node that can take them (Unschedulable): each asks for {asked} {resource}, and {short} of {nodes} nodes have too little left",
            ),
            "full": (
                "{pods} finds no node that can take it (Unschedulable): it asks for {asked} {resource}; the largest node has {largest} in all, and too little is left",
                "{pods} find no node that can take them (Unschedulable): each asks for {asked} {resource}; the largest node has {largest} in all, and too little is left",
            ),
            "too-large": (
                "{pods} finds no node that can take it (Unschedulable): it asks for {asked} {resource}; the largest node has {largest}",
                "{pods} find no node that can take them (Unschedulable): each asks for {asked} {resource}; the largest node has {largest}",
            ),
        },
        means="A pod is given a node only where what it asks for is free. No node has so much free {resource}.",
        steps=(
            diff("Compare what the pods ask for with the last version that worked."),
            yours("Ask for less, if it is more than the program needs."),
            platform("Ask for more or larger nodes."),
        ),
        docs="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    ),
    "CB-SCHEDULE-TAINT": Words(
        title="The nodes are set apart for others",
        one="{pods} finds no node that can take it (Unschedulable): the nodes are set apart (taint)",
        many="{pods} find no node that can take them (Unschedulable): the nodes are set apart (taint)",
        others={
            "named": (
                "{pods} finds no node that can take it (Unschedulable): the nodes are set apart (taint {taint})",
                "{pods} find no node that can take them (Unschedulable): the nodes are set apart (taint {taint})",
            )
        },
        means="The nodes carry a mark (a taint) that keeps pods away which do not say that they tolerate it. Nodes that are not ready carry one, too.",
        steps=(platform("Ask for nodes of your kind, or which toleration your pods should have."),),
        docs="https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",
    ),
    "CB-SCHEDULE-SELECTOR": Words(
        title="No node has the labels that are asked for",
        one="{pods} finds no node that can take it (Unschedulable): none of {nodes} nodes has the labels that it asks for",
        many="{pods} find no node that can take them (Unschedulable): none of {nodes} nodes has the labels that they ask for",
        others={
            "uncounted": (
                "{pods} finds no node that can take it (Unschedulable): no node has the labels that it asks for",
                "{pods} find no node that can take them (Unschedulable): no node has the labels that they ask for",
            ),
            "named": (
                "{pods} finds no node that can take it (Unschedulable): it wants a node with {labels}, and none of {nodes} nodes fits",
                "{pods} find no node that can take them (Unschedulable): they want a node with {labels}, and none of {nodes} nodes fits",
            ),
            "named-uncounted": (
                "{pods} finds no node that can take it (Unschedulable): it wants a node with {labels}, and none fits",
                "{pods} find no node that can take them (Unschedulable): they want a node with {labels}, and none fits",
            ),
        },
        means="The pods may only run on nodes with certain labels (nodeSelector, node affinity), and no node has them.",
        steps=(
            diff("Compare nodeSelector and affinity with the last version that worked."),
            command("See which labels the nodes have.", "kubectl get nodes --show-labels"),
        ),
        docs=_NODES,
    ),
    "CB-SCHEDULE-SPREAD": Words(
        title="The pods may not stand so close together",
        one="{pods} finds no node that can take it (Unschedulable): its rules for standing apart or together leave none",
        many="{pods} find no node that can take them (Unschedulable): their rules for standing apart or together leave none",
        means="Rules say how the pods are to be spread over nodes and zones (anti-affinity, topology spread). There are more pods than places that the rules leave.",
        steps=(yours("Ask for fewer pods than there are nodes or zones, or make the rule a preference."),),
        docs=_NODES,
    ),
    "CB-SCHEDULE-PORTS": Words(
        title="The nodes have no place or port left",
        one="{pods} finds no node that can take it (Unschedulable): the nodes have as many pods as they may, or the host port is taken",
        many="{pods} find no node that can take them (Unschedulable): the nodes have as many pods as they may, or the host port is taken",
        means="Each node takes only so many pods, and each port of a node can be used once.",
        steps=(yours("Do without hostPort if there is one."), platform("Ask for more nodes.")),
        docs=_DOCS,
    ),
    "CB-SCHEDULE-VOLUME": Words(
        title="The pod's volume is not there, or elsewhere",
        one="{pods} finds no node that can take it (Unschedulable): its volume is missing, or on other nodes",
        many="{pods} find no node that can take them (Unschedulable): their volume is missing, or on other nodes",
        others={
            "named": (
                "{pods} finds no node that can take it (Unschedulable): its volume claim {claim} is missing or has no volume",
                "{pods} find no node that can take them (Unschedulable): their volume claim {claim} is missing or has no volume",
            )
        },
        means="The pod stores data in a volume. The volume's claim does not exist or has no volume yet, or the volume can only be reached from nodes that cannot take the pod.",
        steps=(
            command("See the claims.", "kubectl get pvc -n {namespace}"),
            events("Read the events of the claim."),
            platform("Ask about the storage class."),
        ),
        docs=_VOLUMES,
    ),
    "CB-SCHEDULE-CORDONED": Words(
        title="The nodes take no new pods",
        one="{pods} finds no node that can take it (Unschedulable): the nodes take no new pods at present",
        many="{pods} find no node that can take them (Unschedulable): the nodes take no new pods at present",
        means="The nodes are closed to new pods (cordoned), as they are while they are upgraded.",
        steps=(platform("Ask whether an upgrade is under way, and until when."),),
        docs="https://kubernetes.io/docs/concepts/architecture/nodes/#manual-node-administration",
    ),
    "CB-SCHEDULE-GATED": Words(
        title="The pod is held back on purpose",
        one="{pods} is held back (SchedulingGated): something has to release it first",
        many="{pods} are held back (SchedulingGated): something has to release them first",
        means="The pods carry a scheduling gate: a queue or another controller has to let them go before they are given a node.",
        steps=(platform("Ask whoever runs the queue why the pods are not released."),),
        docs="https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/",
    ),
    "CB-SCHEDULE": Words(
        title="No node takes the pod",
        one="{pods} finds no node that can take it (Unschedulable)",
        many="{pods} find no node that can take them (Unschedulable)",
        means="The scheduler found no node for the pod, and tries again and again.",
        steps=(events("Read the events of the pod: they hold the scheduler's own words."),),
        docs=_DOCS,
    ),
    "CB-CLAIM-PENDING": Words(
        title="A volume claim has no volume",
        one="{pods} waits for its volume: claim {claim} of storage class {class} has none yet",
        many="{pods} wait for their volume: claim {claim} of storage class {class} has none yet",
        means="The pod stores data in a volume that is to be made for its claim, and nobody has made it: there is no such storage class, or its provisioner fails.",
        steps=(
            command("See what the claim waits for.", "kubectl describe pvc {claim} -n {namespace}"),
            platform("Ask about storage class {class}."),
        ),
        docs=_VOLUMES,
    ),
    "CB-CLAIM-LOST": Words(
        title="A volume is lost",
        one="the volume of claim {claim} is lost",
        others={
            "pods": (
                "{pods} cannot start: the volume of claim {claim} is lost",
                "{pods} cannot start: the volume of claim {claim} is lost",
            )
        },
        means="The claim's volume {volume} no longer exists. What was stored in it may be gone.",
        steps=(platform("Ask at once whether the volume can be restored; do not delete the claim before."),),
        docs=_VOLUMES,
    ),
}
