"""One entity as its source gives it, with defaults and annotations, before relations are put together."""

import re
from typing import Any
from urllib.parse import urljoin

import msgspec

from callboard.catalog.processing.relations import Edge, edges_of
from callboard.catalog.sources.location import Location
from callboard.model.entity import EntityRef

__all__ = ["Draft", "Route", "draft_of", "generated", "stored_draft"]

MANAGED_BY = "backstage.io/managed-by-location"
ORIGIN = "backstage.io/managed-by-origin-location"
SOURCE = "backstage.io/source-location"
VIEW = "backstage.io/view-url"
EDIT = "backstage.io/edit-url"
REJECTED_URL = "https://backstage.io/annotation-rejected-for-security-reasons"
"""What Backstage puts in the place of a view or edit URL that would run as a script."""

CONFIGURATION = "config"
"""The type of the source that the Location entities of configured locations come from: no file holds them."""

SCRIPT = re.compile(r"[\x00-\x20]*" + r"[\r\n\t]*".join("javascript") + r"[\r\n\t]*:", re.IGNORECASE)


class Route(msgspec.Struct, frozen=True):
    """How an entity was reached: the file or URL it stands in, the target that named that, and the configured location."""

    source: Location
    via: Location
    origin: Location


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An entity of one source. `body` is its JSON without uid, etag, relations and status."""

    ref: EntityRef
    kind: str
    name: str
    namespace: str
    title: str
    spec_type: str
    route: Route
    line: int | None = None
    body: bytes
    edges: tuple[Edge, ...] = ()
    targets: tuple[str, ...] = ()
    """For a Location: what it points to, as written."""
    target_type: str = ""
    optional: bool = False
    """For a Location: whether a missing target is no error."""


def draft_of(root: dict[str, Any], route: Route, line: int | None) -> Draft:
    """Make a draft of a valid document: the namespace is filled in and the annotations about its place are added."""
    given: dict[str, Any] = root["metadata"]
    metadata = {k: v for k, v in given.items() if k not in ("uid", "etag")}
    metadata.setdefault("namespace", "default")
    metadata["annotations"] = {**_places(route), **given.get("annotations", {})}
    for key in (VIEW, EDIT):
        if SCRIPT.match(metadata["annotations"].get(key, "")):
            metadata["annotations"][key] = REJECTED_URL
    return _draft({**root, "metadata": metadata}, route, line)


def stored_draft(document: bytes, route: Route) -> Draft:
    """The draft a stored entity was made of."""
    root = msgspec.json.decode(document, type=dict[str, Any])
    root.pop("relations", None)
    root.pop("status", None)
    root["metadata"] = {k: v for k, v in root["metadata"].items() if k not in ("uid", "etag")}
    return _draft(root, route, None)


def generated(origin: Location) -> Draft:
    """The Location entity that stands for a configured location."""
    root = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {
            "name": origin.entity_name,
            "annotations": {MANAGED_BY: str(origin), ORIGIN: str(origin)},
        },
        "spec": {"type": origin.type, "target": origin.target},
    }
    configuration = Location(CONFIGURATION, str(origin))
    return draft_of(root, Route(configuration, configuration, origin), None)


def _draft(root: dict[str, Any], route: Route, line: int | None) -> Draft:
    metadata, spec = root["metadata"], root.get("spec", {})
    kind = root["kind"]
    ref = EntityRef.of(kind, metadata["namespace"], metadata["name"])
    is_location = kind == "Location"
    single = [spec["target"]] if is_location and "target" in spec else []
    return Draft(
        ref=ref,
        kind=kind,
        name=metadata["name"],
        namespace=metadata["namespace"],
        title=metadata.get("title", ""),
        spec_type=spec["type"] if isinstance(spec.get("type"), str) else "",
        route=route,
        line=line,
        body=msgspec.json.encode(root),
        edges=edges_of(ref, root),
        targets=(*single, *spec.get("targets", ())) if is_location else (),
        target_type=spec.get("type", "") if is_location else "",
        optional=is_location and spec.get("presence") == "optional",
    )


def _places(route: Route) -> dict[str, str]:
    places = {MANAGED_BY: str(route.source), ORIGIN: str(route.origin)}
    if route.source.type == "url":
        url = route.source.target
        places[VIEW] = url
        places[EDIT] = re.sub(r"/(?:blob|tree)/", "/edit/", url, count=1)
        places[SOURCE] = "url:" + urljoin(url, "./")
    return places
