"""Zones, shifts and what calendars make of them, for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from analytics.calendar import windows_of, work
from collector.worktime import Calendar, Maintenance, Shift

GREENWICH = ZoneInfo("UTC")
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHICAGO = ZoneInfo("America/Chicago")
KOLKATA = ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ST_JOHNS = ZoneInfo("America/St_Johns")
APIA = ZoneInfo("Pacific/Apia")
ZONES = (
    SHANGHAI,
    CHICAGO,
    KOLKATA,
    LORD_HOWE,
    ST_JOHNS,
    APIA,
    ZoneInfo("Asia/Kathmandu"),
    ZoneInfo("America/Sao_Paulo"),
    ZoneInfo("Europe/Berlin"),
)

EARLY = Shift(name="early", start=time(6), end=time(14))
LATE = Shift(name="late", start=time(14), end=time(22))
NIGHT = Shift(name="night", start=time(22), end=time(6))
THREE = Calendar(shifts=(EARLY, LATE, NIGHT))
DAY = Shift(name="day", days=("mon", "tue", "wed", "thu", "fri"), start=time(8), end=time(16))

Row: TypeAlias = tuple[str, datetime, datetime]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def seconds(frame: pl.DataFrame) -> float:
    return frame.select((pl.col("end") - pl.col("start")).sum().dt.total_milliseconds() / 1000).item()  # type: ignore[no-any-return]


def pieces(
    calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime, maintenance: Sequence[Maintenance] = ()
) -> list[Row]:
    return work(calendar, maintenance, zone, start, end).select("name", "start", "end").rows()


def windows(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime, period: str = "shift") -> list[Row]:
    return windows_of(calendar, zone, start, end).filter(period=period).select("name", "start", "end").rows()
