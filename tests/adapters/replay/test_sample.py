"""The sample line file is one that an engineer can copy."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

import adapters.sources.replay
from adapters.sources.replay.settings import FileFormat, ReplayAddress, ReplaySettings
from collector.load import load

SAMPLE = Path(adapters.sources.replay.__file__).with_name("sample.yaml")

PARK = """
id: park-1
calendars: {day: {shifts: [{name: day, start: "08:00", end: "20:00"}]}}
factories: [{id: works, time_zone: UTC, calendar: day}]
"""


def taken(text: str, folder: Path) -> ReplaySettings:
    """Load the sample as the only line of a park; give its source's settings."""
    (folder / "parkline.yaml").write_text("store: {kind: lake, folder: lake}\nlines: line.yaml\n")
    (folder / "park.yaml").write_text(PARK)
    (folder / "line.yaml").write_text(text)
    park = load(folder).park
    addresses = [signal.address for signal in park.signals.values()]
    assert addresses == [ReplayAddress(item="Press State"), ReplayAddress(item="Ram Force")]
    settings = park.sources["press-recording"].settings
    assert isinstance(settings, ReplaySettings)
    return settings


def test_it_is_taken_as_it_stands(tmp_path: Path) -> None:
    recording = tmp_path / "recordings/press-2026-03-01.csv.gz"
    assert taken(SAMPLE.read_text(), tmp_path) == ReplaySettings(files=(recording,))


def test_it_is_taken_with_what_is_commented_out_and_shows_every_setting(tmp_path: Path) -> None:
    settings = taken(re.sub(r"^    # ", "    ", SAMPLE.read_text(), flags=re.MULTILINE), tmp_path)
    assert settings.model_fields_set == set(ReplaySettings.model_fields)
    assert settings.format is FileFormat.CSV
    assert settings.pace == pytest.approx(60)
    assert settings.shift == timedelta(days=-2)
