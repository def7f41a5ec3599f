"""Kubernetes objects: the fields Callboard uses, typed, beside the redacted bytes of the whole (`KubeObject`, open), or those
bytes packed beside what finds an object (`PackedObject`, closed: a tenth of the memory).

Field names and meanings are those of the Kubernetes API (k8s.io/api); what is absent there is a default here. A field of
a wrong type makes the object unreadable (`Malformed`), never a guess. It must never hold managedFields, last-applied
copies or values of Secrets: those are gone before anything gets here.
"""

from callboard.model.objects.generic import Generic
from callboard.model.objects.kept import PackedObject
from callboard.model.objects.kube_object import Body, KubeObject, body_type
from callboard.model.objects.meta import Condition, ObjectMeta, OwnerReference

__all__ = [
    "Body",
    "Condition",
    "Generic",
    "KubeObject",
    "ObjectMeta",
    "OwnerReference",
    "PackedObject",
    "body_type",
]
