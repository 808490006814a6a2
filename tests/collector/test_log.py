"""Logs: one event a line, whatever stands in it."""

import io
import logging
from collections.abc import Iterator
from contextlib import suppress

import orjson
import pytest
import structlog

from collector.log import LogFormat, LogLevel, configure

FORGED = "\n2026-03-02T06:00:00Z [error    ] forged\x1b[31m\r\u2028\u202e\x9b"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def fail(log: structlog.typing.FilteringBoundLogger) -> None:
    try:
        int(FORGED, base=64)
    except ValueError as error:
        error.args = (FORGED,)
        log.exception("event")
        raise


def told(form: LogFormat, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Log a forged text wherever one may stand; give the lines."""
    text = io.StringIO()
    monkeypatch.setattr("sys.stderr", text)
    configure(form, LogLevel.INFO)
    log = structlog.get_logger()
    log.warning("event", reason=FORGED, error=ValueError(FORGED), among=[FORGED])
    whole = "event" + FORGED
    log.warning(whole)
    logging.getLogger("some.library").warning("event %s", FORGED)
    with suppress(ValueError):
        fail(log)
    return text.getvalue().split("\n")[:-1]


@pytest.mark.usefixtures("root")
def test_for_people_no_text_passes_for_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(LogFormat.CONSOLE, monkeypatch)
    assert all(line.isprintable() for line in lines)
    events = [line for line in lines if not line.startswith("  ")]
    assert len(events) == 4
    assert all("event" in line for line in events)
    assert "  ValueError: " in lines


@pytest.mark.usefixtures("root")
def test_for_machines_each_line_is_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(LogFormat.JSON, monkeypatch)
    assert len(lines) == 4
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert [orjson.loads(line)["event"][:5] for line in lines] == ["event"] * 4
