"""Reports that were refused are read again as the line file now says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sample import ValueType
from adapters.sources.contract import Delivery, Point, Redecodes
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings
from adapters.sources.replay.source import ReplaySource

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
ARRIVED = datetime(2024, 6, 1, tzinfo=UTC)
LOAD = "works/line/mill/load"


def source(path: Path, kind: ValueType, item: str = "load", **settings: Any) -> ReplaySource:
    points = [Point(LOAD, kind, ReplayAddress(item=item))]
    return ReplaySource("recording", ReplaySettings(files=(path,), **settings), points)


async def refused(path: Path, kind: ValueType) -> dict[str, Any]:
    async with source(path, kind).connect() as deliveries:
        [refusal] = [row async for delivery in deliveries for row in delivery.refusals.iter_rows(named=True)]
    return dict(refusal)


def again(mended: ReplaySource, refusal: dict[str, Any]) -> Delivery:
    assert isinstance(mended, Redecodes)
    return mended.decode_again(refusal["address"], refusal["signal"], refusal["payload"], ARRIVED)


FILES = {
    "day.txt": "2024-05-17T12:00:00Z|speed|7|load|12,5\n",
    "long.csv": 'time;item;value\n2024-05-17T12:00:00Z;load;12,5\n2024-05-17T12:00:01Z;load;"7"\n',
    "wide.csv": "time;load;speed\n2024-05-17T12:00:00Z;12,5;7\n",
}


@pytest.mark.parametrize("name", FILES)
async def test_a_type_that_was_mended_takes_the_value_at_its_own_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    refusal = await refused(path, "float")
    found = again(source(path, "text"), refusal)
    assert found.refusals.is_empty()
    assert found.samples.select("signal", "text", "time", "received").rows() == [(LOAD, "12,5", NOON, ARRIVED)]
    later = again(source(path, "text", shift="8 h"), refusal)
    assert later.samples["time"].to_list() == [NOON + timedelta(hours=8)]
    assert "'12,5'" in again(source(path, "int"), refusal).refusals["reason"][0]


async def test_a_relative_time_counts_from_what_is_written_now(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text("2000|load|7\n", encoding="utf-8")
    refusal = await refused(path, "float")
    assert refusal["signal"] is None
    found = again(source(path, "float", started=NOON), refusal)
    assert found.samples.select("float", "time").rows() == [(7.0, NOON + timedelta(seconds=2))]


async def test_what_cannot_be_had_again_says_so(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text(FILES["day.txt"], encoding="utf-8")
    refusal = await refused(path, "float")
    for mended, why in (
        (source(path, "text", shift="now"), "play it again"),
        (source(path, "text", item="other"), "reports of no item"),
    ):
        found = again(mended, refusal)
        assert found.samples.is_empty()
        assert why in found.refusals["reason"][0]
        assert found.refusals.height == 1
