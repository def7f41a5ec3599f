"""Kubernetes' reasons in words for someone who does not know Kubernetes."""

__all__ = ["plain_reason"]

_PLAIN = {
    "CrashLoopBackOff": "keeps crashing",
    "ImagePullBackOff": "its image cannot be pulled",
    "ErrImagePull": "its image cannot be pulled",
    "InvalidImageName": "its image name is not valid",
    "ErrImageNeverPull": "its image is not on the node and may not be pulled",
    "ImageInspectError": "its image on the node is damaged",
    "CreateContainerConfigError": "a ConfigMap, Secret or key it needs is missing",
    "CreateContainerError": "its container cannot be created",
    "RunContainerError": "its container cannot be started",
    "StartError": "its container cannot be started",
    "OOMKilled": "was killed for using more memory than its limit",
    "Evicted": "was evicted from its node",
    "Unschedulable": "no node can take it",
}


def plain_reason(reason: str) -> str:
    """The words for a reason such as `CrashLoopBackOff (OOMKilled, exit code 137)`; the reason itself where there are none.

    The name Kubernetes uses stays beside the words, so that it can be searched for.
    """
    name = reason.split(" ", 1)[0].rstrip(",")
    plain = _PLAIN.get(name)
    return f"{plain} ({reason})" if plain and name == reason else f"{plain}: {reason}" if plain else reason
