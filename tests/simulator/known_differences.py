"""Where the simulator's answers differ in structure from the recorded ones, and the Kubernetes source that allows it.

The recordings are of an API server and its controllers with a stand-in kubelet and hand-made nodes; where a real kubelet or
a cloud's controllers write more, the simulator follows those.
"""

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """`recording` and `line` are shell patterns over a recording's name and a line of difference; `source` is a path in
    the repository kubernetes/kubernetes."""

    recording: str
    line: str
    reason: str
    source: str


_GENERATE = "pkg/kubelet/status/generate.go"
_STATUS_MANAGER = "pkg/kubelet/status/status_manager.go"
_KUBELET_PODS = "pkg/kubelet/kubelet_pods.go"
_CLOUD_NODES = "staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go"

KNOWN: tuple[Difference, ...] = (
    Difference(
        "*",
        "+ *status.observedGeneration number",
        "SetPodStatus writes the pod's generation with every status; the stand-in kubelet does not",
        _STATUS_MANAGER,
    ),
    Difference(
        "*",
        "+ *status.conditions[[][]].observedGeneration number",
        "every condition a kubelet generates carries the pod's generation",
        _GENERATE,
    ),
    Difference(
        "*",
        "+ *status.conditions[[][]].message string",
        "GenerateContainersReadyCondition names the unready containers; the stand-in kubelet does not",
        _GENERATE,
    ),
    Difference(
        "*",
        "+ *status.conditions[[][]].reason string",
        "the same function gives the reason (ContainersNotReady)",
        _GENERATE,
    ),
    Difference(
        "*",
        "+ *status.initContainerStatuses array",
        "generateAPIPodStatus reports init containers on their own; the stand-in kubelet reports none",
        _KUBELET_PODS,
    ),
    Difference(
        "*",
        "+ *status.containerStatuses[[][]].*",
        "convertToAPIContainerStatuses fills fields that the stand-in kubelet leaves out (allocatedResources, resources, user)",
        _KUBELET_PODS,
    ),
    Difference(
        "*",
        "+ *source.host string",
        "a kubelet's recorder names its node as the host of the source; the recording has no event of a kubelet",
        "cmd/kubelet/app/server.go",
    ),
    Difference(
        "*",
        "+ *deprecatedSource.host string",
        "the same field, as events.k8s.io/v1 converts it",
        "pkg/apis/events/v1/conversion.go",
    ),
    Difference(
        "*",
        "+ *.fieldPath string",
        "GenerateContainerRef names the container an event is about; the recording has no event of a kubelet",
        "pkg/kubelet/container/ref.go",
    ),
    Difference(
        "nodes",
        "+ *",
        "a cloud's node controller writes addresses and providerID, a kubelet the rest; the recorded nodes were hand-made",
        _CLOUD_NODES,
    ),
    Difference(
        "nodes",
        "- *subresource string",
        "the hand-made nodes' status was written through `status`; here one manager writes a node whole",
        _CLOUD_NODES,
    ),
    Difference(
        "openapi-v3-index",
        "- .paths*",
        "documents are served for the group versions that are; the index lists whatever is installed",
        "staging/src/k8s.io/apiserver/pkg/server/routes/openapi.go",
    ),
    Difference(
        "log-kubelet-unreachable",
        "*",
        "the log comes from the pod's kubelet, and here there is one that answers",
        "pkg/registry/core/pod/rest/log.go",
    ),
    Difference(
        "crd",
        "- *subresource string",
        "the definition's status is written at once, not by the naming controller afterwards through `status`",
        "staging/src/k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go",
    ),
    Difference(
        "pods-field-selector-node",
        "* .items*.spec.*",
        "which pods a node has is the scheduler's choice among the nodes it scored alike",
        "pkg/scheduler/schedule_one.go",
    ),
)
