"""Reports, comparisons, pages and idle capacity over HTTP."""

from typing import Any

import httpx
import pytest

from analytics.kpis.contract import ACCOUNT
from tests.api.client import asking, items, problem, walk
from tests.api.plant import GRINDER, HOB, WASHER, Plant

DAYS = {"start": "2026-11-21T16:00:00Z", "end": "2026-11-24T16:00:00Z"}
"""22 to 24 November in Shanghai."""

BEFORE = {"before_start": "2026-11-20T16:00:00Z", "before_end": "2026-11-22T16:00:00Z"}


async def read(api: httpx.AsyncClient, url: str, **parameters: Any) -> dict[str, Any]:
    answer = await api.get(url, params=parameters)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_days_add_up_to_the_whole_and_to_their_losses(api: httpx.AsyncClient) -> None:
    told = await read(api, "/api/v1/reports/losses", path=HOB, **DAYS)
    assert (told["first"], told["until"], told["time_zone"]) == ("2026-11-22", "2026-11-25", "Asia/Shanghai")
    assert [row["name"] for row in told["periods"]] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    whole = told["whole"]
    assert whole["account"].keys() == set(ACCOUNT)
    for name in ("calendar_time", "producing_time", "idle_time"):
        days = sum(row["account"][name] for row in told["periods"])
        assert whole["account"][name] == pytest.approx(days)
        assert next(row["seconds"] for row in told["losses"] if row["loss"] == name) == pytest.approx(days)
    ratio = whole["account"]["producing_time"] / whole["account"]["planned_time"]
    assert whole["kpis"]["utilisation"] == pytest.approx(ratio)
    stopped = sum(whole["account"][f"{loss}_time"] for loss in ("unplanned_stop", "setup", "micro_stop", "idle", "off"))
    assert sum(row["seconds"] for row in told["stops"]) == pytest.approx(stopped)


async def test_a_report_agrees_with_the_numbers_of_its_days(api: httpx.AsyncClient) -> None:
    told = await read(api, "/api/v1/reports/losses", path="gears", **DAYS)
    numbers = await items(api, "/api/v1/kpis", path="gears", period="day", kpi="utilisation", **DAYS)
    for row, number in zip(told["periods"], numbers, strict=True):
        assert (row["start"], row["end"]) == (number["start"], number["end"])
        assert row["kpis"]["utilisation"] == pytest.approx(number["value"])
        assert row["coverage"] == pytest.approx(number["coverage"])


async def test_weeks_and_months_are_sums_of_days(api: httpx.AsyncClient) -> None:
    weeks = await read(api, "/api/v1/reports/losses", path=HOB, period="week", **DAYS)
    assert [(row["name"], row["days"]) for row in weeks["periods"]] == [("2026-W47", 1), ("2026-W48", 2)]
    months = await read(api, "/api/v1/reports/losses", path=HOB, period="month")
    assert [row["name"] for row in months["periods"]] == ["2026-11"]
    assert months["first"] == "2025-12-01"


async def test_without_a_path_the_park_is_meant(api: httpx.AsyncClient) -> None:
    told = await read(api, "/api/v1/reports/losses")
    assert (told["path"], told["until"]) == ("riverside", "2026-11-25")
    assert told["periods"]


async def test_what_has_no_results_is_an_empty_report(api: httpx.AsyncClient) -> None:
    past = {"start": "2020-02-01T00:00:00Z", "end": "2020-03-01T00:00:00Z"}
    told = await read(api, "/api/v1/reports/losses", path=WASHER, **past)
    assert (told["whole"], told["periods"], told["losses"], told["stops"]) == (None, [], [], [])


async def test_two_periods_compare(api: httpx.AsyncClient) -> None:
    told = await read(api, "/api/v1/reports/comparison", path=HOB, **DAYS, **BEFORE)
    assert told["before"] == {"first": "2026-11-21", "until": "2026-11-23"}
    kinds = [row["kind"] for row in told["items"]]
    assert kinds == sorted(kinds, key=["kpi", "loss", "reason"].index)
    row = next(one for one in told["items"] if one["name"] == "utilisation")
    assert row["change"] == pytest.approx(row["after"] - row["before"])
    assert row["verdict"] == "too_few_days"


@pytest.mark.parametrize(("lang", "text"), [("zh", "1 号滚齿机"), ("en", "Hobbing machine 1")])
async def test_a_page_is_one_file_under_a_strict_policy(api: httpx.AsyncClient, lang: str, text: str) -> None:
    answer = await api.get("/api/v1/reports/page", params={"path": HOB, "lang": lang, **DAYS, **BEFORE})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert text in answer.text
    assert "http" not in answer.text
    assert answer.text.count("<svg") == 3


async def test_other_answers_keep_their_policy(api: httpx.AsyncClient) -> None:
    assert "style-src 'self'" in (await api.get("/")).headers["content-security-policy"]
    data = (await api.get("/api/v1/reports/losses")).headers
    assert data["content-security-policy"].startswith("default-src 'none'; frame-ancestors")
    assert data["cache-control"] == "private, no-cache"


async def test_a_page_needs_a_key(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts) as stranger:
        problem(await stranger.get("/api/v1/reports/page"), 401, "unauthorized")


async def test_idle_capacity_is_told_of_lines_and_machines(api: httpx.AsyncClient) -> None:
    found = await items(api, "/api/v1/idle-capacity", path="gears", days=2)
    assert list(dict.fromkeys(row["path"] for row in found)) == [
        "gears/hobbing",
        HOB,
        "gears/hobbing/hob-02",
        "gears/grinding",
        GRINDER,
    ]
    first = next(row for row in found if row["path"] == HOB)
    assert (first["start"], first["end"]) == ("2026-11-24T08:15:00Z", "2026-11-24T16:00:00Z")  # the rest of today
    assert first["planned_s"] == 27900.0
    assert (first["idle_s"], first["based_on"]) == (None, 2)  # the park has lived for two whole days
    assert "4 are needed" in first["note"]


async def test_pages_of_idle_capacity_add_up(api: httpx.AsyncClient) -> None:
    asked = {"days": 9, "start": "2026-11-24T09:00:00Z"}
    whole = await items(api, "/api/v1/idle-capacity", **asked)
    pages = await walk(api, "/api/v1/idle-capacity", limit=7, **asked)
    assert len(pages) > 3
    assert [row for page in pages for row in page] == whole
    assert next(row["path"] for row in whole) == "gears/hobbing"


@pytest.mark.parametrize(
    ("url", "parameters", "status", "kind"),
    [
        ("reports/losses", {"path": "gears/hobing"}, 404, "unknown-asset"),
        ("reports/losses", {"period": "hour"}, 422, "invalid-parameter"),
        ("reports/losses", {"start": "2026-11-24T00:00:00Z"}, 422, "invalid-parameter"),
        ("reports/losses", {"start": DAYS["end"], "end": DAYS["start"]}, 422, "invalid-parameter"),
        (
            "reports/losses",
            {"start": "2020-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
            422,
            "invalid-parameter",
        ),
        (
            "reports/losses",
            {"start": "2026-11-24T01:00:00Z", "end": "2026-11-24T02:00:00Z"},
            422,
            "invalid-parameter",
        ),
        ("reports/losses", {"perid": "day"}, 422, "invalid-parameter"),
        ("reports/comparison", DAYS, 422, "invalid-parameter"),
        ("reports/page", {"before_end": DAYS["end"]}, 422, "invalid-parameter"),
        ("reports/page", {"lang": "de"}, 422, "invalid-parameter"),
        ("idle-capacity", {"days": 0}, 422, "invalid-parameter"),
        ("idle-capacity", {"page_token": "WyIiLDFd"}, 422, "invalid-parameter"),
        ("idle-capacity", {"path": "nowhere"}, 404, "unknown-asset"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, url: str, parameters: dict[str, Any], status: int, kind: str
) -> None:
    problem(await api.get(f"/api/v1/{url}", params=parameters), status, kind)
