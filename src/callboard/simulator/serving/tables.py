"""Answers as `Table` and `PartialObjectMetadata`: what kubectl prints, and metadata without the rest."""

from collections.abc import Iterable

from callboard.simulator.machinery.conversion import served
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.times import age, parse
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.serving.columns import AGE, COLUMNS, NAME, Cell, TableColumn, pod_status
from callboard.simulator.serving.jsonpath import values_at

__all__ = ["partial", "table"]


def partial(tree: Tree) -> Tree:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": tree["metadata"]}


def _columns(kind: ServedResource) -> tuple[TableColumn, ...]:
    if not kind.custom:
        return COLUMNS.get(kind.key, (NAME, AGE))
    if not kind.columns:
        told = "Custom resource definition column (in JSONPath format): .metadata.creationTimestamp"
        return (NAME, TableColumn("Age", AGE.cell, "date", description=told))
    made = [NAME]
    for column in kind.columns:
        told = column.description or f"Custom resource definition column (in JSONPath format): {column.path}"
        made.append(
            TableColumn(
                column.name,
                _custom_cell(column.path, column.type),
                column.type,
                column.priority,
                column.format,
                told,
            )
        )
    return tuple(made)


def _custom_cell(path: str, kind: str) -> Cell:
    def cell(tree: Tree, now: float) -> object:
        found = values_at(tree, path)
        if not found:
            return None
        if kind == "date":
            return age(now - parse(str(found[0])))
        if kind == "string":
            return str(found[0])
        return found[0]

    return cell


def _shown(column: TableColumn, tree: Tree, now: float) -> object:
    """The cell; of an object whose fields hold something else than a column reads, what kubectl prints for what is not known."""
    try:
        return column.cell(tree, now)
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError):
        return "<unknown>"


def table(
    kind: ServedResource,
    trees: Iterable[Tree],
    metadata: Tree,
    now: float,
    *,
    include: str = "Metadata",
    definitions: bool = True,
) -> Tree:
    """A `Table` of these objects. `include` is Metadata, Object or None; watches send the definitions once."""
    columns = _columns(kind)
    rows: list[Tree] = []
    for tree in trees:
        row: Tree = {"cells": [_shown(column, tree, now) for column in columns]}
        if kind.key == ("", "pods") and tree.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            row["conditions"] = [_finished(tree)]
        if include == "None":
            row["object"] = None
        elif include == "Object":
            whole = served(kind, tree)
            row["object"] = (
                whole if kind.custom else {"kind": kind.kind, "apiVersion": kind.api_version, **whole}
            )
        else:
            row["object"] = partial(tree)
        rows.append(row)
    shown = [column.definition() for column in columns] if definitions else None
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": shown,
        "rows": rows,
    }


def _finished(tree: Tree) -> Tree:
    if tree["status"]["phase"] == "Succeeded":
        told = "The pod has completed successfully."
        return {"type": "Completed", "status": "True", "reason": "Succeeded", "message": told}
    told = "The pod failed."
    reason = tree["status"].get("reason") or pod_status(tree)[0]
    return {
        "type": "Completed",
        "status": "True",
        "reason": "Failed" if reason != "Evicted" else "Evicted",
        "message": told,
    }
