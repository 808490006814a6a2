"""Logs: one event a line on stderr, for people (`console`) or for machines (`json`).

What strangers wrote may stand in an event: for people, what is not printable is written as Python writes it, and the
lines of a traceback are indented, so that no text passes for an event of its own. JSON has escapes of its own.
"""

import logging
import sys
from enum import StrEnum
from io import StringIO
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import structlog


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
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)
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
                structlog.processors.format_exc_info if form is LogFormat.JSON else _on_one_line,
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


def _on_one_line(logger: object, method: str, event: "structlog.typing.EventDict") -> "structlog.typing.EventDict":
    """Write the event itself printable; its values are by the renderer."""
    del logger, method
    event["event"] = _printable(str(event["event"]))
    return event


def _write_traceback(to: TextIO, failure: "structlog.typing.ExcInfo") -> None:
    """Write a traceback, each of its lines indented and printable."""
    import structlog

    text = StringIO()
    structlog.dev.plain_traceback(text, failure)
    to.write("\n".join(f"  {_printable(line)}" for line in text.getvalue().split("\n")))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
