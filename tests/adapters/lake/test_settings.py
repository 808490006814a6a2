"""What an engineer writes: the sample, the README, and what is answered to mistakes."""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

import adapters.stores.lake
from adapters.stores.contract import Position
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from tests.conformance.store import NOON, at, batch, sample

ADAPTER = Path(adapters.stores.lake.__file__).parent


def test_the_sample_is_good() -> None:
    store = YAML(typ="safe").load(ADAPTER / "sample.yaml")["store"]
    assert store.pop("kind") == "lake"
    assert LakeSettings(**store) == LakeSettings()


async def test_the_tables_are_read_past_parkline_as_the_readme_says(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC) - NOON
    signal = "plant/line-1/press-01/temperature"
    async with create(LakeSettings(folder=tmp_path / "data" / "lake")) as lake:
        for written, value in enumerate((20.25, 21.75), 1):
            await lake.write(batch(sample(signal, at(noon, ns=7), value=value)), Position("spool", written))
    code = re.findall(r"```python\n(.*?)```", (ADAPTER / "README.md").read_text(), re.DOTALL)[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    printed = (await process.communicate())[0].decode()
    assert "shape: (1, 3)" in printed
    assert "21.75" in printed
    assert "2026-03-01 12:00:00.000000007" in printed


@pytest.mark.parametrize(
    ("folder", "is_here"),
    [("data/lake", True), ("/var/lib/lake", True), ("s3://bucket/lake", False), ("abfss://lake@account", False)],
)
def test_a_folder_is_here_or_on_object_storage(folder: str, *, is_here: bool) -> None:
    found = LakeSettings.model_validate({"folder": folder}).folder
    assert found == (Path(folder) if is_here else folder)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"folder": "s3:/bucket"}, "s3://bucket/lake"),
        ({"folder": "ftp://host/lake"}, "neither a folder nor an address"),
        ({"target": "1 KiB"}, "1 MiB or more"),
        ({"keep_replaced": "10 min"}, "whole hours"),
        ({"keep_replaced": "90 min"}, "whole hours"),
        ({"keep_replaced": "2 d"}, "24 h at most"),
        ({"options": {"max_retries": "many"}}, "max_retries.*whole number"),
        ({"compact_after": 1}, "greater than or equal to 2"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LakeSettings.model_validate(written)


def test_defaults() -> None:
    settings = LakeSettings()
    assert settings.folder == Path("data/lake")
    assert settings.keep_replaced == timedelta(hours=1)
