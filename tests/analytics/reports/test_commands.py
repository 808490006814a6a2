"""The verbs `report` and `capacity`, on an installation on disk."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from analytics.commands import capacity, report
from analytics.reports.scope import Days
from collector.assembly import open_store
from collector.load import load
from tests.analytics.installation import install
from tests.analytics.reports.told import HOUR, account, local, whole_day, window

RUNNER = CliRunner()
ZONE = "Asia/Shanghai"
PRESS = "works/line-1/press"
FIRST = date(2026, 3, 2)
MARCH = ("--from", "2026-03-02", "--to", "2026-03-16")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log off stdout."""
    with capture_logs():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an installation whose lake holds four weeks of days."""
    configs = install(tmp_path_factory.mktemp("installation") / "configs").parents[1]
    told = []
    for number in range(28):
        stopped = 1.0 if number < 14 else 3.0
        numbers = account(
            not_scheduled_time=16 * HOUR, producing_time=(8 - stopped) * HOUR, unplanned_stop_time=stopped * HOUR
        )
        day = FIRST + timedelta(days=number)
        told += [
            whole_day(
                path,
                day,
                ZONE,
                numbers,
                {"unplanned_stop/液压": stopped * HOUR},
                {"unplanned_stop/液压": 1.0 if number == 3 else 2.0},
            )
            for path in ("works", PRESS)
        ]
    asyncio.run(_store(configs, pl.concat(told)))
    return configs


async def _store(configs: Path, results: pl.DataFrame) -> None:
    async with open_store(load(configs)) as store:
        await store.write_results(results)


def run(folder: Path, *arguments: str) -> Result:
    return RUNNER.invoke(report.app, [*arguments, "-c", str(folder)])


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_holds_all_of_a_report(folder: Path) -> None:
    told = printed(run(folder, "works", "--period", "week", *MARCH, "-o", "json"))
    assert [row["period"] for row in told["periods"]] == ["2026-W10", "2026-W11"]
    assert told["whole"]["utilisation"] == pytest.approx(7 / 8)
    assert told["stops"][0]["reason"] == "液压"
    assert [row["path"] for row in told["machines"]] == [PRESS]
    assert told["first"] == "2026-03-02"
    assert "comparison" not in told


def test_tables_are_for_people(folder: Path) -> None:
    later = ("--from", "2026-03-16", "--to", "2026-03-30", "--compare-from", "2026-03-02", "--compare-to", "2026-03-16")
    shown = run(folder, PRESS, *later)
    assert shown.exit_code == 0, shown.output
    for word in ("Figures by day", "Unplanned stop", "液压", "exceeds"):
        assert word in shown.stdout
    chinese = run(folder, PRESS, *later, "--language", "zh").stdout
    for word in ("各日指标", "日历时间构成", "停机原因帕累托", "次数", "非计划停机", "超出"):
        assert word in chinese


def test_stops_are_counted_in_every_format(folder: Path) -> None:
    table = run(folder, "works", *MARCH).stdout
    (row,) = [line for line in table.splitlines() if "液压" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "液压",
        "Unplanned stop",
        "27",
        "14.0",
        "100.0",
        "100.0",
        "31.1",
    ]
    expected = {"times": 27, "seconds": 14 * HOUR, "mean_seconds": pytest.approx(14 * HOUR / 27)}
    (told,) = printed(run(folder, "works", *MARCH, "-o", "json"))["stops"]
    assert expected.items() <= told.items()
    csv = run(folder, "works", *MARCH, "-o", "csv", "--table", "stops").stdout
    assert csv.splitlines()[0] == "path,loss,reason,times,seconds,share,cumulative,mean_seconds"
    assert csv.splitlines()[1].startswith("works,unplanned_stop,液压,27,50400.0,")
    page = run(folder, "works", *MARCH, "-o", "html", "--lang", "zh").stdout
    assert "<th>次数</th><th>小时</th><th>占比</th><th>累计占比</th><th>平均时长 min</th>" in page
    assert "<td>27</td><td>14.0</td><td>100.0%</td><td>100.0%</td><td>31.1</td>" in page


def test_a_page_is_written_in_either_language(folder: Path, tmp_path: Path) -> None:
    for language, word in (("zh", "停机原因"), ("en", "Stops by reason")):
        out = tmp_path / f"{language}.html"
        assert run(folder, *MARCH, "-o", "html", "--lang", language, "--out", str(out)).exit_code == 0
        text = out.read_text(encoding="utf-8")
        assert text.startswith("<!DOCTYPE html>")
        assert word not in text  # of the park there are no results
        assert run(folder, "works", *MARCH, "-o", "html", "--lang", language, "--out", str(out)).exit_code == 0
        assert word in out.read_text(encoding="utf-8")


def test_csv_and_parquet_hold_one_table(folder: Path, tmp_path: Path) -> None:
    csv = run(folder, "works", *MARCH, "-o", "csv")
    assert csv.exit_code == 0
    assert len(csv.stdout.splitlines()) == 1 + 2 * 14
    assert csv.stdout.startswith("path,period,first,")
    out = tmp_path / "stops.parquet"
    assert run(folder, "works", *MARCH, "-o", "parquet", "--table", "stops", "--out", str(out)).exit_code == 0
    assert pl.read_parquet(out).select("loss", "reason", "seconds").rows() == [("unplanned_stop", "液压", 14 * HOUR)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["works/line"], "did you mean"),
        (["--period", "hour"], "no period of a report"),
        (["--from", "2026-03-02"], "give both --from and --to"),
        (["--from", "2026-03-02", "--to", "2.3."], "write one like 2026-03-02"),
        (["--from", "2026-03-02", "--to", "2026-03-02"], "is not before"),
        (["-o", "parquet"], "needs --out"),
        (["-o", "csv", "--table", "comparison"], "needs --compare-from"),
    ],
)
def test_a_wrong_call_is_told(folder: Path, arguments: list[str], told: str) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_file_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    result = run(folder, *MARCH, "-o", "html", "--out", str(tmp_path / "nowhere" / "report.html"))
    assert result.exit_code == 1
    assert "cannot write" in result.stderr


def test_capacity_tells_coming_shifts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = account(producing_time=6 * HOUR, idle_time=2 * HOUR)
    days = (FIRST + timedelta(days=number) for number in range(-14, 0))
    past = [
        window(PRESS, "shift", local(day, ZONE, time(8)), local(day, ZONE, time(16)), hours, name="day") for day in days
    ]
    asyncio.run(_store(folder, pl.concat(past)))
    now, _ = Days(FIRST, FIRST + timedelta(days=1)).instants(load(folder).park.factories[0].zone)
    monkeypatch.setattr(capacity, "_now", lambda: now)
    told = printed(RUNNER.invoke(capacity.app, ["--days", "1", "-c", str(folder), "-o", "json"]))
    assert [(row["path"], row["planned_s"]) for row in told] == [("works/line-1", 8 * HOUR), (PRESS, 8 * HOUR)]
    assert told[1]["idle_s"] == pytest.approx(2 * HOUR)
    assert told[1]["based_on"] == 14
    table = RUNNER.invoke(capacity.app, [PRESS, "--days", "2", "-c", str(folder)])
    assert table.exit_code == 0
    assert "Mon 03-02 08:00-16:00 day" in table.stdout
    chinese = RUNNER.invoke(capacity.app, ["--days", "1", "--language", "zh", "-c", str(folder)]).stdout
    assert "空闲产能" in chinese
    assert "周一 03-02 08:00-16:00 day" in chinese


def test_capacity_of_nothing_is_a_wrong_call(folder: Path) -> None:
    result = RUNNER.invoke(capacity.app, ["nowhere", "-c", str(folder)])
    assert result.exit_code == 2
    assert "is nothing in this park" in result.stderr
