"""Forms that a page of ours sends, bounded. Foreign text in, values or a UsageError out."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request

from callboard.base.errors import UsageError
from callboard.http.queries import MOST_TEXT

__all__ = ["FormFields", "form_of"]

MOST_BYTES: Final = 16 * 1024
MOST_FIELDS: Final = 50
_KIND = "application/x-www-form-urlencoded"

FormFields = ImmutableMultiDict[str, str]


async def form_of(request: Request) -> FormFields:
    """What a form says, each value without blank space around it. Raises UsageError for what no form of ours sends."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise UsageError(f"A form is sent as {_KIND}.", code="no-form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise UsageError(f"A form has at most {MOST_BYTES} bytes.", code="no-form")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:  # of what is no text, too
        raise UsageError(
            f"This is no form: at most {MOST_FIELDS} fields, as text in UTF-8.", code="no-form"
        ) from None
    if any(len(key) > MOST_TEXT or len(value) > MOST_TEXT for key, value in fields):
        raise UsageError(f"A field of a form has at most {MOST_TEXT} characters.", code="no-form")
    return ImmutableMultiDict([(key, value.strip()) for key, value in fields])
