"""What lies behind one number, through the API."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from datetime import datetime, timedelta

import httpx
import pytest

from analytics.timeline import Reader
from tests.api.client import items, problem
from tests.api.plant import HOB, WASHER


def at(path: str) -> str:
    return f"/api/v1/equipment/{path}/explanation"


async def test_a_day_is_explained_as_it_is_stored(api: httpx.AsyncClient) -> None:
    told = (await api.get(at(HOB), params={"window": "2026-11-23"})).json()
    assert (told["path"], told["period"], told["time_zone"]) == (HOB, "day", "Asia/Shanghai")
    assert (told["start"], told["end"]) == ("2026-11-22T16:00:00Z", "2026-11-23T16:00:00Z")
    day = {"path": HOB, "period": "day", "start": told["start"], "end": told["end"]}
    stored = {row["kpi"]: row["value"] for row in await items(api, "/api/v1/kpis", **day)}
    assert {row["slug"]: row["value"] for row in told["kpis"]}.items() <= stored.items()
    assert told["account"].items() <= stored.items()
    assert sum(row["seconds"] for row in told["losses"] if row["depth"] == 1) == 86_400
    assert told["intervals"][0]["start"] == told["start"]
    assert told["intervals"][-1]["end"] == told["end"]
    assert all(
        one["end"] == other["start"] for one, other in zip(told["intervals"], told["intervals"][1:], strict=False)
    )


async def test_a_kpi_that_is_null_says_what_to_configure(api: httpx.AsyncClient) -> None:
    told = (await api.get(at(HOB), params={"window": "2026-11-23"})).json()
    (oee,) = [row for row in told["kpis"] if row["slug"] == "oee"]
    assert oee["value"] is None
    assert HOB in oee["note"]


async def test_notes_come_in_chinese_where_it_is_asked_for(api: httpx.AsyncClient) -> None:
    told = (await api.get(at(HOB), params={"window": "2026-11-23", "lang": "zh"})).json()
    (energy,) = [row for row in told["kpis"] if row["slug"] == "energy_per_part"]
    note = f"没有电能表：请为 {HOB} 的某个信号设置 `role: energy`"
    assert energy["note"] == note
    asked = {"path": HOB, "period": "day", "kpi": "energy_per_part", "lang": "zh"}
    assert {row["note"] for row in await items(api, "/api/v1/kpis", **asked)} == {note}
    problem(await api.get(at(HOB), params={"window": "2026-11-23", "lang": "de"}), 422, "invalid-parameter")


async def test_a_window_that_is_none_says_what_to_write(api: httpx.AsyncClient) -> None:
    answer = await api.get(at(HOB), params={"window": "monday"})
    assert "2026-03-02/night" in problem(answer, 422, "invalid-parameter")["errors"][0]["detail"]


async def test_equipment_that_is_not_there(api: httpx.AsyncClient) -> None:
    answer = await api.get(at("gears/hobbing/hob-09"), params={"window": "2026-11-23"})
    assert "hob-01" in problem(answer, 404, "unknown-asset")["detail"]


async def test_equipment_without_a_state_has_an_empty_account(api: httpx.AsyncClient) -> None:
    answer = await api.get(at(WASHER), params={"window": "2026-11-23"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["intervals"] == []
    assert told["version"] == 0


@pytest.mark.parametrize(
    ("window", "period", "start"),
    [
        ("2026-11-23", "day", "2026-11-22T16:00:00Z"),
        ("2026-11-23T08:00", "hour", "2026-11-23T00:20:00Z"),  # any instant of it
        ("2026-11-23/all", "shift", "2026-11-22T16:00:00Z"),
    ],
)
async def test_a_window_is_asked_for_as_its_numbers_have_it(
    api: httpx.AsyncClient, window: str, period: str, start: str
) -> None:
    former = await api.get(at(HOB), params={"window": window})
    asked = {"path": HOB, "period": period, "start": start}
    answer = await api.get("/api/v1/explanations", params=asked)
    assert answer.status_code == former.status_code == 200
    assert answer.json() == former.json()
    assert former.headers["link"] == f'</api/v1/explanations?path={HOB}>; rel="successor-version"'
    assert answer.json()["period"] == period


async def test_a_window_that_is_none_of_the_machine(api: httpx.AsyncClient) -> None:
    press = {"path": "moulds/injection/im-01", "period": "shift", "start": "2026-11-23T23:00:00Z"}
    told = problem(await api.get("/api/v1/explanations", params=press), 422, "invalid-parameter")
    assert told["detail"] == "start: no shift of moulds/injection/im-01 holds 2026-11-23T23:00:00Z"
    for change, status, kind in (
        ({"path": "gears/hobbing/hob-09"}, 404, "unknown-asset"),
        ({"period": "week"}, 422, "invalid-parameter"),
        ({"start": "yesterday"}, 422, "invalid-parameter"),
    ):
        problem(await api.get("/api/v1/explanations", params={**press, **change}), status, kind)


async def test_a_window_that_runs_is_explained_as_far_as_its_numbers_go(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontiers = Reader.frontiers

    async def later(self: Reader, now: datetime) -> dict[str, datetime]:
        """Tell what has come since the numbers were computed."""
        return {path: end + timedelta(minutes=20) for path, end in (await frontiers(self, now)).items()}

    monkeypatch.setattr(Reader, "frontiers", later)
    told = (await api.get("/api/v1/explanations", params={"path": HOB, "start": "2026-11-24T02:00:00Z"})).json()
    day = {"path": HOB, "period": "day", "start": told["start"], "end": "2026-11-24T16:00:00Z", "kpi": "utilisation"}
    [stored] = await items(api, "/api/v1/kpis", **day)
    assert told["end"] == told["intervals"][-1]["end"] == stored["end"] < day["end"]
    [utilisation] = [row for row in told["kpis"] if row["slug"] == "utilisation"]
    inputs = utilisation["inputs"]
    assert utilisation["value"] == inputs["producing_time"] / inputs["planned_time"] == stored["value"]
