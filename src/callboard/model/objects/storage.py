"""Persistent volumes and claims."""

import msgspec

from callboard.model.objects.meta import Condition, ObjectMeta

__all__ = ["PersistentVolume", "PersistentVolumeClaim"]


class PersistentVolumeClaimSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    access_modes: tuple[str, ...] = ()
    storage_class_name: str | None = None
    volume_name: str = ""


class PersistentVolumeClaimStatus(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    phase: str = ""
    capacity: dict[str, str | int] | None = None
    conditions: tuple[Condition, ...] = ()


class PersistentVolumeClaim(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()


class ClaimRef(msgspec.Struct, frozen=True, gc=False):
    namespace: str = ""
    name: str = ""


class PersistentVolumeSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    capacity: dict[str, str | int] | None = None
    access_modes: tuple[str, ...] = ()
    storage_class_name: str = ""
    claim_ref: ClaimRef | None = None


class PersistentVolumeStatus(msgspec.Struct, frozen=True, gc=False):
    phase: str = ""
    reason: str = ""
    message: str = ""


class PersistentVolume(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    status: PersistentVolumeStatus = PersistentVolumeStatus()
