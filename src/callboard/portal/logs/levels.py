"""How bad a log's line says it is, and what a line of JSON says. Pure, and total over any text; time grows with the line alone.

Recognised are JSON (zap, logrus, pino, bunyan, Serilog, ECS, Cloud Logging …), logfmt, klog, syslog's priorities, and what
Log4j, Logback, Python, Rust, Rails and the like write as a word near the beginning.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["LEVELS", "level_of", "said_in_json"]

LEVELS: Final = ("trace", "debug", "info", "warn", "error", "fatal")
"""From the least to the worst."""
_LOOKED_AT: Final = 200
"""Characters of a line in which its level stands."""
_MOST_FIELDS: Final = 40
_LONGEST_JSON: Final = 64 * 1024

_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("trace", "trc", "verbose", "finest", "finer", "silly"), "trace"),
    **dict.fromkeys(("debug", "dbg", "debg", "fine", "d"), "debug"),
    **dict.fromkeys(("info", "inf", "information", "informational", "notice", "log", "config", "i", "default"), "info"),
    **dict.fromkeys(("warn", "warning", "wrn", "w"), "warn"),
    **dict.fromkeys(("error", "err", "erro", "severe", "failure", "e"), "error"),
    **dict.fromkeys(("fatal", "ftl", "critical", "crit", "panic", "dpanic", "alert", "emerg", "emergency", "f", "c"), "fatal"),
}  # fmt: skip
_KEYS: Final = (
    "level",
    "lvl",
    "severity",
    "log.level",
    "levelname",
    "loglevel",
    "log_level",
    "@l",
    "level_name",
    "severity_text",
)
_SAID: Final = ("msg", "message", "@m", "@mt", "event", "body", "short_message", "textPayload")
_TIMES: Final = ("time", "ts", "timestamp", "@timestamp", "@t", "datetime", "date", "asctime")

_LOGFMT: Final = re.compile(
    r'(?:^|[\s{,])(?:level|lvl|severity|levelname|loglevel)\s?[=:]\s?"?([A-Za-z]{1,13})\b', re.IGNORECASE
)
_KLOG: Final = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+:\d+\]")
_SYSLOG: Final = re.compile(r"<(\d{1,3})>")
_WORD: Final = re.compile(
    r"""(?<![\w.=/-])(?:\[|<|\|)?\s{0,3}
    (TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|SEVERE|FATAL|CRITICAL|PANIC|ALERT|EMERG
    |TRC|DBG|INF|WRN|ERR|FTL|DEBG|ERRO|CRIT)
    \s{0,3}(?:\]|>|\||:|\s|$)""",
    re.VERBOSE,
)
_LOWER: Final = re.compile(
    r"(?:\[|<|:|^)(trace|debug|info|notice|warn|warning|error|severe|fatal|critical|panic|crit|alert|emerg)(?:\]|>|:)",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(
    r"(?:panic: |fatal error: |Traceback \(most recent|Exception in thread |Caused by: |Unhandled |Uncaught )"
)


def level_of(text: str) -> str:
    """One of LEVELS, or "" where the line does not say. Of JSON, `said_in_json` tells it."""
    head = text[:_LOOKED_AT]
    if found := _KLOG.match(head):
        return _NAMES[found[1].lower()]
    if found := _LOGFMT.search(head):
        return _NAMES.get(found[1].lower(), "")
    if found := _WORD.search(head) or _LOWER.search(head):
        return _NAMES.get(found[1].lower(), "")
    if _BEGINS.match(head.lstrip()):
        return "error"
    if found := _SYSLOG.match(head):
        return ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")[int(found[1]) & 7]
    return ""


def said_in_json(text: str) -> tuple[str, str, str] | None:
    """(level, message, the other fields as `name=value`) of a line that is a JSON object; None for any other, and for one without
    a message."""
    if not text.startswith("{") or not text.rstrip().endswith("}") or len(text) > _LONGEST_JSON:
        return None
    try:
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    said = next((key for key in _SAID if key in fields and (_word(fields[key]) or "").strip()), "")
    if not said:
        return None
    level = ""
    shown: list[str] = []
    for key, value in fields.items():
        if key == said:
            continue
        if not level and key.lower() in _KEYS and (level := _named(value)):
            continue
        if key not in _TIMES and len(shown) < _MOST_FIELDS:
            shown.append(f"{key}={_shown(value)}")
    return level, _word(fields[said]) or "", " ".join(shown)


def _word(value: msgspec.Raw) -> str | None:
    try:
        return msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, ValueError):
        return None


def _shown(value: msgspec.Raw) -> str:
    word = _word(value)
    if word is None:
        return bytes(value).decode(errors="replace")
    return word if word and not re.search(r'[\s"=]', word) else bytes(value).decode(errors="replace")


def _named(value: msgspec.Raw) -> str:
    """By its name, or as pino and bunyan have it: 10 to 60."""
    word = _word(value)
    if word is not None:
        return _NAMES.get(word.strip().lower(), "")
    try:
        number = msgspec.json.decode(value, type=int)
    except (msgspec.DecodeError, ValueError):
        return ""
    return LEVELS[min(max(number // 10 - 1, 0), 5)] if 10 <= number <= 69 else ""
