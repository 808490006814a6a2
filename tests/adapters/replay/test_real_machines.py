"""Recordings of real machine tools: NIST's Mazak, whole, and an Okuma's adapter stream."""

import gzip
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.sample import Status, ValueType
from adapters.sources.contract import Point
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings
from adapters.sources.replay.source import ReplaySource

ROOT = Path(__file__).parents[3]
MAZAK_DAY = ROOT / "configs/recordings/mazak01-2016-12-14.shdr.txt.gz"
MAZAK_EVENTS = ROOT / "tests/data/nist_mazak/Mazak01_events.parquet"
OKUMA = ROOT / "../shared/data/protocol_samples/okuma.shdr.txt.gz"

LINES = 98_962


async def play(path: Path, items: Mapping[str, ValueType]) -> pl.DataFrame:
    points = [Point(f"nist/line/mazak/{item}", kind, ReplayAddress(item=item)) for item, kind in items.items()]
    source = ReplaySource("mazak", ReplaySettings(files=(path,)), points)
    async with source.connect() as deliveries:
        received = [delivery async for delivery in deliveries]
    assert sum(delivery.refusals.height for delivery in received) == 0
    samples = pl.concat(delivery.samples for delivery in received)
    return samples.with_columns(item=pl.col("signal").str.split("/").list.last())


def counts(samples: pl.DataFrame) -> dict[str, int]:
    return dict(samples.group_by("item").len().iter_rows())


def lines_of(path: Path) -> list[list[str]]:
    return [line.split("|") for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def kind_of(values: Iterable[str]) -> ValueType:
    said = {value for value in values if value.upper() != "UNAVAILABLE" and value}
    return "float" if all(value.strip("-").replace(".", "", 1).isdecimal() for value in said) else "text"


async def test_the_whole_day_is_read_in_less_than_two_seconds_of_processor_time() -> None:
    lines = lines_of(MAZAK_DAY)
    assert len(lines) == LINES
    values = defaultdict[str, set[str]](set)
    for line in lines:
        values[line[1]].add(line[2])
    items = {item: kind_of(said) for item, said in values.items()}
    assert items["execution"] == items["system_cond"] == "text"
    assert items["total_time"] == items["Xabs"] == "float"
    started = time.process_time()
    samples = await play(MAZAK_DAY, items)
    assert time.process_time() - started < 2
    assert counts(samples) == Counter(line[1] for line in lines)
    assert counts(samples)["execution"] == 293
    assert counts(samples)["total_time"] == 35_247
    assert samples["item"].to_list() == [line[1] for line in lines]
    assert samples["time"].dt.cast_time_unit("us").to_list() == [datetime.fromisoformat(line[0]) for line in lines]
    lost = samples["status"] == Status.BAD_NO_COMMUNICATION
    assert lost.to_list() == [line[2].upper() == "UNAVAILABLE" for line in lines]
    floats = samples.filter(pl.col("float").is_not_null())["float"].to_list()
    said = [line for line, bad in zip(lines, lost, strict=True) if not bad and items[line[1]] == "float" and line[2]]
    assert floats == [float(line[2]) for line in said]


async def test_a_condition_keeps_all_that_stands_after_its_item() -> None:
    samples = await play(MAZAK_DAY, {"motion_cond": "text", "path_system": "text"})
    raised = samples.filter(pl.col("text").str.starts_with("Fault"))
    assert raised.select("item", "text").rows() == [
        ("path_system", "Fault|149|||TAILSTOCK BARRIER"),
        ("motion_cond", "Fault|763|||START PROCESS ILLEGAL"),
        ("motion_cond", "Fault|763|||START PROCESS ILLEGAL"),
    ]


async def test_three_years_of_events_are_read_from_parquet() -> None:
    items: dict[str, ValueType] = {"execution": "text", "mode": "text", "system_cond": "text", "Fovr": "float"}
    samples = await play(MAZAK_EVENTS, items)
    expected = pl.read_parquet(MAZAK_EVENTS).filter(pl.col("item").is_in(list(items)))
    assert counts(samples) == counts(expected)
    assert samples["time"].is_sorted()
    assert samples["time"][0] == expected["ts"].dt.replace_time_zone("UTC").min()


@pytest.mark.skipif(not OKUMA.exists(), reason="the Okuma recording is not here: ../shared/data/protocol_samples")
async def test_lines_of_many_items_and_assets_are_told_apart() -> None:
    items: dict[str, ValueType] = {"S1load": "float", "X1load": "float", "p1LPathPos": "text", "system": "text"}
    samples = await play(OKUMA, items)
    found = Counter[str]()
    for line in lines_of(OKUMA):
        if len(line) > 1 and not line[1].startswith("@"):
            found.update(item for item in line[1::2] if item in items)
    assert counts(samples) == found
    assert found["p1LPathPos"] == 3466
    assert set(samples.filter(pl.col("item") == "system")["text"]) == {"NORMAL||||"}
