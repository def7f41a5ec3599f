"""Everything one cluster holds, and the writes an API server does: create, update, patch, delete, with defaults and admission.

Tests and scenarios use it directly; requests reach it through `serving`. Time comes from outside, so it can be held still.
"""

import base64
from collections.abc import Callable, Iterator

from callboard.simulator.machinery.admission import admit_pod
from callboard.simulator.machinery.collection import Change, Collection, Record, Versions
from callboard.simulator.machinery.defaults import apply_defaults
from callboard.simulator.machinery.managed_fields import manage
from callboard.simulator.machinery.naming import Naming
from callboard.simulator.machinery.refusal import bad_request, conflict, not_found
from callboard.simulator.machinery.resources import ServedResource, TypeRegistry
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, clone, dig, merge_patch
from callboard.simulator.machinery.validation import check, check_shape

__all__ = ["ObjectStore"]

Resource = ServedResource | str
Trees = list[Tree]
Place = tuple[tuple[str, str], str, str]
Places = list[Place]
_POD_KEY = ("", "pods")
_DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")
_ADDRESSES = "10.96."
_TRUSTED = frozenset(["kube-controller-manager", "kube-scheduler", "kubelet"])
"""Managers that hand over trees nobody changes afterwards, so that nothing needs copying."""


class ObjectStore:
    """The objects of one cluster. `keep` is how many past changes each collection remembers."""

    def __init__(
        self, registry: TypeRegistry, naming: Naming, now: Callable[[], float], *, keep: int = 2000
    ) -> None:
        self.registry = registry
        self.naming = naming
        self.now = now
        self.versions = Versions()
        self.collections: dict[tuple[str, str], Collection] = {}
        self._keep = keep
        self._observers: list[Callable[[Collection, Change], None]] = []
        self._owned: dict[str, set[tuple[tuple[str, str], str, str]]] = {}
        for kind in registry.all():
            if kind.storage is None and kind.group != "metrics.k8s.io":
                self._open(kind)

    # ---- finding

    def resource(self, resource: Resource) -> ServedResource:
        """`pods`, `deployments`, `deployments.apps` → its type. Raises KeyError for what is not served."""
        if isinstance(resource, ServedResource):
            return resource
        plural, _, group = resource.partition(".")
        for kind in self.registry.all():
            if (
                kind.plural == plural
                and kind.storage is None
                and kind.group != "metrics.k8s.io"
                and (not group or kind.group == group)
            ):
                return kind
        raise KeyError(resource)

    def collection(self, group: str, plural: str) -> Collection:
        return self.collections[(group, plural)]

    def of(self, resource: Resource) -> Collection:
        return self.collections[self.resource(resource).key]

    def get(self, resource: Resource, name: str, namespace: str = "") -> Tree:
        """The object as stored; treat it as read-only. Raises a 404 `ApiRefusal`."""
        return self.of(resource).need(namespace, name).tree

    def list(self, resource: Resource, namespace: str = "") -> Trees:
        return [record.tree for record in self.of(resource).records(namespace)]

    def owned(self, uid: str, group: str, plural: str) -> Trees:
        """The objects of one type whose controller has this uid, by name."""
        key = (group, plural)
        found = [
            self.collections[key].get(namespace, name)
            for k, namespace, name in sorted(self._owned.get(uid, ()))
            if k == key
        ]
        return [record.tree for record in found if record is not None]

    def dependents(self, uid: str) -> Places:
        """Collection key, namespace and name of everything this uid controls."""
        return sorted(self._owned.get(uid, ()))

    def observe(self, observer: Callable[[Collection, Change], None]) -> None:
        """Call `observer` after every change of any collection."""
        self._observers.append(observer)

    # ---- writing

    def create(
        self,
        tree: Tree,
        resource: Resource | None = None,
        *,
        namespace: str = "",
        manager: str = "simulator",
        dry_run: bool = False,
        uid: str = "",
    ) -> Tree:
        """Create an object as a POST would. Raises `ApiRefusal`. Without `resource` its kind and apiVersion tell.

        Its uid is made up where none is given.
        """
        kind = self._kind_of(tree, resource)
        if manager not in _TRUSTED:
            check_shape(kind, tree)
        metadata = dict(tree.get("metadata") or {})
        if kind.namespaced:
            metadata["namespace"] = metadata.get("namespace") or namespace or "default"
            if namespace and metadata["namespace"] != namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
        else:
            metadata.pop("namespace", None)
        shown = metadata.get("name") or metadata.get("generateName") or ""
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + self.naming.suffix()
        if kind.namespaced and self.collections[("", "namespaces")].get("", metadata["namespace"]) is None:
            raise not_found("", "namespaces", metadata["namespace"])
        time = stamp(self.now())
        metadata.update(uid=uid or self.naming.uid(), creationTimestamp=time)
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"):
            metadata.pop(field, None)
        if kind.generation:
            metadata["generation"] = 1
        body = {**tree, "metadata": metadata}
        body = self._shape(kind, body if manager in _TRUSTED else clone(body))
        body = apply_defaults(kind.key, body, created=True)
        check(kind, body)
        fields = manage(None, body, manager=manager, api_version=kind.api_version, time=time)
        body = self._admit(kind, body, shown)
        body["metadata"]["managedFields"] = fields
        if dry_run:
            return body
        return self.collections[kind.key].add(body).tree

    def update(
        self,
        tree: Tree,
        resource: Resource | None = None,
        *,
        manager: str = "simulator",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Tree:
        """Replace an object as a PUT would; with `subresource="status"` only its status. Raises `ApiRefusal`."""
        kind = self._kind_of(tree, resource)
        collection = self.collections[kind.key]
        given = tree["metadata"]
        old = collection.need(given.get("namespace", "") if kind.namespaced else "", given.get("name", ""))
        before = old.tree
        expect = str(given.get("resourceVersion", "") or "")
        if expect and expect != str(old.version):
            raise conflict(kind.group, kind.plural, given["name"])
        if subresource == "status":
            body = {**before, "status": clone(tree.get("status") or {})}
        else:
            if manager not in _TRUSTED:
                check_shape(kind, tree)
                tree = clone(tree)
            metadata = {**tree["metadata"]}
            for field in (
                "uid",
                "creationTimestamp",
                "generation",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "managedFields",
            ):
                metadata.pop(field, None)
                if field in before["metadata"]:
                    metadata[field] = before["metadata"][field]
            body = {**self._shape(kind, tree), "metadata": metadata}
            if kind.subresource("status") is not None:
                body.pop("status", None)
                if "status" in before:
                    body["status"] = before["status"]
            body = apply_defaults(kind.key, body, created=False)
            check(kind, body)
        return self._commit(kind, collection, before, body, manager, subresource, dry_run)

    def patch(
        self,
        resource: Resource,
        name: str,
        patch: Tree | Callable[[Tree], Tree],
        namespace: str = "",
        *,
        manager: str = "simulator",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Tree:
        """Apply a JSON merge patch, or a function from the old object to the new one. Raises `ApiRefusal`."""
        kind = self.resource(resource)
        before = self.collections[kind.key].need(namespace, name).tree
        body = patch(before) if callable(patch) else merge_patch(before, patch)
        return self.update(body, kind, manager=manager, subresource=subresource, dry_run=dry_run)

    def set_status(
        self,
        resource: Resource,
        name: str,
        status: Tree,
        namespace: str = "",
        *,
        manager: str = "kube-controller-manager",
    ) -> Tree:
        """Write the status of an object if it differs."""
        kind = self.resource(resource)
        collection = self.collections[kind.key]
        before = collection.need(namespace, name).tree
        if before.get("status") == status:
            return before
        return self._commit(kind, collection, before, {**before, "status": status}, manager, "status", False)

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        grace: int | None = None,
        uid: str = "",
        dry_run: bool = False,
    ) -> tuple[Tree, bool]:
        """Delete as a DELETE would; returns the object and whether it is gone already (pods and finalized objects linger)."""
        kind = self.resource(resource)
        collection = self.collections[kind.key]
        record = collection.need(namespace, name)
        metadata = record.tree["metadata"]
        if uid and uid != metadata["uid"]:
            raise conflict(kind.group, kind.plural, name)
        lingering = bool(metadata.get("finalizers")) or kind.key == ("", "namespaces")
        seconds = 0
        if kind.key == _POD_KEY and dig(record.tree, "spec", "nodeName"):
            seconds = (
                dig(record.tree, "spec", "terminationGracePeriodSeconds", default=30)
                if grace is None
                else grace
            )
            if dig(record.tree, "status", "phase") in ("Succeeded", "Failed"):
                seconds = 0
            lingering = lingering or seconds > 0
        if dry_run:
            return record.tree, not lingering
        if not lingering:
            return collection.remove(namespace, name).tree, True
        if "deletionTimestamp" in metadata and not (kind.key == _POD_KEY and seconds == 0):
            return record.tree, False
        changed = {
            **metadata,
            "deletionTimestamp": stamp(self.now() + seconds),
            "deletionGracePeriodSeconds": seconds,
        }
        if kind.generation:
            changed["generation"] = metadata.get("generation", 1) + 1
        body = {**record.tree, "metadata": changed}
        if kind.key == ("", "namespaces"):
            body["status"] = {**body.get("status", {}), "phase": "Terminating"}
        return collection.replace(body).tree, False

    def remove(self, resource: Resource, name: str, namespace: str = "") -> Tree:
        """Take an object out at once, whatever its finalizers say (the last word of a kubelet or a controller)."""
        return self.of(resource).remove(namespace, name).tree

    def compact(self, keep: int = 0) -> None:
        """Forget the past of every collection: resumed watches and old lists get 410."""
        for collection in self.collections.values():
            collection.compact(keep)

    # ---- inside

    def _open(self, kind: ServedResource) -> None:
        self.collections[kind.key] = Collection(kind, self.versions, self._keep, self._changed)

    def _changed(self, collection: Collection, change: Change) -> None:
        for record, present in ((change.previous, False), (change.record, change.type != "DELETED")):
            if record is None:
                continue
            for owner in record.tree["metadata"].get("ownerReferences", ()):
                entry = (collection.kind.key, *record.key)
                held = self._owned.setdefault(owner["uid"], set())
                held.add(entry) if present else held.discard(entry)
                if not held:
                    del self._owned[owner["uid"]]
        if collection.kind.key == _DEFINITIONS:
            self._definition(change)
        for observer in self._observers:
            observer(collection, change)

    def _definition(self, change: Change) -> None:
        tree = change.record.tree
        key = (tree["spec"]["group"], tree["spec"]["names"]["plural"])
        if change.type == "DELETED":
            self.registry.forget(*key)
            self.collections.pop(key, None)
            return
        self.registry.define(tree)
        kind = self.registry.stored(*key)
        if key in self.collections:
            self.collections[key].kind = kind
        else:
            self._open(kind)

    def _kind_of(self, tree: Tree, resource: Resource | None) -> ServedResource:
        if resource is not None:
            return self.resource(resource)
        kind = self.registry.of_kind(str(tree.get("apiVersion")), str(tree.get("kind")))
        if kind is None:
            raise KeyError(f"{tree.get('apiVersion')} {tree.get('kind')}")
        return self.registry.stored(*kind.key)

    def _shape(self, kind: ServedResource, body: Tree) -> Tree:
        """Typed objects are kept without kind and apiVersion, custom ones with them, their fields in order."""
        body = {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}
        if kind.custom:
            return {
                "apiVersion": kind.api_version,
                "kind": kind.kind,
                **{key: body[key] for key in sorted(body)},
            }
        order = [key for key in ("metadata", "spec", "status") if key in body]
        return {key: body[key] for key in (*order, *(key for key in body if key not in order))}

    def _admit(self, kind: ServedResource, body: Tree, shown: str) -> Tree:
        if kind.key == _POD_KEY:
            return admit_pod(self, body, shown=shown)
        if kind.key == ("", "namespaces"):
            labels = body["metadata"].get("labels") or {}
            body["metadata"]["labels"] = {"kubernetes.io/metadata.name": body["metadata"]["name"], **labels}
        if (
            kind.key == ("", "services")
            and body["spec"].get("type") != "ExternalName"
            and "clusterIP" not in body["spec"]
        ):
            dice = self.naming.random
            address = f"{_ADDRESSES}{dice.randrange(1, 255)}.{dice.randrange(1, 255)}"
            body["spec"] = {**body["spec"], "clusterIP": address, "clusterIPs": [address]}
        if kind.key == ("", "secrets") and "stringData" in body:
            coded = {
                key: base64.b64encode(str(value).encode()).decode()
                for key, value in body.pop("stringData").items()
            }
            body["data"] = {**(body.get("data") or {}), **coded}
        if kind.key == ("", "persistentvolumeclaims"):
            body["metadata"]["finalizers"] = [
                *body["metadata"].get("finalizers", []),
                "kubernetes.io/pvc-protection",
            ]
        if kind.key == ("batch", "jobs") and not body["spec"].get("selector"):
            self._label_job(body)
        if kind.key == ("apps", "daemonsets"):
            annotations = body["metadata"].get("annotations") or {}
            body["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "1", **annotations}
        if kind.key == _DEFINITIONS:
            self._accept_definition(body)
        return body

    @staticmethod
    def _label_job(body: Tree) -> None:
        uid, name = body["metadata"]["uid"], body["metadata"]["name"]
        added = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
        template = body["spec"]["template"]
        labels = {**(template["metadata"].get("labels") or {}), **added}
        template = {**template, "metadata": {**template["metadata"], "labels": labels}}
        body["spec"] = {
            **body["spec"],
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
            "template": template,
        }

    def _accept_definition(self, body: Tree) -> None:
        time = stamp(self.now())
        body["status"] = {
            "conditions": [
                {
                    "type": "NamesAccepted",
                    "status": "True",
                    "lastTransitionTime": time,
                    "reason": "NoConflicts",
                    "message": "no conflicts found",
                },
                {
                    "type": "Established",
                    "status": "True",
                    "lastTransitionTime": time,
                    "reason": "InitialNamesAccepted",
                    "message": "the initial names have been accepted",
                },
            ],
            "acceptedNames": body["spec"]["names"],
            "storedVersions": [
                version["name"] for version in body["spec"]["versions"] if version.get("storage")
            ],
        }

    def _commit(
        self,
        kind: ServedResource,
        collection: Collection,
        before: Tree,
        body: Tree,
        manager: str,
        subresource: str,
        dry_run: bool,
    ) -> Tree:
        metadata = dict(body["metadata"])
        metadata["resourceVersion"] = before["metadata"]["resourceVersion"]
        body = {**body, "metadata": metadata}
        if body == before:
            return before
        if kind.generation and not subresource and body.get("spec") != before.get("spec"):
            metadata["generation"] = before["metadata"].get("generation", 1) + 1
        metadata["managedFields"] = manage(
            before,
            body,
            manager=manager,
            api_version=kind.api_version,
            time=stamp(self.now()),
            subresource=subresource,
        )
        if dry_run:
            return body
        if (
            "deletionTimestamp" in metadata
            and not metadata.get("finalizers")
            and before["metadata"].get("finalizers")
        ):
            return collection.remove(*collection.replace(body).key).tree
        return collection.replace(body).tree

    def everything(self) -> Iterator[Record]:
        """Every object of every collection."""
        for collection in self.collections.values():
            yield from collection.records()
