"""The form that all parts of a document for machines have."""

import msgspec

__all__ = ["JsonStruct"]


class JsonStruct(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all parts have in common: camelCase keys, every key always present."""
