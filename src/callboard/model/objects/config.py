"""Configuration, its limits, and Secrets by their keys alone."""

import msgspec

from callboard.model.objects.meta import ObjectMeta

__all__ = ["ConfigMap", "LimitRange", "ResourceQuota", "SecretMetadata"]


class ConfigMap(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """`data` holds the values too: a ConfigMap is not secret."""

    metadata: ObjectMeta
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None


class SecretMetadata(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A Secret: its keys stand in `data`, each with the value `***`."""

    metadata: ObjectMeta
    type: str = ""
    data: dict[str, str] | None = None


class ResourceQuotaStatus(msgspec.Struct, frozen=True, gc=False):
    hard: dict[str, str | int | float] | None = None
    used: dict[str, str | int | float] | None = None


class ResourceQuota(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    status: ResourceQuotaStatus = ResourceQuotaStatus()


class LimitRangeItem(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    type: str = ""
    max: dict[str, str | int | float] | None = None
    min: dict[str, str | int | float] | None = None
    default: dict[str, str | int | float] | None = None
    default_request: dict[str, str | int | float] | None = None


class LimitRangeSpec(msgspec.Struct, frozen=True, gc=False):
    limits: tuple[LimitRangeItem, ...] = ()


class LimitRange(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: LimitRangeSpec = LimitRangeSpec()
