"""Requests that change things: POST, PUT, PATCH, DELETE, and the subresources status, scale and eviction."""

from collections.abc import Mapping

import msgspec
import yaml

from callboard.simulator.machinery.conversion import served, stored
from callboard.simulator.machinery.refusal import (
    ApiRefusal,
    bad_request,
    method_not_allowed,
    not_found,
    unsupported_media_type,
)
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.selectors import matcher_of
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.strategic import strategic_merge
from callboard.simulator.machinery.tree import Tree, decode, dig, json_patch, merge_patch
from callboard.simulator.serving.protobuf import read_protobuf
from callboard.simulator.serving.request import RequestInfo

__all__ = ["Writer", "read_body", "scale_of"]

_PATCHES = (
    "application/json-patch+json, application/merge-patch+json, "
    "application/strategic-merge-patch+json, application/apply-patch+yaml"
)
_BODIES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


def read_body(data: bytes, content_type: str, kind: str) -> Tree:
    """The object a request carries. Raises 400 or 415."""
    media = content_type.partition(";")[0].strip() or "application/json"
    if media == "application/vnd.kubernetes.protobuf":
        return read_protobuf(data)
    if media == "application/yaml":
        value = yaml.safe_load(data)
    elif media == "application/json":
        try:
            value = decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            shown = data.decode("utf-8", "replace")[:1000]
            at = next((char for char in shown.lstrip("{ \n") if char), "")
            told = f"json parse error: invalid character '{at}' looking for beginning of object key string ({shown})"
            raise bad_request(
                f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; {told}"
            ) from None
    else:
        raise unsupported_media_type(_BODIES)
    if not isinstance(value, dict):
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind"
        )
    return value


def scale_of(kind: ServedResource, tree: Tree) -> Tree:
    """The `Scale` of a workload."""
    metadata = {
        field: tree["metadata"][field]
        for field in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if field in tree["metadata"]
    }
    labels = dig(tree, "spec", "selector", "matchLabels", default={})
    status: Tree = {"replicas": dig(tree, "status", "replicas", default=0)}
    if labels:
        status["selector"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    spec = {"replicas": replicas} if (replicas := dig(tree, "spec", "replicas", default=0)) else {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


class Writer:
    """Carries out one write against the store; authorization has been decided before."""

    def __init__(
        self,
        store: ObjectStore,
        kind: ServedResource,
        info: RequestInfo,
        query: Mapping[str, str],
        agent: str,
    ) -> None:
        self._store = store
        self._kind = kind
        self._info = info
        self._query = query
        self._manager = query.get("fieldManager") or agent.partition("/")[0] or "unknown"
        self._dry = query.get("dryRun") == "All"

    def create(self, body: Tree) -> Tree:
        kind, info = self._kind, self._info
        self._same_kind(body)
        metadata = body.setdefault("metadata", {})
        if not isinstance(metadata, dict):
            raise bad_request("unable to decode: json: cannot unmarshal into metadata")
        return self._shown(
            self._store.create(
                stored(kind, body),
                self._target,
                namespace=info.namespace,
                manager=self._manager,
                dry_run=self._dry,
            )
        )

    def update(self, body: Tree) -> Tree:
        self._same_kind(body)
        metadata = body.setdefault("metadata", {})
        metadata.setdefault("name", self._info.name)
        if self._kind.namespaced:
            metadata.setdefault("namespace", self._info.namespace)
        if metadata["name"] != self._info.name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({self._info.name})"
            )
        if self._info.subresource == "scale":
            return self._scale({"spec": body.get("spec") or {}})
        return self._shown(self._write(stored(self._kind, body)))

    def patch(self, data: bytes, content_type: str) -> tuple[Tree, bool]:
        """Apply a patch; the second value tells whether the object was created (server-side apply)."""
        media = content_type.partition(";")[0].strip()
        collection = self._store.collections[self._kind.key]
        if media == "application/apply-patch+yaml":
            return self._apply(yaml.safe_load(data))
        try:
            patch = decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise bad_request("error decoding patch: invalid character") from None
        before = self._shown(collection.need(self._info.namespace, self._info.name).tree)
        if self._info.subresource == "scale":
            before = scale_of(self._kind, before)
        if media == "application/json-patch+json":
            try:
                after = json_patch(before, patch)
            except (KeyError, IndexError, ValueError, TypeError):
                told = "the server rejected our request due to an error in our request"
                raise ApiRefusal(422, "Invalid", told, details={}) from None
        elif media == "application/merge-patch+json":
            after = merge_patch(before, patch)
        elif media == "application/strategic-merge-patch+json" and not self._kind.custom:
            after = strategic_merge(before, patch)
        else:
            raise unsupported_media_type(
                _PATCHES.replace(", application/strategic-merge-patch+json", "")
                if self._kind.custom
                else _PATCHES
            )
        if self._info.subresource == "scale":
            return self._scale(after), False
        if "resourceVersion" not in (patch.get("metadata") or {} if isinstance(patch, dict) else {}):
            after["metadata"] = {
                key: value for key, value in after["metadata"].items() if key != "resourceVersion"
            }
        return self._shown(self._write(stored(self._kind, after))), False

    def delete(self, options: Tree) -> Tree:
        """Delete one object; what comes back is the object where it lingers, else a `Status` of success."""
        grace = options.get("gracePeriodSeconds")
        if grace is None and self._query.get("gracePeriodSeconds"):
            grace = int(self._query["gracePeriodSeconds"])
        uid = dig(options, "preconditions", "uid", default="")
        policy = options.get("propagationPolicy") or self._query.get("propagationPolicy")
        if policy == "Orphan" and not self._dry:
            self._orphan()
        tree, gone = self._store.delete(
            self._target, self._info.name, self._info.namespace, grace=grace, uid=uid, dry_run=self._dry
        )
        if not gone or self._kind.key == ("", "pods"):
            return self._shown(tree)
        details: Tree = {"name": self._info.name}
        if self._kind.group:
            details["group"] = self._kind.group
        details.update(kind=self._kind.plural, uid=tree["metadata"]["uid"])
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def evict(self, body: Tree) -> Tree:
        """Delete a pod unless a PodDisruptionBudget forbids it (429)."""
        pod = self._store.get("pods", self._info.name, self._info.namespace)
        labels = pod["metadata"].get("labels", {})
        for budget in self._store.list("poddisruptionbudgets.policy", self._info.namespace):
            if (
                matcher_of(dig(budget, "spec", "selector"))(labels)
                and dig(budget, "status", "disruptionsAllowed", default=0) < 1
            ):
                name = budget["metadata"]["name"]
                needs = dig(budget, "status", "desiredHealthy", default=0)
                has = dig(budget, "status", "currentHealthy", default=0)
                told = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
                details = {"causes": [{"reason": "DisruptionBudget", "message": told}]}
                raise ApiRefusal(
                    429,
                    "TooManyRequests",
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                    details=details,
                )
        self._store.delete("pods", self._info.name, self._info.namespace, dry_run=self._dry)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}

    @property
    def _target(self) -> ServedResource:
        return self._store.registry.stored(*self._kind.key)

    def _same_kind(self, body: Tree) -> None:
        if self._info.subresource in ("scale",):
            return
        kind, version = body.get("kind", self._kind.kind), body.get("apiVersion", self._kind.api_version)
        if (kind, version) != (self._kind.kind, self._kind.api_version):
            told = f"the API version in the data ({version}) does not match the expected API version ({self._kind.api_version})"
            raise bad_request(
                told
                if version != self._kind.api_version
                else f"{kind} in version {version} cannot be handled as a {self._kind.kind}"
            )

    def _shown(self, tree: Tree) -> Tree:
        shown = served(self._kind, tree)
        return (
            shown
            if self._kind.custom
            else {"kind": self._kind.kind, "apiVersion": self._kind.api_version, **shown}
        )

    def _write(self, body: Tree) -> Tree:
        if self._info.subresource not in ("", "status"):
            raise method_not_allowed()
        return self._store.update(
            body, self._target, manager=self._manager, subresource=self._info.subresource, dry_run=self._dry
        )

    def _scale(self, scale: Tree) -> Tree:
        replicas = dig(scale, "spec", "replicas", default=0)
        changed = self._store.patch(
            self._target,
            self._info.name,
            {"spec": {"replicas": replicas}},
            self._info.namespace,
            manager=self._manager,
            dry_run=self._dry,
        )
        return scale_of(self._kind, changed)

    def _apply(self, body: Tree) -> tuple[Tree, bool]:
        """Server-side apply: merge, refusing fields another applier owns and sets differently, unless forced."""
        collection = self._store.collections[self._kind.key]
        record = collection.get(self._info.namespace, self._info.name)
        body = {**body, "metadata": {**(body.get("metadata") or {}), "name": self._info.name}}
        if record is None:
            if self._info.subresource:
                raise not_found(self._kind.group, self._kind.plural, self._info.name)
            made = self._store.create(
                stored(self._kind, body),
                self._target,
                namespace=self._info.namespace,
                manager=self._manager,
                dry_run=self._dry,
            )
            for entry in made["metadata"].get("managedFields", ())[-1:]:  # none where it has but a name
                entry["operation"] = "Apply"
            return self._shown(made), True
        if self._query.get("force") != "true":
            self._conflicts(record.tree, body)
        after = strategic_merge(
            record.tree, {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}
        )
        after["metadata"] = {
            key: value for key, value in after["metadata"].items() if key != "resourceVersion"
        }
        return self._shown(self._write(after)), False

    def _conflicts(self, old: Tree, new: Tree) -> None:
        causes: list[Tree] = []
        for entry in old["metadata"].get("managedFields", ()):
            if entry["manager"] == self._manager and entry["operation"] == "Apply":
                continue
            for path in _clashes(entry["fieldsV1"], old, new, ""):
                told = f'conflict with "{entry["manager"]}"' + (
                    "" if entry["operation"] == "Apply" else f" using {entry['apiVersion']}"
                )
                causes.append({"reason": "FieldManagerConflict", "message": told, "field": path})
        if causes:
            one = f"{causes[0]['message']}: {causes[0]['field']}"
            several = "conflicts:\n" + "\n".join(f"- {item['message']}: {item['field']}" for item in causes)
            told = f"Apply failed with {len(causes)} conflict" + (
                f": {one}" if len(causes) == 1 else f"s: {several}"
            )
            raise ApiRefusal(409, "Conflict", told, details={"causes": causes})

    def _orphan(self) -> None:
        owner = self._store.get(self._target, self._info.name, self._info.namespace)["metadata"]["uid"]
        for key, namespace, name in self._store.dependents(owner):

            def forget(tree: Tree) -> Tree:
                kept = [item for item in tree["metadata"].get("ownerReferences", ()) if item["uid"] != owner]
                return {**tree, "metadata": {**tree["metadata"], "ownerReferences": kept}}

            self._store.patch(self._store.registry.stored(*key), name, forget, namespace)


def _clashes(owned: Tree, old: object, new: object, path: str) -> list[str]:
    found: list[str] = []
    for key, inner in owned.items():
        if not key.startswith("f:") or not isinstance(old, dict) or not isinstance(new, dict):
            continue
        field = key[2:]
        if field in new and new[field] != old.get(field):
            deeper = (
                _clashes(inner, old.get(field), new[field], f"{path}.{field}")
                if inner
                else [f"{path}.{field}"]
            )
            found += deeper
    return found
