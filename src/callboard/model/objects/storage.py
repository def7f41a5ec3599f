"""Persistent volumes and claims."""

import msgspec

from callboard.model.objects.meta import Condition, ObjectMeta
from callboard.model.objects.names import Name

__all__ = ["PersistentVolume", "PersistentVolumeClaim"]


class PersistentVolumeClaimSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    access_modes: tuple[Name, ...] = ()
    storage_class_name: Name | None = None
    volume_name: Name = ""


class PersistentVolumeClaimStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    phase: Name = ""
    capacity: dict[str, str | int] | None = None
    conditions: tuple[Condition, ...] = ()


class PersistentVolumeClaim(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()


class ClaimRef(msgspec.Struct, frozen=True, gc=False):
    namespace: Name = ""
    name: Name = ""


class PersistentVolumeSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    capacity: dict[str, str | int] | None = None
    access_modes: tuple[Name, ...] = ()
    storage_class_name: Name = ""
    claim_ref: ClaimRef | None = None


class PersistentVolumeStatus(msgspec.Struct, frozen=True, gc=False):
    phase: Name = ""
    reason: Name = ""
    message: str = ""


class PersistentVolume(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    status: PersistentVolumeStatus = PersistentVolumeStatus()
