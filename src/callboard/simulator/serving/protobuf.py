"""Request bodies in `application/vnd.kubernetes.protobuf`, of the kinds kubectl insists on: access reviews and ConfigMaps.

The envelope is `k8s\\0` and `runtime.Unknown{1: typeMeta{1: apiVersion, 2: kind}, 2: raw}`;
field numbers are those of generated.proto.
"""

from callboard.simulator.machinery.refusal import bad_request
from callboard.simulator.machinery.tree import Tree

__all__ = ["read_protobuf"]

_MAGIC = b"k8s\0"
Fields = dict[int, list[bytes | int]]

_RESOURCE = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
_METADATA = {1: "name", 2: "generateName", 3: "namespace"}


def _fields(data: bytes) -> Fields:
    found: Fields = {}
    position = 0
    try:
        while position < len(data):
            tag, position = _varint(data, position)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                value: bytes | int
                value, position = _varint(data, position)
            elif wire == 2:
                size, position = _varint(data, position)
                value = data[position : position + size]
                if len(value) != size:
                    raise bad_request("unexpected EOF")
                position += size
            else:
                raise bad_request(f"proto: illegal wireType {wire}")
            found.setdefault(number, []).append(value)
    except IndexError:
        raise bad_request("unexpected EOF") from None
    return found


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7


def _bytes(fields: Fields, number: int) -> bytes:
    value = fields.get(number, [b""])[-1]
    return value if isinstance(value, bytes) else b""


def _texts(data: bytes, names: dict[int, str]) -> Tree:
    fields = _fields(data)
    return {
        name: text
        for number, name in names.items()
        if (text := _bytes(fields, number).decode("utf-8", "replace"))
    }


def _map(entries: list[bytes | int]) -> Tree:
    result: Tree = {}
    for entry in entries:
        if isinstance(entry, bytes):
            pair = _fields(entry)
            result[_bytes(pair, 1).decode()] = _bytes(pair, 2).decode("utf-8", "replace")
    return result


def read_protobuf(data: bytes) -> Tree:
    """The object in a protobuf body. Raises 400 for what is not one, or of a kind we cannot read."""
    if not data.startswith(_MAGIC):
        raise bad_request(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    unknown = _fields(data[len(_MAGIC) :])
    result = _texts(_bytes(unknown, 1), {1: "apiVersion", 2: "kind"})
    raw = _fields(_bytes(unknown, 2))
    metadata = _fields(_bytes(raw, 1))
    result["metadata"] = _texts(_bytes(raw, 1), _METADATA)
    for number, name in ((11, "labels"), (12, "annotations")):
        if number in metadata:
            result["metadata"][name] = _map(metadata[number])
    kind = result.get("kind")
    if kind == "ConfigMap":
        result["data"] = _map(raw.get(2, []))
    elif kind == "SelfSubjectRulesReview":
        result["spec"] = _texts(_bytes(raw, 2), {1: "namespace"})
    elif kind in ("SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview"):
        spec = _fields(_bytes(raw, 2))
        result["spec"] = {}
        if 1 in spec:
            result["spec"]["resourceAttributes"] = _texts(_bytes(spec, 1), _RESOURCE)
        if 2 in spec:
            result["spec"]["nonResourceAttributes"] = _texts(_bytes(spec, 2), {1: "path", 2: "verb"})
        if kind != "SelfSubjectAccessReview":
            result["spec"]["user"] = _bytes(spec, 3).decode()
            result["spec"]["groups"] = [item.decode() for item in spec.get(4, []) if isinstance(item, bytes)]
    elif kind != "SelfSubjectReview":
        raise bad_request(f"no protobuf reader for {result.get('apiVersion')}, Kind={kind}")
    return result
