"""Lists and single objects as bytes: paging, resourceVersions, and the forms an Accept header can ask for."""

import yaml

from callboard.simulator.machinery.collection import Collection, Record
from callboard.simulator.machinery.conversion import served
from callboard.simulator.machinery.refusal import expired, version_too_large
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.tree import Tree, decode, encode
from callboard.simulator.serving.accept import AnswerForm
from callboard.simulator.serving.options import ListOptions, continue_token
from callboard.simulator.serving.tables import partial, table

__all__ = ["encode_object", "encode_tree", "list_body", "not_ahead", "page"]

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You "
    "can start a new list without the continue "
    "parameter, or use the continue token in this response to retrieve the remainder of "
    "the results. Continuing with the provided token "
    "results in an inconsistent list - objects that were created, modified, or deleted "
    "between the time the first chunk was returned and "
    "now may show up in the list."
)


def encode_tree(tree: Tree, form: AnswerForm) -> bytes:
    if form.yaml:
        return yaml.safe_dump(tree, sort_keys=False).encode()
    return encode(tree) + b"\n"


def encode_object(kind: ServedResource, record: Record) -> bytes:
    """One object with its kind and apiVersion."""
    if kind.storage is not None:
        shown = served(kind, record.tree)
        return encode(shown if kind.custom else {"kind": kind.kind, "apiVersion": kind.api_version, **shown})
    if kind.custom:
        return record.raw
    return b'{"kind":"%s","apiVersion":"%s",%s' % (
        kind.kind.encode(),
        kind.api_version.encode(),
        record.raw[1:],
    )


def not_ahead(version: int | None, current: int) -> None:
    """Raise the 504 an API server answers with when it has not come to `version` in time."""
    if version is not None and version > current:
        raise version_too_large(version, current)


def page(
    collection: Collection, options: ListOptions, namespace: str, current: int
) -> tuple[list[Record], Tree]:
    """The records of one page and the list's metadata. Raises 410 or 504."""
    version = current
    not_ahead(options.version, current)
    if options.start is not None:
        version = options.version or current
        if 0 < version < collection.compacted:
            again = continue_token(-1, options.start, namespace)
            raise expired(_TOO_OLD, metadata={"continue": again})
        records = (
            collection.at(version, namespace)
            if options.version and options.version > 0
            else list(collection.records(namespace))
        )
        records = [record for record in records if record.key > options.start]
        version = version if version > 0 else current
    elif options.match == "Exact" or (options.version and options.limit and not options.match):
        version = options.version or current
        records = collection.at(version, namespace)
    else:
        records = list(collection.records(namespace))
    if options.selective:
        records = [record for record in records if options.selects(record.tree)]
    metadata: Tree = {"resourceVersion": str(version)}
    if options.limit and len(records) > options.limit:
        metadata["continue"] = continue_token(version, records[options.limit - 1].key, namespace)
        if not options.selective:
            metadata["remainingItemCount"] = len(records) - options.limit
        records = records[: options.limit]
    return records, metadata


def list_body(
    kind: ServedResource, records: list[Record], metadata: Tree, form: AnswerForm, now: float, include: str
) -> bytes:
    """The list in the form that was asked for."""
    if form.kind == "Table":
        return encode_tree(
            table(kind, (record.tree for record in records), metadata, now, include=include), form
        )
    if form.kind == "PartialObjectMetadata":
        items = [partial(record.tree) for record in records]
        whole: Tree = {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": items,
        }
        return encode_tree(whole, form)
    if kind.storage is not None:
        raws = [encode(served(kind, record.tree)) for record in records]
    else:
        raws = [record.raw for record in records]
    if kind.custom:
        head = b'{"apiVersion":"%s","items":[' % kind.api_version.encode()
        tail = b'],"kind":"%s","metadata":%s}\n' % (
            kind.list_kind.encode(),
            encode({"continue": "", **metadata}),
        )
    else:
        head = b'{"kind":"%s","apiVersion":"%s","metadata":%s,"items":[' % (
            kind.list_kind.encode(),
            kind.api_version.encode(),
            encode(metadata),
        )
        tail = b"]}\n"
    body = head + b",".join(raws) + tail
    return encode_tree(decode(body), form) if form.yaml else body
