"""Logs: one event a line on stderr, for people (`console`) or for machines (`json`)."""

import logging
import sys
from enum import StrEnum


class LogFormat(StrEnum):
    """How a log line is written."""

    CONSOLE = "console"
    """For people: aligned and, on a terminal, coloured."""
    JSON = "json"
    """For machines: one JSON object a line."""


class LogLevel(StrEnum):
    """What is logged: this and what is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure(form: LogFormat, level: LogLevel) -> None:
    """Send structlog's and the libraries' logs to stderr, in one form."""
    import structlog

    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if form is LogFormat.JSON else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for chatty in ("alembic", "amqtt", "transitions", "uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))
    # asyncua logs a traceback of each failure that it also raises, and that is told once.
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
