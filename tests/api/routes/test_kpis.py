"""Results and their catalogue."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

import httpx
import polars as pl
import pytest

from adapters.stores.lake.store import LakeStore
from analytics.kpis.catalogue import KPIS
from api.views.kpis import Period
from tests.analytics.plant import ResultStore
from tests.api.client import asking, items, problem, walk
from tests.api.plant import HOB, NOW, PARK, WASHER, Plant

DAYS = {"start": "2026-11-21T00:00:00Z", "end": "2026-11-25T00:00:00Z"}


async def test_the_catalogue_shows_every_kpi_unasked(api: httpx.AsyncClient) -> None:
    rows = await items(api, "/api/v1/kpis/catalogue")
    assert [row["slug"] for row in rows] == [kpi.slug for kpi in KPIS]
    first = rows[0]
    assert (first["slug"], first["unit"], first["kind"]) == ("utilisation", "1", "ratio")
    assert first["title"] == {"zh": KPIS[0].title.zh, "en": "Utilisation"}
    assert "ISO 22400-2" in first["source"]
    oee = next(row for row in rows if row["slug"] == "oee")
    assert oee["formula"]
    assert "planned_time" in oee["inputs"]
    assert oee["needs"] == ["ideal_cycle", "total"]
    assert oee["level"] == "any"
    assert {row["kind"] for row in rows} == {"time", "ratio", "count", "rate", "energy"}


async def test_without_a_window_the_newest_day_of_everything_is_told(api: httpx.AsyncClient) -> None:
    rows = await items(api, "/api/v1/kpis", period="day", kpi="utilisation")
    machines = [path for path in PARK.equipment if path != WASHER]
    lines = [line.path for factory in PARK.factories for line in factory.lines]
    assert {row["path"] for row in rows} == {"riverside", "gears", "moulds", *lines, *machines}
    ours = next(row for row in rows if row["path"] == HOB)
    assert ours["start"] == "2026-11-23T16:00:00Z"  # midnight in Shanghai
    assert ours["end"] == "2026-11-24T08:14:58Z"  # as far as is known
    assert next(row for row in rows if row["path"] == "moulds")["start"] == "2026-11-23T23:00:00Z"


@pytest.mark.parametrize("period", get_args(Period))
async def test_every_level_has_every_period_also_as_it_was_known(api: httpx.AsyncClient, period: str) -> None:
    asked = {"period": period, "kpi": "utilisation", "start": "2026-10-31T00:00:00Z", "end": DAYS["end"]}
    rows = await items(api, "/api/v1/kpis", limit=10_000, **asked)
    lines = [line.path for factory in PARK.factories for line in factory.lines]
    machines = [path for path in PARK.equipment if path != WASHER]
    assert {row["path"] for row in rows} == {PARK.id, "gears", "moulds", *lines, *machines}
    known = await items(api, "/api/v1/kpis", limit=10_000, **asked, as_of=NOW.isoformat())
    assert [row for row in rows if row in known] == known
    assert {row["path"] for row in known} == {row["path"] for row in rows}


async def test_a_ratio_is_that_of_the_times_beside_it(api: httpx.AsyncClient) -> None:
    rows = {row["kpi"]: row for row in await items(api, "/api/v1/kpis", path=HOB, period="day")}
    assert {slug for slug in rows if not slug.startswith(("loss:", "stops:"))} == {kpi.slug for kpi in KPIS}
    for prefix, unit in (("loss:", "s"), ("stops:", "1")):
        by_reason = [row for slug, row in rows.items() if slug.startswith(prefix)]
        assert by_reason
        assert all(row["unit"] == unit for row in by_reason)
    assert rows["utilisation"]["unit"] == "1"
    assert rows["producing_time"]["unit"] == "s"
    ratio = rows["producing_time"]["value"] / rows["planned_time"]["value"]
    assert rows["utilisation"]["value"] == pytest.approx(ratio)
    assert rows["utilisation"]["coverage"] == pytest.approx(1.0)


async def test_every_number_says_its_version_and_why_it_is_null(api: httpx.AsyncClient) -> None:
    rows = {row["kpi"]: row for row in await items(api, "/api/v1/kpis", path=HOB, period="day")}
    assert (rows["utilisation"]["version"], rows["utilisation"]["reason"], rows["utilisation"]["note"]) == (1, "", "")
    assert rows["energy_per_part"]["value"] is None
    assert rows["energy_per_part"]["note"]


async def test_what_a_number_was_computed_from_stands_beside_it(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"path": [HOB, "riverside"], "kpi": ["utilisation", "loss:idle/READY"], **DAYS}
    plain = await items(api, "/api/v1/kpis", **asked)
    rows = await items(api, "/api/v1/kpis", include="inputs", **asked)
    assert [{name: row[name] for name in row if name != "inputs"} for row in rows] == plain
    times = await items(api, "/api/v1/kpis", path=[HOB, "riverside"], kpi=["producing_time", "planned_time"], **DAYS)
    told = {(row["path"], row["period"], row["start"], row["kpi"]): row["value"] for row in times}
    assert {row["kpi"] for row in rows} == {"utilisation", "loss:idle/READY"}
    for row in rows:
        window = (row["path"], row["period"], row["start"])
        expected = {name: told[*window, name] for name in ("producing_time", "planned_time")}
        assert row["inputs"] == (expected if row["kpi"] == "utilisation" else {})


async def test_windows_that_begin_in_the_interval_are_told(api: httpx.AsyncClient) -> None:
    rows = await items(api, "/api/v1/kpis", path=HOB, period="hour", kpi="utilisation", **DAYS)
    starts = [datetime.fromisoformat(row["start"]) for row in rows]
    assert starts == sorted(starts)
    assert len(starts) > 48
    within = {"start": "2026-11-24T00:00:00Z", "end": "2026-11-24T02:00:00Z"}
    rows = await items(api, "/api/v1/kpis", path=HOB, period="hour", kpi="utilisation", **within)
    assert [row["start"] for row in rows] == ["2026-11-24T00:00:00Z", "2026-11-24T01:00:00Z"]


async def test_shifts_carry_their_names(api: httpx.AsyncClient) -> None:
    rows = await items(api, "/api/v1/kpis", path="moulds", period="shift", kpi="planned_time", **DAYS)
    assert {row["name"] for row in rows} >= {"early", "late"}


async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"kpi": ["utilisation", "oee", "planned_time", "idle_time"], **DAYS}
    whole = await items(api, "/api/v1/kpis", limit=10_000, **asked)
    pages = await walk(api, "/api/v1/kpis", limit=701, **asked)
    assert len(pages) > 3
    assert [row for page in pages for row in page] == whole
    assert {row["path"] for row in whole} >= {"riverside", HOB}
    keys = [(row["path"], row["period"], row["start"], row["kpi"]) for row in whole]
    assert keys == sorted(set(keys))


async def test_several_paths_and_kpis_are_taken(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"path": [HOB, "gears"], "kpi": ["utilisation", "off_time"], "period": "day"}
    rows = await items(api, "/api/v1/kpis", **asked)
    assert {(row["path"], row["kpi"]) for row in rows} == {
        (path, kpi) for path in asked["path"] for kpi in asked["kpi"]
    }


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"path": "gears/hobing"}, 404, "unknown-asset"),
        ({"kpi": "utilization"}, 404, "unknown-kpi"),
        ({"period": "year"}, 422, "invalid-parameter"),
        ({"start": "2026-11-24T00:00:00Z"}, 422, "invalid-parameter"),
        ({"end": "2026-11-24T00:00:00Z"}, 422, "invalid-parameter"),
        ({"period": "hour", "start": "2026-01-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}, 422, "invalid-parameter"),
        ({"as_of": "2026-11-24T00:00:00Z"}, 422, "invalid-parameter"),
        ({"include": "everything"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, str], status: int, kind: str
) -> None:
    problem(await api.get("/api/v1/kpis", params=parameters), status, kind)


async def test_a_long_window_of_days_is_allowed(api: httpx.AsyncClient) -> None:
    year = {"start": "2026-01-01T00:00:00Z", "end": "2026-12-31T00:00:00Z"}
    rows = await items(api, "/api/v1/kpis", path="riverside", period="day", kpi="utilisation", **year)
    starts = [datetime.fromisoformat(row["start"]) for row in rows]
    assert len(starts) >= 3
    assert all(other - one == timedelta(days=1) for one, other in pairwise(starts))


@pytest.mark.parametrize(
    ("period", "path", "name", "start"),
    [
        ("week", HOB, "2026-W48", "2026-11-22T16:00:00Z"),
        ("week", "moulds", "2026-W48", "2026-11-22T23:00:00Z"),
        ("month", "riverside", "2026-11", "2026-10-31T16:00:00Z"),
    ],
)
async def test_weeks_and_months_are_the_sums_of_their_days(
    api: httpx.AsyncClient, period: str, path: str, name: str, start: str
) -> None:
    window = {"start": start, "end": "2026-11-28T00:00:00Z"}
    rows = {row["kpi"]: row for row in await items(api, "/api/v1/kpis", path=path, period=period, **window)}
    days = await items(api, "/api/v1/kpis", path=path, period="day", **window)
    for kpi in ("producing_time", "planned_time", "unknown_time", "failure_count", "loss:idle/READY"):
        assert rows[kpi]["value"] == pytest.approx(sum(row["value"] for row in days if row["kpi"] == kpi))
    told = rows["utilisation"]
    assert told["value"] == pytest.approx(rows["producing_time"]["value"] / rows["planned_time"]["value"])
    assert told["coverage"] == pytest.approx(1 - rows["unknown_time"]["value"] / rows["planned_time"]["value"])
    assert (told["name"], told["start"], told["version"]) == (name, start, 1)
    assert told["end"] == max(row["end"] for row in days)
    assert told["computed"] == max(row["computed"] for row in days)


async def test_without_a_window_the_newest_week_of_everything_is_told(api: httpx.AsyncClient) -> None:
    rows = await items(api, "/api/v1/kpis", period="week", kpi="utilisation", include="inputs")
    assert len(rows) == 11  # the park, two factories, three lines, five machines
    assert {row["name"] for row in rows} == {"2026-W48"}
    within = {"start": "2026-11-22T00:00:00Z", "end": "2026-11-24T00:00:00Z"}
    assert rows == await items(api, "/api/v1/kpis", period="week", kpi="utilisation", include="inputs", **within)
    for row in rows:
        assert row["value"] == pytest.approx(row["inputs"]["producing_time"] / row["inputs"]["planned_time"])


@pytest.mark.parametrize("period", ["week", "month"])
async def test_pages_of_weeks_add_up_to_the_whole(api: httpx.AsyncClient, period: str) -> None:
    asked = {"period": period, "start": "2026-06-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    whole = await items(api, "/api/v1/kpis", limit=10_000, **asked)
    pages = await walk(api, "/api/v1/kpis", limit=97, **asked)
    assert [row for page in pages for row in page] == whole
    keys = [(row["path"], row["period"], row["start"], row["kpi"]) for row in whole]
    assert keys == sorted(set(keys))
    assert len({row["path"] for row in whole}) == 11


async def test_pages_of_the_newest_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    whole = await items(api, "/api/v1/kpis", limit=10_000)
    pages = await walk(api, "/api/v1/kpis", limit=333)
    assert [row for page in pages for row in page] == whole
    assert {row["period"] for row in whole} == {"hour", "shift", "day"}


async def test_a_page_costs_no_more_however_long_the_window_is(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    results = LakeStore.results

    async def counted(self: LakeStore, **asked: Any) -> pl.DataFrame:
        found = await results(self, **asked)
        read.append(found.height)
        return found

    monkeypatch.setattr(LakeStore, "results", counted)
    for window in (
        {"start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z"},
        {"start": "2026-11-21T15:00:00Z", "end": "2027-01-21T00:00:00Z"},
    ):
        read.clear()
        rows = await items(api, "/api/v1/kpis", period="hour", limit=200, **window)
        assert len(rows) == 200
        assert sum(read) < 800


async def test_a_path_that_is_repeated_counts_once(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"period": "day", "kpi": ["utilisation"] * 100}
    once = await items(api, "/api/v1/kpis", path=HOB, **asked)
    assert await items(api, "/api/v1/kpis", path=[HOB] * 100, **asked) == once
    assert len(once) == 1
    problem(await api.get("/api/v1/kpis", params={"path": [HOB] * 101}), 422, "invalid-parameter")


async def test_an_empty_store_is_read_in_few_steps(plant: Plant) -> None:
    store = ResultStore()
    async with (
        plant.parts(open_page=True, store=lambda: store) as parts,
        asking(parts, peer="127.0.0.1", host="localhost") as client,
    ):
        assert await items(client, "/api/v1/kpis") == []
        years = {"start": "2017-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
        answer = (await client.get("/api/v1/kpis", params={"period": "day", **years})).json()
        assert answer == {"items": [], "next_page_token": None}
