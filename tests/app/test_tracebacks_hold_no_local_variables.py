"""A logged exception tells where, never what the local variables held: a token may be among them."""

import io
import logging
from typing import Literal

import pytest
import structlog

from callboard.app.logs import configure_logging
from callboard.base.settings import LoggingSettings


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_token_in_a_frame_stays_out_of_the_log(form: Literal["json", "console"]) -> None:
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(LoggingSettings(format=form), out)
    token = "eyJ" + "secret"
    try:
        raise RuntimeError(f"failed with {len(token)} characters")
    except RuntimeError as error:
        structlog.get_logger("test").error("it failed", exc_info=error)
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
    assert "failed with 9 characters" in out.getvalue()
    assert token not in out.getvalue()
