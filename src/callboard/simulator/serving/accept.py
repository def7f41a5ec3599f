"""Which form of an answer the client asked for (k8s.io/apiserver negotiation, `Accept: …;as=Table;v=v1;g=meta.k8s.io`)."""

import msgspec

from callboard.simulator.machinery.refusal import not_acceptable

__all__ = ["AnswerForm", "negotiate"]

_JSON = frozenset(["application/json", "application/*", "*/*"])


class AnswerForm(msgspec.Struct, frozen=True):
    """`kind` is "" for the plain object, else Table, PartialObjectMetadata or APIGroupDiscoveryList; `yaml` for a YAML body."""

    kind: str = ""
    version: str = ""
    yaml: bool = False

    @property
    def content_type(self) -> str:
        return "application/yaml" if self.yaml else "application/json"


_KINDS: dict[str, tuple[str, ...]] = {
    "meta.k8s.io": ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"),
    "apidiscovery.k8s.io": ("APIGroupDiscoveryList",),
}


def negotiate(header: str, *, discovery: bool = False) -> AnswerForm:
    """The first form of the Accept header that is served. Raises 406 when none is."""
    if not header.strip():
        return AnswerForm()
    for part in header.split(","):
        media, _, rest = part.strip().partition(";")
        parameters = dict(item.strip().split("=", 1) for item in rest.split(";") if "=" in item)
        media = media.strip()
        if media not in _JSON and media != "application/yaml":
            continue
        kind, group = parameters.get("as", ""), parameters.get("g", "")
        if not kind:
            return AnswerForm(yaml=media == "application/yaml")
        if kind in _KINDS.get(group, ()) and discovery is (group == "apidiscovery.k8s.io"):
            if discovery and parameters.get("v") != "v2":
                continue
            return AnswerForm(kind.removesuffix("List") if not discovery else kind, parameters.get("v", ""))
    raise not_acceptable()
