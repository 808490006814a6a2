"""The sample line file is one that an engineer can copy."""

from pathlib import Path

import pytest

from adapters.sources import opcua
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from tests.adapters.line_file import park_of, sample_of


@pytest.mark.parametrize("uncommented", [False, True])
def test_it_is_taken_as_it_stands_and_with_what_is_commented_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, uncommented: bool
) -> None:
    monkeypatch.setenv("PRESS_PLC_PASSWORD", "s3cret")
    park = park_of(opcua, tmp_path, uncommented=uncommented)
    settings = park.sources["press-plc"].settings
    assert isinstance(settings, OpcuaSettings)
    assert settings.password is not None
    assert settings.password.get_secret_value() == "s3cret"
    assert settings.certificate == (tmp_path / "certs" / "parkline.der" if uncommented else None)
    assert settings.time == ("received" if uncommented else "source")
    assert all(isinstance(signal.address, OpcuaAddress) for signal in park.signals.values())


def test_it_names_every_setting() -> None:
    text = sample_of(opcua)
    assert [name for name in OpcuaSettings.model_fields if f" {name}: " not in text] == []
