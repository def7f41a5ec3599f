"""Request bodies in `application/vnd.kubernetes.protobuf`, of the kinds kubectl sends so.

The envelope is `k8s\\0` and `runtime.Unknown{1: typeMeta{1: apiVersion, 2: kind}, 2: raw}`.
"""

import base64

from callboard.simulator.machinery.refusal import bad_request
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.serving.protobuf_kinds import KINDS, METADATA, Form, Message

__all__ = ["read_protobuf"]

_MAGIC = b"k8s\0"
Values = list[bytes | int]
Fields = dict[int, Values]


def read_protobuf(data: bytes) -> Tree:
    """The object in a protobuf body. Raises 400 for what is not one, or of a kind we cannot read."""
    if not data.startswith(_MAGIC):
        raise bad_request(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    unknown = _fields(data[len(_MAGIC) :])
    result = _message(_bytes(unknown, 1), {1: ("apiVersion", "text"), 2: ("kind", "text")})
    kind = KINDS.get(result.get("kind", ""))
    if kind is None:
        raise bad_request(f"no protobuf reader for {result.get('apiVersion')}, Kind={result.get('kind')}")
    return {"metadata": {}, **result, **_message(_bytes(unknown, 2), {1: ("metadata", METADATA), **kind})}


def _message(data: bytes, message: Message) -> Tree:
    fields = _fields(data)
    return {
        name: value
        for number, (name, form) in message.items()
        if number in fields and (value := _value(fields[number], form)) not in ("", [], {})
    }


def _value(values: Values, form: Form) -> object:
    parts = [value for value in values if isinstance(value, bytes)]
    last = values[-1]
    if isinstance(form, dict):
        return _message(b"".join(parts), form)
    if isinstance(form, list):
        return [_message(part, form[0]) for part in parts]
    if form in ("number", "truth"):
        number = last if isinstance(last, int) else 0
        return bool(number) if form == "truth" else number
    if form == "texts":
        return [_text(part) for part in parts]
    if form == "text":
        return _text(last) if isinstance(last, bytes) else ""
    pairs = {_text(_bytes(pair, 1)): _bytes(pair, 2) for pair in map(_fields, parts)}
    if form == "secret map":
        return {key: base64.b64encode(value).decode() for key, value in pairs.items()}
    if form == "quantities":
        return {key: _text(_bytes(_fields(value), 1)) for key, value in pairs.items()}
    return {key: _text(value) for key, value in pairs.items()}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _bytes(fields: Fields, number: int) -> bytes:
    value = fields.get(number, [b""])[-1]
    return value if isinstance(value, bytes) else b""


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
        if shift > 63:
            raise bad_request("proto: integer overflow")
