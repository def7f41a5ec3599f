"""Any object whose type has no struct of its own: what kstatus reads."""

import msgspec

from callboard.model.objects.meta import Condition, ObjectMeta
from callboard.model.objects.names import Name

__all__ = ["Generic"]


class GenericStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """`observed_generation` is a string in Argo Rollouts."""

    observed_generation: int | str | None = None
    conditions: tuple[Condition, ...] | None = None
    phase: Name | None = None
    message: str | None = None


class Generic(msgspec.Struct, frozen=True, gc=False):
    """`status` is None where the type has none (then the object is current as soon as it exists)."""

    metadata: ObjectMeta
    status: GenericStatus | None = None
