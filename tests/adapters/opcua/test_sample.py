"""The sample line file is one that an engineer can copy."""

import re
from pathlib import Path

import pytest

import adapters.sources.opcua
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from collector.load import load

SAMPLE = Path(adapters.sources.opcua.__file__).with_name("sample.yaml")

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
    monkeypatch.setenv("PRESS_PLC_PASSWORD", "s3cret")
    (tmp_path / "parkline.yaml").write_text("store: {kind: lake, folder: lake}\nlines: line.yaml\n")
    (tmp_path / "park.yaml").write_text(PARK)
    text = SAMPLE.read_text()
    (tmp_path / "line.yaml").write_text(COMMENTED.sub("    ", text) if uncommented else text)
    park = load(tmp_path).park
    settings = park.sources["press-plc"].settings
    assert isinstance(settings, OpcuaSettings)
    assert settings.password is not None
    assert settings.password.get_secret_value() == "s3cret"
    assert settings.certificate == (tmp_path / "certs" / "parkline.der" if uncommented else None)
    assert settings.time == ("received" if uncommented else "source")
    assert all(isinstance(signal.address, OpcuaAddress) for signal in park.signals.values())


def test_it_names_every_setting() -> None:
    text = SAMPLE.read_text()
    assert [name for name in OpcuaSettings.model_fields if f" {name}: " not in text] == []
