"""Kubernetes' reasons in words for someone who does not know Kubernetes."""

__all__ = ["plain_reason"]

_PLAIN = {
    "CrashLoopBackOff": ("keeps crashing", "keep crashing"),
    "ImagePullBackOff": ("cannot pull its image", "cannot pull their image"),
    "ErrImagePull": ("cannot pull its image", "cannot pull their image"),
    "InvalidImageName": ("has an image name that is not valid", "have an image name that is not valid"),
    "ErrImageNeverPull": ("may not pull its image", "may not pull their image"),
    "ImageInspectError": ("has a damaged image on its node", "have a damaged image on their nodes"),
    "CreateContainerConfigError": (
        "lacks a ConfigMap, Secret or key that it needs",
        "lack a ConfigMap, Secret or key that they need",
    ),
    "CreateContainerError": ("cannot create its container", "cannot create their containers"),
    "RunContainerError": ("cannot start its container", "cannot start their containers"),
    "StartError": ("cannot start its container", "cannot start their containers"),
    "OOMKilled": (
        "was killed for using more memory than its limit",
        "were killed for using more memory than their limit",
    ),
    "Evicted": ("was evicted from its node", "were evicted from their nodes"),
    "Unschedulable": ("finds no node that can take it", "find no node that can take them"),
}
"""What one pod, and what several, do: the name Kubernetes uses stays beside it, so that it can be searched for."""


def plain_reason(reason: str, count: int = 1) -> str:
    """The words for a reason such as `CrashLoopBackOff, exit code 137`; the reason itself where there are none."""
    plain = _PLAIN.get(reason.split(",", 1)[0])
    return f"{plain[0] if count == 1 else plain[1]} ({reason})" if plain else reason
