"""What went wrong, as whoever asked may be told it: a status, a sentence, what to do; never a stack trace."""

import msgspec

from callboard.base.errors import (
    BadInput,
    BadInputs,
    CallboardError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
    UsageError,
)
from callboard.http.rates import SlowDown
from callboard.model.door import Refused

__all__ = ["MethodNotAllowed", "Refusal", "Trouble", "as_json", "trouble_of", "wants_json"]


class MethodNotAllowed(UsageError):
    """The address is right, the verb is not."""

    code = "method-not-allowed"


class Refusal(Exception):  # the door's answer on its way to the error page; nothing failed
    """The door said no."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """An error as people and machines are told it. `hint` is what to do next."""

    status: int
    code: str
    title: str
    message: str
    hint: str = ""


# the first class that fits counts, so special ones stand before general ones
ANSWERS: tuple[tuple[type[CallboardError], int, str, str], ...] = (
    (MethodNotAllowed, 405, "That cannot be done here", ""),
    (
        UsageError,
        400,
        "This address does not make sense",
        "Correct the address, or start again from the list of services.",
    ),
    (BadInput, 400, "This input is wrong", "Whoever owns the place named above can correct it."),
    (BadInputs, 400, "This input is wrong", "Whoever owns the places named above can correct them."),
    (NotFound, 404, "Not found", "It may have been renamed or removed, or it was never visible to you."),
    (NotSignedIn, 401, "Please sign in", ""),
    (NotAllowed, 403, "Not allowed", "Ask whoever runs this portal if you need it."),
    (Unavailable, 503, "Not available right now", "Try again in a moment."),
    (Conflict, 409, "Two sources disagree", "Whoever runs this portal has to rename one of them."),
)

REFUSALS = {
    400: "This address does not make sense",
    401: "Please sign in",
    403: "Not allowed",
    421: "Wrong address",
    429: "Too many requests",
}


def trouble_of(error: Exception) -> Trouble:
    """Any exception as something to show. What we did not foresee is told without a word of its own text."""
    if isinstance(error, Refusal | SlowDown):
        refused = error.refused
        title = REFUSALS.get(refused.status, "Not allowed")
        return Trouble(status=refused.status, code=refused.code, title=title, message=refused.message)
    for kind, status, title, hint in ANSWERS:
        if isinstance(error, kind):
            return Trouble(status=status, code=error.code, title=title, message=error.message, hint=hint)
    return Trouble(
        status=500,
        code="internal",
        title="Something went wrong on our side",
        message="Callboard itself failed while making this page. Your service is not affected by this.",
        hint="Try again. If it happens again, tell whoever runs this portal, with the number below.",
    )


def as_json(trouble: Trouble, request_id: str) -> dict[str, object]:
    """The body that machines are told it with."""
    return {"error": {"code": trouble.code, "message": trouble.message, "requestId": request_id}}


def wants_json(accept: str) -> bool:
    """Whether an Accept header asks for JSON rather than for a page."""
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    return "application/json" in kinds and "text/html" not in kinds
