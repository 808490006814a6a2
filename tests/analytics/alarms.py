"""Alerts of a press for tests of their life cycle, and short ways to say what happens to them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from analytics.alerts import Alert
from analytics.lifecycle import AlertEvent
from collector.park import Severity

PRESS: Final = "works/line/press"
"""The machine of the alerts."""

START: Final = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
"""When all times of these tests begin."""


def after(seconds: float) -> datetime:
    """Give the instant so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def occurrence(began: float, ended: float | None = None, **fields: Any) -> Alert:
    """Give an occurrence of the press's upper limit; times in seconds after the start."""
    machine = fields.get("equipment", PRESS)
    return Alert(
        **{
            "equipment": machine,
            "signal": f"{machine}/temperature",
            "detector": "limit",
            "key": "high:80",
            "severity": Severity.MEDIUM,
            "code": "limit.high",
            "value": "81",
            "began": after(began),
            "ended": None if ended is None else after(ended),
            "parameters": {"name_en": "t", "name_zh": "t", "value": "81", "limit": "80", "unit": ""},
            **fields,
        }
    )


def kinds(events: Sequence[AlertEvent]) -> list[str]:
    """Give what happened, one word each."""
    return [event.kind.value for event in events]


def nothing(alert: Alert) -> str:
    """Suppress nothing."""
    del alert
    return ""
