"""The sample line file is one that an engineer can copy."""

from pathlib import Path

import pytest

from adapters.sources import sparkplug
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings
from tests.adapters.line_file import park_of


@pytest.mark.parametrize("uncommented", [False, True])
def test_it_is_taken_as_it_stands_and_with_what_is_commented_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, uncommented: bool
) -> None:
    monkeypatch.setenv("GATEWAYS_PASSWORD", "s3cret")
    park = park_of(sparkplug, tmp_path, uncommented=uncommented)
    settings = park.sources["gateways"].settings
    assert isinstance(settings, SparkplugSettings)
    assert settings.password is not None
    assert settings.password.get_secret_value() == "s3cret"
    assert (settings.tls is not None) is uncommented
    addresses = [signal.address for signal in park.signals.values()]
    assert all(isinstance(address, SparkplugAddress) for address in addresses)
    assert len(addresses) == 3
