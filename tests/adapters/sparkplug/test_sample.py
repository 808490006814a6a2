"""The sample line file is one that an engineer can copy."""

import re
from pathlib import Path

import pytest

import adapters.sources.sparkplug
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings
from collector.load import load

SAMPLE = Path(adapters.sources.sparkplug.__file__).with_name("sample.yaml")

PARK = """
id: park-1
calendars: {day: {shifts: [{name: day, start: "08:00", end: "20:00"}]}}
factories: [{id: works, time_zone: UTC, calendar: day}]
"""

COMMENTED = re.compile(r"^    # ", re.MULTILINE)


@pytest.mark.parametrize("uncommented", [False, True])
def test_it_is_taken_as_it_stands_and_with_what_is_commented_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, uncommented: bool
) -> None:
    monkeypatch.setenv("GATEWAYS_PASSWORD", "s3cret")
    (tmp_path / "parkline.yaml").write_text("store: {kind: lake, folder: lake}\nlines: line.yaml\n")
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "line.yaml").write_text(_whole(SAMPLE.read_text()) if uncommented else SAMPLE.read_text())
    park = load(tmp_path).park
    source = park.sources["gateways"]
    assert isinstance(source.settings, SparkplugSettings)
    assert source.settings.password is not None
    assert source.settings.password.get_secret_value() == "s3cret"
    assert (source.settings.tls is not None) is uncommented
    addresses = [signal.address for signal in park.signals.values()]
    assert all(isinstance(address, SparkplugAddress) for address in addresses)
    assert len(addresses) == 3


def _whole(text: str) -> str:
    """Take in the keys that are commented out."""
    return COMMENTED.sub("    ", text)
