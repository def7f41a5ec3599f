"""Where the simulator's answers differ in structure from the recorded ones, and why that is right or harmless."""

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """`recording` and `line` are shell patterns over a recording's name and a line of difference."""

    recording: str
    line: str
    reason: str


_KUBELET = "the recording's stand-in kubelet writes less of a pod's status than pkg/kubelet/status and kubelet_pods.go do"
_NODE = "the recording's nodes were made by hand; a cloud's nodes carry addresses, podCIDR and providerID (core/v1 NodeSpec)"

KNOWN: tuple[Difference, ...] = (
    Difference("*", "+ *status.observedGeneration number", _KUBELET),
    Difference("*", "+ *status.conditions[[][]].observedGeneration number", _KUBELET),
    Difference("*", "+ *status.conditions[[][]].message string", _KUBELET),
    Difference("*", "+ *status.conditions[[][]].reason string", _KUBELET),
    Difference("*", "+ *status.initContainerStatuses array", _KUBELET),
    Difference("*", "+ *status.containerStatuses[[][]].*", _KUBELET),
    Difference(
        "*",
        "+ *source.host string",
        "a kubelet's events name its node (client-go EventSource); the recording has none of a kubelet",
    ),
    Difference("*", "+ *deprecatedSource.host string", "as above, in events.k8s.io/v1"),
    Difference(
        "*",
        "+ *.fieldPath string",
        "a kubelet's events name the container they are about; the recording has none of a kubelet",
    ),
    Difference("nodes", "+ *", _NODE),
    Difference(
        "openapi-v3-index",
        "- .paths*",
        "documents are served only for the group versions that are (kube-openapi lists each root too)",
    ),
    Difference("log-kubelet-unreachable", "*", "the simulator has a kubelet: the log is there"),
    Difference(
        "crd",
        "- *subresource string",
        "field managers of the definition's own status are not kept apart (apiextensions status controller)",
    ),
    Difference("nodes", "- *subresource string", _NODE),
    Difference(
        "pods-field-selector-node",
        "* .items*.spec.*",
        "which pods a node has is the scheduler's choice (scoring differs)",
    ),
)
