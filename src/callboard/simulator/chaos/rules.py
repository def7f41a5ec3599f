"""Which misbehaviour is on, for which requests."""

import asyncio
from collections.abc import Callable
from fnmatch import fnmatchcase

import msgspec

from callboard.base.errors import UsageError

__all__ = ["MODES", "Chaos", "ChaosRule"]

STATUS_MODES: dict[str, tuple[int, str, str]] = {
    "unauthorized": (401, "Unauthorized", "Unauthorized"),
    "forbidden": (403, "Forbidden", 'forbidden: User "simulated" cannot {method} path "{path}"'),
    "not-found": (404, "NotFound", "the server could not find the requested resource"),
    "conflict": (
        409,
        "Conflict",
        "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version",
    ),
    "gone": (410, "Expired", "The resourceVersion for the provided list is too old."),
    "too-many-requests": (429, "TooManyRequests", "Too many requests, please try again later."),
    "server-error": (500, "InternalError", "Internal error occurred: etcdserver: request timed out"),
    "unavailable": (503, "ServiceUnavailable", "the server is currently unable to handle the request"),
}
MODES: frozenset[str] = frozenset(
    [
        *STATUS_MODES,
        "hang",
        "hang-in-body",
        "freeze",
        "drip",
        "latency",
        "html",
        "truncated",
        "items-null",
        "no-metadata",
        "list-for-object",
        "numbers-as-strings",
        "one-malformed",
        "enormous",
        "deep",
        "reset",
        "reset-in-body",
        "half-open",
        "clock-skew",
        "redirect",
        "roles-unread",
        "certificate-expired",
        "certificate-foreign",
        "watch-ends",
        "watch-silent",
        "watch-repeats",
        "watch-no-bookmarks",
        "watch-gone",
    ]
)


class ChaosRule(msgspec.Struct, eq=False):
    """One misbehaviour.

    `path` is a shell pattern over path and query (`*/pods*`). `seconds` is the delay of latency and drip (between pieces) and the
    shift of clock-skew; `retry_after` goes with refusals; `size` is the bytes of an enormous body or a drip's piece;
    `times` is how many more requests (for watch modes: streams) it touches (None: all). `over` is set when it is switched off:
    what `freeze` holds up, requests and events of streams that stand, then goes on as if nothing had been.
    """

    mode: str
    path: str = "*"
    seconds: float = 0.0
    retry_after: int | None = None
    size: int = 0
    times: int | None = None
    message: str = ""
    method: str = ""
    seed: int = 0
    over: asyncio.Event = msgspec.field(default_factory=asyncio.Event)


def _ignore(mode: str) -> None:
    """A cluster that is not served yet has no certificate to change."""


class Chaos:
    """The rules of one cluster. `on` and `off` take effect with the next request (for watches: the next event)."""

    def __init__(self) -> None:
        self.rules: list[ChaosRule] = []
        self.on_certificate: Callable[[str], None] = _ignore

    def on(
        self,
        mode: str,
        path: str = "*",
        *,
        seconds: float = 0.0,
        retry_after: int | None = None,
        size: int = 0,
        times: int | None = None,
        message: str = "",
        method: str = "",
    ) -> ChaosRule:
        """Switch a mode on. Raises UsageError for an unknown one."""
        if mode not in MODES:
            raise UsageError(f"no such chaos mode: {mode}; known are {', '.join(sorted(MODES))}")
        rule = ChaosRule(mode, path, seconds, retry_after, size, times, message, method)
        self.rules.append(rule)
        if mode.startswith("certificate-"):
            self.on_certificate(mode)
        return rule

    def off(self, rule: ChaosRule | str | None = None) -> None:
        """Switch off one rule, all rules of a mode, or everything."""
        kept = []
        for held in self.rules:
            if rule is None or held is rule or (isinstance(rule, str) and held.mode == rule):
                held.over.set()
            else:
                kept.append(held)
        self.rules = kept
        if not any(held.mode.startswith("certificate-") for held in self.rules):
            self.on_certificate("")

    def matching(self, method: str, path: str) -> list[ChaosRule]:
        """The rules that touch this request, their `times` counted down; those of watch modes wait for the stream."""
        wanted = [rule for rule in self.rules if not rule.mode.startswith("watch-")]
        return _counted(wanted, method, path)

    def during(self, method: str, path: str, touched: list[ChaosRule]) -> list[ChaosRule]:
        """The rules that touch a stream now. `touched` holds those that have done so before: each is counted once."""
        touched += _counted([rule for rule in self.rules if rule not in touched], method, path)
        return [rule for rule in touched if rule in self.rules]


def _counted(rules: list[ChaosRule], method: str, path: str) -> list[ChaosRule]:
    found = []
    for rule in rules:
        if rule.times == 0 or (rule.method and rule.method != method) or not fnmatchcase(path, rule.path):
            continue
        if rule.times is not None:
            rule.times -= 1
        found.append(rule)
    return found
