"""Just enough OpenAPI v3 for kubectl: which kinds a group version has, and that its patches take `fieldValidation`."""

import hashlib

from callboard.simulator.machinery.resources import ServedResource, TypeRegistry
from callboard.simulator.machinery.tree import Tree, encode
from callboard.simulator.serving import answer as answers
from callboard.simulator.serving.answer import HttpAnswer

__all__ = ["answer"]


def answer(registry: TypeRegistry, path: str) -> HttpAnswer:
    """`/openapi/v3` and `/openapi/v3/<group version>`."""
    versions: dict[str, list[ServedResource]] = {}
    for kind in registry.all():
        root = f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"
        versions.setdefault(root, []).append(kind)
    wanted = path.removeprefix("/openapi/v3").strip("/")
    if not wanted:
        paths = {
            root: {"serverRelativeURL": f"/openapi/v3/{root}?hash={_hash(kinds)}"}
            for root, kinds in sorted(versions.items())
        }
        return HttpAnswer(encode({"paths": paths}) + b"\n", content_type="text/plain; charset=utf-8")
    if wanted not in versions:
        return answers.text("404 page not found\n", 404)
    return answers.tree(_document(wanted, versions[wanted]))


def _hash(kinds: list[ServedResource]) -> str:
    return hashlib.sha512("".join(kind.kind for kind in kinds).encode()).hexdigest().upper()


def _document(root: str, kinds: list[ServedResource]) -> Tree:
    paths: Tree = {}
    schemas: Tree = {}
    for kind in kinds:
        named = {"group": kind.group, "kind": kind.kind, "version": kind.version}
        name = f"io.k8s.{(kind.group or 'core').replace('/', '.')}.{kind.version}.{kind.kind}"
        schema = dict(kind.schema or {"type": "object"})
        metadata = {"type": "object"}
        about = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": metadata}
        schema["properties"] = {**about, **(schema.get("properties") or {})}
        schema["x-kubernetes-group-version-kind"] = [named]
        if kind.schema is None:
            schema["x-kubernetes-preserve-unknown-fields"] = True
        schemas[name] = schema
        place = (
            f"/{root}/namespaces/{{namespace}}/{kind.plural}/{{name}}"
            if kind.namespaced
            else f"/{root}/{kind.plural}/{{name}}"
        )
        parameters = [
            {"name": option, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for option in ("dryRun", "fieldManager", "fieldValidation")
        ]
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        operation = {
            "operationId": f"patch{kind.kind}",
            "parameters": parameters,
            "responses": {"200": {"description": "OK", "content": content}},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": named,
        }
        paths[place] = {"patch": operation}
    info = {"title": "Kubernetes", "version": "v1"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
