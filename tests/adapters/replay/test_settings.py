"""How recorded files and their pace are written down."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from adapters.registry import source_kind
from adapters.sources.contract import FiniteSource, Point
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings


def settings(**keys: Any) -> ReplaySettings:
    return ReplaySettings.model_validate({"files": ["a.txt"], **keys})


@pytest.mark.parametrize(
    ("written", "pace"), [("as fast as it goes", None), (1, 1.0), ("60", 60.0), ("60 x", 60.0), ("0.5x", 0.5)]
)
def test_a_pace_is_a_factor_of_real_time(written: Any, pace: float | None) -> None:
    assert settings(pace=written).pace == pace


@pytest.mark.parametrize("written", [0, -1, "0 x", "fast", True, [1]])
def test_what_is_no_pace_is_told_how_one_is_written(written: Any) -> None:
    with pytest.raises(ValidationError, match="is no pace; write `as fast as it goes`, or how many times real time"):
        settings(pace=written)


@pytest.mark.parametrize(
    ("written", "shift"),
    [
        ("none", "none"),
        ("now", "now"),
        ("8 h", timedelta(hours=8)),
        ("-2 d", timedelta(days=-2)),
        ("+ 5 s", timedelta(0, 5)),
    ],
)
def test_a_shift_is_none_now_or_a_duration(written: str, shift: Any) -> None:
    assert settings(shift=written).shift == shift


@pytest.mark.parametrize("written", ["soon", 3, [1], "8 parsecs", "-90000 d"])
def test_what_is_no_shift_is_told_how_one_is_written(written: Any) -> None:
    with pytest.raises(ValidationError, match=r"is no shift; write|is no duration; write|is too far; write"):
        settings(shift=written)


def test_the_beginning_has_a_zone_and_is_kept_in_utc() -> None:
    begin = settings(begin="2016-12-14T17:29:00+08:00").begin
    assert begin == datetime(2016, 12, 14, 9, 29, tzinfo=UTC)
    assert begin.tzinfo is UTC
    with pytest.raises(ValidationError, match="timezone"):
        settings(begin="2016-12-14T17:29:00")


def test_an_unknown_zone_is_told_how_one_is_written() -> None:
    with pytest.raises(ValidationError, match="'Beijing' is no IANA time zone; write one like Asia/Shanghai"):
        settings(time_zone="Beijing")


def test_there_is_a_schema_for_editors() -> None:
    properties = TypeAdapter(ReplaySettings).json_schema()["properties"]
    assert all(entry.get("description") for entry in properties.values())
    assert {"const": "as fast as it goes"} in properties["pace"]["anyOf"]


def test_the_registry_makes_the_source() -> None:
    kind = source_kind("replay")
    source = kind.create("day", settings(), [Point("w/l/m/x", "float", kind.address(item="x"))])
    assert source.name == "day"
    assert isinstance(source, FiniteSource)
    assert source.progress.rows == 0
    assert ReplayAddress is kind.address
    assert kind.settings.model_validate({"files": [Path("a")]}) == ReplaySettings(files=(Path("a"),))
