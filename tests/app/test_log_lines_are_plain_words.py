"""What the log warns of is a sentence for whoever is woken by it: what is so and what happens next, not a slug of ours."""

import ast
import io
import json
import logging
from pathlib import Path

import structlog

import callboard
from callboard.app.logs import configure_logging
from callboard.base.settings import LoggingSettings

ROOM = Path(callboard.__file__).parent


def test_every_warning_and_error_is_told_in_words() -> None:
    told = {
        f"{path.relative_to(ROOM)}:{call.lineno}": call.args[0].value
        for path in ROOM.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("warning", "error", "exception")
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("log", "_log")
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(told) > 20
    short = {place: words for place, words in told.items() if len(str(words).split()) < 5}
    assert short == {}


def test_a_line_of_json_begins_with_when_and_what() -> None:
    out, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(LoggingSettings(format="json"), out)
    try:
        structlog.get_logger("test").warning("something happened", cluster="eu-1")
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
    assert list(json.loads(out.getvalue())) == ["timestamp", "level", "event", "cluster"]
