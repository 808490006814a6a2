"""Raw samples: exact, in pages that hold while samples are written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from adapters.registry import store_kind
from adapters.sample import SAMPLES, Status
from adapters.stores.contract import Position, Store
from api.answers import INSTANT, Form
from api.auth import create_key
from api.parts import Parts
from api.roles import Role
from tests.api.client import asking, items, problem, walk
from tests.api.plant import HOB, NOW, PRESS, Plant

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


async def test_points_are_buckets_in_which_peaks_survive(plant: Plant, tmp_path: Path) -> None:
    second = 10**9
    rows: list[tuple[int, Any, int]] = [
        (at * second, 5.0 if at != 40_000 else 900.0, Status.GOOD) for at in range(0, 86_400, 10)
    ]
    rows[10] = (100 * second, None, Status.BAD)
    rows[20] = (200 * second, -3.0, Status.UNCERTAIN)
    asked: dict[str, Any] = {"signal": f"{HOB}/spindle_temperature", "points": 10, **DAY}
    async with lake(tmp_path) as store:
        await store.write(batch("spindle_temperature", "float", *rows), Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            answer = (await client.get(URL, params=asked)).json()
            pages = await walk(client, URL, limit=4, **asked)
            table = await client.get(URL, params=asked, headers={"Accept": "text/csv"})
    assert answer["width_s"] == 8640.0
    assert answer["next_page_token"] is None
    buckets = answer["items"]
    assert [bucket["start"] for bucket in buckets[:2]] == ["2026-11-24T00:00:00Z", "2026-11-24T02:24:00Z"]
    assert buckets[0] == {
        "start": "2026-11-24T00:00:00Z",
        "count": 863,
        "bad": 1,
        "good_share": pytest.approx(862 / 864),
        "min": -3.0,
        "max": 5.0,
        "mean": pytest.approx((862 * 5.0 - 3.0) / 863),
        "last": 5.0,
        "true_share": None,
    }
    assert [bucket["max"] for bucket in buckets] == [5.0] * 4 + [900.0] + [5.0] * 5
    assert [row for page in pages for row in page] == buckets
    assert [len(page) for page in pages] == [4, 4, 2]
    assert table.text.splitlines()[0] == "start,count,bad,good_share,min,max,mean,last,true_share"
    assert len(table.text.splitlines()) == 11


async def test_every_begins_with_the_window_and_shows_what_is_empty(plant: Plant, tmp_path: Path) -> None:
    samples = batch("parts", "int", (30 * 10**9, 2**62 + 1, Status.GOOD), (181 * 10**9, 7, Status.GOOD))
    asked = {"signal": f"{HOB}/parts", "start": "2026-11-24T00:00:30Z", "end": "2026-11-24T00:03:10Z", "every": "1m"}
    async with lake(tmp_path) as store:
        await store.write(samples, Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            rows = await items(client, URL, **asked)
    assert [(row["start"], row["count"], row["good_share"], row["max"], row["last"]) for row in rows] == [
        ("2026-11-24T00:00:30Z", 1, 1.0, 2**62 + 1, 2**62 + 1),
        ("2026-11-24T00:01:30Z", 0, None, None, None),
        ("2026-11-24T00:02:30Z", 1, 1.0, 7, 7),
    ]


async def test_switches_and_texts_have_a_newest_value(plant: Plant, tmp_path: Path) -> None:
    door = batch("door", "bool", (1, True, Status.GOOD), (2, True, Status.GOOD), (3, False, Status.GOOD))
    state = batch("execution", "text", (1, "ACTIVE", Status.GOOD), (2, "READY", Status.UNCERTAIN))
    async with lake(tmp_path) as store:
        await store.write(pl.concat([door, state]), Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            switch = (await items(client, URL, signal=f"{HOB}/door", every="1d", **DAY))[0]
            text = (await items(client, URL, signal=f"{HOB}/execution", every="1d", **DAY))[0]
    assert (switch["count"], switch["last"], switch["true_share"]) == (3, False, pytest.approx(2 / 3))
    assert (text["count"], text["last"], text["good_share"], text["true_share"]) == (2, "READY", 0.5, None)
    assert {switch["min"], switch["max"], switch["mean"], text["min"], text["max"], text["mean"]} == {None}


async def test_values_from_before_a_type_was_changed_are_told_where_that_of_today_holds_them(
    plant: Plant, tmp_path: Path
) -> None:
    one = [batch("spindle_temperature", kind, (at, value, 0)) for at, (kind, value) in enumerate(
        {"int": 7, "float": 1.5, "text": "hot"}.items()
    )]  # fmt: skip
    other = [batch("execution", kind, (at, value, 0)) for at, (kind, value) in enumerate(
        {"int": 7, "float": 1.5, "bool": True, "text": "ACTIVE"}.items()
    )]  # fmt: skip
    async with lake(tmp_path) as store:
        await store.write(pl.concat([*one, *other]), Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            warmth = await items(client, URL, signal=f"{HOB}/spindle_temperature", **DAY)
            state = await items(client, URL, signal=f"{HOB}/execution", **DAY)
    assert [row["value"] for row in warmth] == [7.0, 1.5, None]
    assert [row["value"] for row in state] == ["7", "1.5", "true", "ACTIVE"]


@pytest.mark.parametrize("points", [None, 10])
async def test_instants_are_instants_in_tables_to_the_nanosecond(
    plant: Plant, tmp_path: Path, points: int | None
) -> None:
    samples = batch("spindle_temperature", "float", (10**9 + 1, 1.5, Status.GOOD), (2 * 10**9, -0.0, Status.GOOD))
    asked = {"signal": f"{HOB}/spindle_temperature", **DAY} | ({} if points is None else {"points": str(points)})
    async with lake(tmp_path) as store:
        await store.write(samples, Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            rows = await items(client, URL, **asked)
            answers = [
                (await client.get(URL, params=asked, headers={"Accept": form})).content
                for form in (Form.PARQUET, Form.ARROW, Form.CSV)
            ]
    tables = [pl.read_parquet(answers[0]), pl.read_ipc_stream(answers[1])]
    instants = ["time", "received"] if points is None else ["start"]
    for table in tables:
        assert {table.schema[name] for name in instants} == {SAMPLES["time"]}
    texts = tables[0].with_columns(pl.col(instants).dt.to_string(INSTANT))
    assert texts.rows() == [tuple(row.values()) for row in rows]
    assert pl.read_csv(answers[2])[instants[0]].to_list() == [row[instants[0]] for row in rows]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"points": 9}, "points"),
        ({"points": 10_001}, "points"),
        ({"every": "0s"}, "every"),
        ({"every": "60 s"}, "every"),
        ({"every": "1s"}, "every"),
        ({"every": "1h", "points": 10}, "every"),
        ({"points": 10, "end": "2027-11-26T00:00:00Z"}, "end"),
        ({"points": 10, "page_token": "nonsense"}, "page_token"),
    ],
)
async def test_what_cannot_be_summed_up_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, Any], named: str
) -> None:
    asked = {"signal": f"{HOB}/parts", **DAY, **parameters}
    body = problem(await api.get(URL, params=asked), 422, "invalid-parameter")
    assert {fault["name"] for fault in body["errors"]} == {named}


async def test_a_year_is_summed_up(api: httpx.AsyncClient) -> None:
    window = {"start": "2025-11-25T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
    rows = await items(api, URL, signal=f"{HOB}/parts", points=1000, **window)
    assert len(rows) == 1000
    whole = await items(api, URL, signal=f"{HOB}/parts", limit=10_000, start="2026-10-30T00:00:00Z", end=window["end"])
    assert sum(row["count"] for row in rows) == len(whole)
    assert max(row["max"] for row in rows if row["count"]) == whole[-1]["value"]


@pytest.mark.parametrize("asked", [{}, {"points": 100}, {"every": "1h"}])
@pytest.mark.parametrize("granted", [["moulds"], []])
async def test_signals_of_other_factories_are_not_there(
    plant: Plant, asked: dict[str, Any], granted: list[str]
) -> None:
    async with plant.parts() as parts:
        key = await key_of(parts, granted)
        async with asking(parts, key=key) as client:
            hidden = problem(
                await client.get(URL, params={"signal": f"{HOB}/parts", **DAY, **asked}), 404, "unknown-asset"
            )
            strange = problem(
                await client.get(URL, params={"signal": "no/such/thing/parts", **DAY, **asked}), 404, "unknown-asset"
            )
            own = await client.get(URL, params={"signal": f"{PRESS}/parts", **DAY, **asked})
    assert (
        hidden["detail"].replace(f"{HOB}/parts", "S").split(";")[0]
        == strange["detail"].replace("no/such/thing/parts", "S").split(";")[0]
    )
    assert "gears" not in hidden["detail"].replace(f"{HOB}/parts", "")
    assert own.status_code == (200 if granted else 404)


async def key_of(parts: Parts, factories: list[str]) -> str:
    """Make a key that opens these factories."""
    roles, made = [Role.VIEWER], partial(create_key, name="some", now=NOW, expires=None)
    _, text = await parts.records().run(lambda connection: made(connection, roles=roles, factories=factories))
    return text


LATEST = f"{URL}/latest"


async def test_the_newest_of_every_signal_comes_in_its_own_type(plant: Plant, tmp_path: Path) -> None:
    second = 10**9
    given = [
        batch("spindle_temperature", "float", (0, 20.0, Status.GOOD), (9 * second + 1, 21.5, Status.UNCERTAIN)),
        batch("parts", "int", (2 * second, 2**62 + 1, Status.GOOD), (1 * second, 7, Status.GOOD)),
        batch("door", "bool", (3 * second, False, Status.GOOD)),
        batch("execution", "text", (4 * second, "=READY", Status.GOOD), (5 * second, None, Status.BAD)),
        batch("execution", "text", (0, "ACTIVE", Status.GOOD)).with_columns(signal=pl.lit(f"{PRESS}/execution")),
    ]
    async with lake(tmp_path) as store:
        await store.write(pl.concat(given), Position("test", 1))
        async with plant.parts(store=lambda: store) as parts, asking(parts, key=plant.key) as client:
            rows = await items(client, LATEST)
            pages = await walk(client, LATEST, limit=3)
            since_midnight = [await items(client, LATEST, path=HOB, within=within) for within in ("494m", "495m")]
            table = await client.get(LATEST, params={"fields": "signal,value"}, headers={"Accept": "text/csv"})
            narrow = await key_of(parts, ["moulds"])
            async with asking(parts, key=narrow) as other:
                own = await items(other, LATEST)
    assert [(row["signal"].removeprefix(f"{HOB}/"), row["value"], row["quality"]) for row in rows] == [
        ("door", False, "good"),
        ("execution", None, "bad"),
        ("parts", 2**62 + 1, "good"),
        ("spindle_temperature", 21.5, "uncertain"),
        (f"{PRESS}/execution", "ACTIVE", "good"),
    ]
    assert rows[3]["time"] == "2026-11-24T00:00:09.000000001Z"
    assert [row for page in pages for row in page] == rows
    assert since_midnight == [[], rows[:4]]
    assert table.text.splitlines()[1:4] == [f"{HOB}/door,false", f"{HOB}/execution,", f"{HOB}/parts,{2**62 + 1}"]
    assert [row["signal"] for row in own] == [f"{PRESS}/execution"]


@pytest.mark.parametrize(("within", "status"), [("31d", 200), ("32d", 422), ("0m", 422), ("100h", 422)])
async def test_the_newest_are_looked_for_within_a_month(api: httpx.AsyncClient, within: str, status: int) -> None:
    assert (await api.get(LATEST, params={"within": within})).status_code == status
