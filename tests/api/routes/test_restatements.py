"""What was told before: asked for as of an instant, and listed with what changed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import polars as pl
import pytest

from adapters.stores.contract import RESULTS
from analytics.ledger import write_superseded
from analytics.restatement import restated
from analytics.spans import MOMENT
from collector.records import Records
from tests.analytics.plant import ResultStore
from tests.api.client import asking, items, problem, walk, with_records
from tests.api.plant import HOB, NOW, Plant

URL = "/api/v1/kpis/restatements"
HOUR = timedelta(hours=1)
BEGIN = NOW.replace(hour=0, minute=0)
WINDOW = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
CAUSES = pl.Schema({"path": pl.String(), "start": MOMENT, "end": MOMENT, "cause": pl.String()})

Tell: TypeAlias = Callable[..., Any]


class Teller:
    """Computes hours again and again, as the jobs do."""

    def __init__(self, store: ResultStore, records: Records) -> None:
        self.store = store
        self.records = records

    async def tell(
        self, at: datetime, value: float | None, cause: str, *, path: str = HOB, hour: int = 0, period: str = "hour"
    ) -> None:
        start = BEGIN + hour * HOUR
        numbers = {"utilisation": value, "producing_time": 3600 * (value or 0), "planned_time": 3600.0}
        numbers["calendar_time"] = 3600.0
        numbers |= {f"loss:idle/{cause}": 60.0}
        rows = [
            (
                path,
                period,
                "",
                start,
                start + HOUR,
                kpi,
                number,
                0.9,
                at,
                1,
                "",
                "" if number is not None else "no work",
            )
            for kpi, number in numbers.items()
        ]
        causes = pl.DataFrame([(path, start, start + HOUR, cause)], schema=CAUSES, orient="row")
        stored = await self.store.results(start=start, end=start + HOUR, paths=[path])
        written, superseded = restated(pl.DataFrame(rows, RESULTS, orient="row"), stored, causes)
        await self.records.run(lambda connection: write_superseded(connection, superseded, at))
        await self.store.write_results(written)


@pytest.fixture
async def teller(tmp_path: Path) -> AsyncIterator[Teller]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield Teller(ResultStore(), records)


@pytest.fixture
async def api(plant: Plant, teller: Teller) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client on this machine of the plant's API, with the teller's store and records."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(plant.parts(open_page=True, store=lambda: teller.store))
        parts = with_records(parts, teller.records)
        yield await stack.enter_async_context(asking(parts, peer="127.0.0.1", host="localhost"))


def at(minutes: int) -> datetime:
    return BEGIN + 2 * HOUR + timedelta(minutes=minutes)


def told(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def test_what_was_known_then_is_told_as_it_was(api: httpx.AsyncClient, teller: Teller) -> None:
    await teller.tell(at(0), 0.5, "late samples")
    await teller.tell(at(10), None, "gap")
    await teller.tell(at(20), 0.7, "gap filled")
    await teller.tell(at(5), 0.4, "late samples", hour=1)

    async def known(minutes: int) -> list[tuple[Any, ...]]:
        rows = await items(api, "/api/v1/kpis", kpi="utilisation", as_of=told(at(minutes)), **WINDOW)
        return [(row["value"], row["version"], row["reason"], row["note"], row["computed"]) for row in rows]

    other = (0.4, 1, "", "", told(at(5)))
    assert await known(-1) == []
    assert await known(0) == [(0.5, 1, "", "", told(at(0)))]
    assert await known(9) == [(0.5, 1, "", "", told(at(0))), other]
    assert await known(10) == [(None, 2, "gap", "no work", told(at(10))), other]
    assert await known(20) == [(0.7, 3, "gap filled", "", told(at(20))), other]
    now = await items(api, "/api/v1/kpis", kpi="utilisation", **WINDOW)
    assert [row["value"] for row in now] == [0.7, 0.4]


async def test_what_a_number_was_computed_from_is_as_old_as_the_number(api: httpx.AsyncClient, teller: Teller) -> None:
    await teller.tell(at(0), 0.5, "late samples")
    await teller.tell(at(10), 0.7, "late samples")
    asked = {"kpi": "utilisation", "include": "inputs", **WINDOW}
    [now] = await items(api, "/api/v1/kpis", **asked)
    [then] = await items(api, "/api/v1/kpis", as_of=told(at(5)), **asked)
    assert now["inputs"] == {"producing_time": pytest.approx(2520.0), "planned_time": 3600.0}
    assert then["inputs"] == {"producing_time": 1800.0, "planned_time": 3600.0}


async def test_a_restatement_tells_what_changed(api: httpx.AsyncClient, teller: Teller) -> None:
    await teller.tell(at(0), 0.5, "a")
    await teller.tell(at(10), None, "b")
    await teller.tell(at(20), 0.7, "c")
    third, second = await items(api, URL)
    assert third["version"] == 2
    assert second == {
        "path": HOB,
        "period": "hour",
        "name": "",
        "start": told(BEGIN),
        "end": told(BEGIN + HOUR),
        "version": 1,
        "computed": told(at(0)),
        "replaced": told(at(10)),
        "reason": "b",
        "coverage": 0.9,
        "changes": [
            change("loss:idle/a", "s", 60.0, 0.0),
            change("loss:idle/b", "s", 0.0, 60.0),
            change("producing_time", "s", 1800.0, 0.0),
            change("utilisation", "1", 0.5, None) | {"note_after": "no work"},
        ],
    }
    names = ["loss:idle/b", "loss:idle/c", "producing_time", "utilisation"]
    assert [one["kpi"] for one in third["changes"]] == names
    assert third["changes"][-1] == change("utilisation", "1", None, 0.7) | {"note_before": "no work"}


def change(kpi: str, unit: str, before: float | None, after: float | None) -> dict[str, Any]:
    return {"kpi": kpi, "unit": unit, "before": before, "after": after, "note_before": "", "note_after": ""}


async def test_restatements_come_in_pages_the_newest_first(api: httpx.AsyncClient, teller: Teller) -> None:
    for number in range(4):
        for hour in (0, 5, 400):
            for path in (HOB, "gears"):
                await teller.tell(at(number), number / 10, "gap", path=path, hour=hour)
    whole = await items(api, URL)
    assert len(whole) == 18
    assert all(row["changes"] for row in whole)
    pages = await walk(api, URL, limit=5)
    assert [row for page in pages for row in page] == whole
    replaced = [row["replaced"] for row in whole]
    assert replaced == sorted(replaced, reverse=True)


async def test_only_what_was_asked_for_comes(api: httpx.AsyncClient, teller: Teller) -> None:
    for number in range(2):
        for path in (HOB, "gears"):
            for hour in (0, 3):
                await teller.tell(at(number), number / 10, "gap", path=path, hour=hour)
    assert len(await items(api, URL)) == 4
    assert [row["path"] for row in await items(api, URL, path="gears")] == ["gears"] * 2
    assert await items(api, URL, period="day") == []
    assert [row["start"] for row in await items(api, URL, path=HOB, start=told(BEGIN + HOUR))] == [
        told(BEGIN + 3 * HOUR)
    ]
    assert [row["path"] for row in await items(api, URL, end=told(BEGIN + HOUR))] == ["gears", HOB]


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"path": "gears/hobing"}, 404, "unknown-asset"),
        ({"period": "week"}, 422, "invalid-parameter"),
        ({"start": "2026-11-24T00:00:00Z", "end": "2026-11-24T00:00:00Z"}, 422, "invalid-parameter"),
        ({"page_token": "WyJ4Il0"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, str], status: int, kind: str
) -> None:
    problem(await api.get(URL, params=parameters), status, kind)


async def test_a_week_is_told_as_its_days_were_known_then(api: httpx.AsyncClient, teller: Teller) -> None:
    monday = -32  # 23 November in Shanghai
    await teller.tell(at(0), 0.5, "late samples", hour=monday, period="day")
    await teller.tell(at(1), 0.75, "late samples", hour=monday + 24, period="day")
    await teller.tell(at(10), 0.25, "gap filled", hour=monday + 24, period="day")
    await teller.tell(at(20), 0.1, "late samples", hour=monday, period="day")
    asked = {"path": HOB, "period": "week", "kpi": ["utilisation", "loss:idle/gap filled"]}
    window = {"start": "2026-11-22T00:00:00Z", "end": "2026-11-25T00:00:00Z"}

    async def week(**more: str) -> list[tuple[Any, ...]]:
        rows = await items(api, "/api/v1/kpis", **asked, **window, **more)
        names = ("value", "version", "reason", "computed")
        return [tuple(row[name] for name in names) for row in rows if row["kpi"] == "utilisation"]

    assert await week(as_of=told(at(0))) == [(0.5, 1, "", told(at(0)))]
    assert await week(as_of=told(at(5))) == [(0.625, 1, "", told(at(1)))]
    assert await week(as_of=told(at(15))) == [(0.375, 2, "gap filled", told(at(10)))]
    assert await week() == [(0.175, 3, "late samples, gap filled", told(at(20)))]
    assert await week(as_of=told(at(-1))) == []
