"""A part's own section of the configuration: as the mapping a factory gets, and back to the struct it was read into."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.base.settings import ClusterLocator, Opaque, OtherLocator, ServiceLocatorMethod

__all__ = ["locator_type", "options_of", "section_of"]

Section = TypeVar("Section", bound=msgspec.Struct)


def locator_type(locator: ClusterLocator) -> str:
    """The `type` of an item of `kubernetes.clusterLocatorMethods`."""
    if isinstance(locator, OtherLocator):
        return locator.type
    return str(locator.__struct_config__.tag)


def options_of(section: ClusterLocator | ServiceLocatorMethod) -> Mapping[str, object]:
    """The section as a factory gets it: a plugin's own as plain values, ours with its parts already parsed.

    Keys are spelled as in the file. Secrets stay wrapped.
    """
    options = getattr(section, "options", None)
    if isinstance(options, Opaque):
        return options
    fields = msgspec.structs.fields(section)
    return Opaque({f.encode_name: getattr(section, f.name) for f in fields})


def section_of(options: Mapping[str, object], section: type[Section], where: str) -> Section:
    """The struct again. Values may be parsed already or plain (as a test or another plugin writes them).

    Raises BadInput that names the place and what was expected there, never a value.
    """
    values = {k: v for k, v in options.items() if k != "type"}
    try:
        return msgspec.convert(values, section, strict=True, dec_hook=_secret)
    except msgspec.ValidationError as error:
        raise BadInput(Problem(message=str(error), where=where)) from None


def _secret(wanted: type, value: object) -> object:
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError
