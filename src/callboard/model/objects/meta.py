"""What every object has."""

import msgspec

from callboard.model.objects.names import Name
from callboard.model.objects.time import Time

__all__ = ["Condition", "ObjectMeta", "OwnerReference", "condition"]


class OwnerReference(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Whose child an object is, in the same namespace."""

    kind: Name
    name: Name
    uid: Name = ""
    api_version: Name = ""
    controller: bool = False


class ObjectMeta(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """`metadata`. Label and annotation values are foreign text."""

    name: Name
    namespace: Name = ""
    uid: Name = ""
    resource_version: Name = ""
    generation: int = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    labels: dict[Name, Name] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[Name, ...] = ()

    def label(self, key: str) -> str:
        return (self.labels or {}).get(key, "")

    def annotation(self, key: str) -> str:
        return (self.annotations or {}).get(key, "")

    @property
    def controller(self) -> OwnerReference | None:
        """The one owner that manages this object, if any."""
        for owner in self.owner_references:
            if owner.controller:
                return owner
        return None


class Condition(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """One of `status.conditions`. `status` is "True", "False" or "Unknown"."""

    type: Name
    status: Name
    reason: Name = ""
    message: str = ""
    last_transition_time: Time | None = None
    observed_generation: int | None = None


def condition(conditions: tuple[Condition, ...], type_: str) -> Condition | None:
    """The condition of that type, or None."""
    for found in conditions:  # no generator: asked of each pod several times
        if found.type == type_:
            return found
    return None
