"""Which change a trouble may have followed: the newest version of a Deployment beside the one before. Pure."""

from callboard.diagnosis.ownership import Workload
from callboard.diagnosis.since import revision_of
from callboard.model.finding import PrecedingChange, Since
from callboard.model.objects.workload import ReplicaSet

__all__ = ["change_of"]

_REVISION = "deployment.kubernetes.io/revision"


def change_of(workload: Workload, began: Since | None) -> PrecedingChange | None:
    """What the newest version changed; None where there is no earlier one, or nothing of it is known."""
    current = revision_of(workload)
    if current is None or not isinstance(current.body, ReplicaSet):
        return None
    number = _number(current.meta.annotation(_REVISION))
    before = max(
        (
            (n, c)
            for c in workload.children
            if isinstance(c.body, ReplicaSet) and (n := _number(c.meta.annotation(_REVISION))) is not None
            if number is not None and n < number
        ),
        key=lambda each: each[0],
        default=None,
    )
    if number is None or before is None or not isinstance(before[1].body, ReplicaSet):
        return None
    at = began.at if began is not None else None
    now_images = {c.name: c.image for c in current.body.spec.template.spec.containers}
    for container in before[1].body.spec.template.spec.containers:
        image = now_images.get(container.name, container.image)
        if image != container.image:
            return PrecedingChange(
                what="image", before=_version(container.image), after=_version(image), at=at
            )
    return PrecedingChange(what="revision", before=str(before[0]), after=str(number), at=at)


def _version(image: str) -> str:
    """The tag of an image, else its digest's beginning, else the whole name."""
    name, at, digest = image.partition("@")
    if at:
        return digest[:19]
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or name


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
