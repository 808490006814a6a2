"""Raw samples: exact, in pages that hold while samples are written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from adapters.registry import store_kind
from adapters.sample import SAMPLES, Status
from adapters.stores.contract import Position, Store
from tests.api.client import asking, items, problem, walk
from tests.api.plant import HOB, NOW, Plant

URL = "/api/v1/samples"

DAY = {"start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z"}

MIDNIGHT_NS = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp()) * 10**9


@asynccontextmanager
async def lake(folder: Path) -> AsyncIterator[Store]:
    kind = store_kind("lake")
    async with kind.create(kind.settings.model_validate({"folder": folder})) as store:
        yield store


def batch(signal: str, column: str, *rows: tuple[int, Any, int]) -> pl.DataFrame:
    """Give samples of one signal, each of ns after midnight, value and status."""
    frame = pl.DataFrame(rows, schema={"time": pl.Int64, column: SAMPLES[column], "status": pl.UInt32}, orient="row")
    time = (pl.col("time") + MIDNIGHT_NS).cast(SAMPLES["time"])
    given = frame.with_columns(time=time, received=time, signal=pl.lit(f"{HOB}/{signal}"))
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in SAMPLES.items()
    )


async def test_values_come_in_their_own_types(api: httpx.AsyncClient) -> None:
    warmth = (await items(api, URL, signal=f"{HOB}/spindle_temperature", **DAY))[0]
    assert isinstance(warmth["value"], float)
    assert (warmth["quality"], warmth["status"]) == ("good", 0)
    parts = (await items(api, URL, signal=f"{HOB}/parts", **DAY))[0]
    assert isinstance(parts["value"], int)
    state = (await items(api, URL, signal=f"{HOB}/execution", **DAY))[0]
    assert isinstance(state["value"], str)
    assert await items(api, URL, signal=f"{HOB}/door", **DAY) == []


async def test_times_and_integers_are_exact_and_quality_is_told(plant: Plant, tmp_path: Path) -> None:
    samples = batch(
        "parts", "int", (1, 2**62 + 1, Status.GOOD), (2, -1, Status.UNCERTAIN_RANGE), (3_000, None, Status.BAD)
    )
    async with lake(tmp_path) as store:
        await store.write(samples, Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            rows = await items(client, URL, signal=f"{HOB}/parts", **DAY)
    assert [(row["time"], row["value"], row["quality"]) for row in rows] == [
        ("2026-11-24T00:00:00.000000001Z", 2**62 + 1, "good"),
        ("2026-11-24T00:00:00.000000002Z", -1, "uncertain"),
        ("2026-11-24T00:00:00.000003Z", None, "bad"),
    ]


async def test_pages_go_on_between_nanoseconds(plant: Plant, tmp_path: Path) -> None:
    samples = batch("parts", "int", *((at, at, Status.GOOD) for at in range(10)))
    async with lake(tmp_path) as store:
        await store.write(samples, Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            pages = await walk(client, URL, signal=f"{HOB}/parts", limit=3, **DAY)
    assert [[row["value"] for row in page] for page in pages] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


async def test_pages_stay_in_step_while_samples_are_written(plant: Plant, tmp_path: Path) -> None:
    async with lake(tmp_path) as store:
        await store.write(batch("parts", "int", *((at, at, 0) for at in range(0, 20, 2))), Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            asked: dict[str, Any] = {"signal": f"{HOB}/parts", "limit": 5, **DAY}
            first = (await client.get(URL, params=asked)).json()
            await store.write(batch("parts", "int", *((at, at, 0) for at in range(1, 20, 2))), Position("test", 2))
            second = await items(client, URL, **{**asked, "limit": 100, "page_token": first["next_page_token"]})
    assert [row["value"] for row in first["items"]] == [0, 2, 4, 6, 8]
    assert [row["value"] for row in second] == list(range(9, 20))


async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    window = {"signal": f"{HOB}/spindle_temperature", "start": "2026-10-30T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
    whole = await items(api, URL, limit=10_000, **window)
    assert len(whole) == pytest.approx(65 * 12, abs=12)
    pages = await walk(api, URL, limit=100, **window)
    assert [row for page in pages for row in page] == whole


async def test_the_window_is_half_open(api: httpx.AsyncClient) -> None:
    signal = f"{HOB}/spindle_temperature"
    all_day = await items(api, URL, signal=signal, **DAY)
    first, second = all_day[0]["time"], all_day[1]["time"]
    assert [row["time"] for row in await items(api, URL, signal=signal, start=first, end=second)] == [first]


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"signal": f"{HOB}/speed"}, 404, "unknown-asset"),
        ({"signal": HOB}, 404, "unknown-asset"),
        ({"limit": 10_001}, 422, "invalid-parameter"),
        ({"end": (NOW + timedelta(days=40)).isoformat()}, 422, "invalid-parameter"),
        ({"page_token": "nonsense"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, Any], status: int, kind: str
) -> None:
    asked = {"signal": f"{HOB}/parts", **DAY, **parameters}
    problem(await api.get(URL, params=asked), status, kind)


async def test_signal_and_window_are_asked_for(api: httpx.AsyncClient) -> None:
    body = problem(await api.get(URL), 422, "invalid-parameter")
    assert {fault["name"] for fault in body["errors"]} == {"signal", "start", "end"}
