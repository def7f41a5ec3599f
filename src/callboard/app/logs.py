"""Structured logs: one event a line, key and value, with the request's id bound by the web face."""

import logging
import sys
from typing import TextIO

import structlog

from callboard.base.settings import LoggingSettings

__all__ = ["configure_logging"]


def configure_logging(settings: LoggingSettings, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error), our own events and the libraries' alike."""
    out = stream or sys.stderr
    as_json = settings.format == "json" or (settings.format == "auto" and not out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # plain: the default prints every frame's local variables, tokens and whole snapshots among them
        else structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    exceptions: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, _what_happened_first] if as_json else []
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    logging.getLogger("uvicorn.access").disabled = True
    # its warnings are of what strangers send, as often as they like; /metrics counts it
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    for noisy in ("asyncio", "aiosqlite", "alembic", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _what_happened_first(
    logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A line of JSON begins with when and what, so that it can be read without a tool."""
    return {**{key: event[key] for key in ("timestamp", "level", "event") if key in event}, **event}
