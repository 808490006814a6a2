"""The verb `parkline view`."""

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from adapters.registry import store_kind
from adapters.stores.contract import RESULTS
from analytics.kpis.contract import ACCOUNT
from analytics.opentables import read_progress
from api.commands.key import app as keys
from api.commands.view import app
from collector.records import Records
from tests.analytics.opened import account

DAYS = (date(2026, 3, 2), date(2026, 3, 3))
FACTORIES = ("north", "south", "east")
MACHINES = ("m1", "m2")

PARKLINE = """\
store: { kind: lake, folder: data/lake }
records: { url: "sqlite:///data/records.db" }
open_data:
  pseudonym_key: ${env:PARKLINE_PSEUDONYMS}
  views:
    city: { title: { en: City }, dataset: kpis, by: class, period: day, kpis: [utilisation], since: 2026-03-02 }
    bank: { title: { en: Bank }, dataset: kpis, by: line, period: day, kpis: [utilisation], since: 2026-03-02,
            contract: with the bank, at_least: { factories: 1, machines: 1 } }
"""
LINE = """\
line: hall
factory: FACTORY
sources: [ { name: plc-FACTORY, kind: replay, files: [ recording.csv ] } ]
equipment:
  - { id: m1, equipment_class: mill, signals: [ { name: f1, source: plc-FACTORY, type: float, item: A } ] }
  - { id: m2, equipment_class: KIND, signals: [ { name: f2, source: plc-FACTORY, type: float, item: B } ] }
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARKLINE_PSEUDONYMS", "p" * 32)
    factories = ", ".join(f"{{ id: {one}, time_zone: UTC, calendar: always }}" for one in FACTORIES)
    always = '{ always: { shifts: [ { name: all, start: "00:00", end: "00:00" } ] } }'
    (tmp_path / "lines").mkdir()
    (tmp_path / "parkline.yaml").write_text(PARKLINE, encoding="utf-8")
    (tmp_path / "park.yaml").write_text(
        f"id: park\ncalendars: {always}\nfactories: [ {factories} ]\n", encoding="utf-8"
    )
    (tmp_path / "lines" / "recording.csv").write_text("time,item,value\n", encoding="utf-8")
    for one in FACTORIES:
        text = LINE.replace("FACTORY", one).replace("KIND", "saw" if one == "north" else "mill")
        (tmp_path / "lines" / f"{one}.yaml").write_text(text, encoding="utf-8")
    asyncio.run(lives(tmp_path))
    return tmp_path


async def lives(folder: Path) -> None:
    """Have the days of every machine stored."""
    rows = [
        {
            "path": path,
            "period": "day",
            "name": "",
            "start": datetime(day.year, day.month, day.day, tzinfo=UTC),
            "end": datetime(day.year, day.month, day.day + 1, tzinfo=UTC),
            "kpi": kpi,
            "value": value,
            "coverage": 1.0,
            "computed": datetime(2026, 3, 5, tzinfo=UTC),
            "version": 1,
            "reason": "",
            "note": "",
        }
        for path in (f"{factory}/hall/{machine}" for factory in FACTORIES for machine in MACHINES)
        for day in DAYS
        for kpi, value in account(path, day).items()
    ]
    assert len(rows) == 6 * 2 * len(ACCOUNT)
    lake = store_kind("lake")
    async with lake.create(lake.settings.model_validate({"folder": folder / "data" / "lake"})) as store:
        await store.write_results(pl.DataFrame(rows, schema=RESULTS))


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def shown(config: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(config, *arguments, "-o", "json")
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_a_preview_shows_what_a_consumer_would_see_and_tells_nothing(config: Path) -> None:
    rows = shown(config, "preview", "city", "--to", "2026-03-04")
    assert [(row["start"], row["group"], row["suppressed"]) for row in rows] == [
        ("2026-03-02", "mill", False),
        ("2026-03-03", "mill", False),
    ]

    async def told() -> int:
        async with Records(f"sqlite:///{config}/data/records.db") as records:
            return (await records.run(lambda connection: read_progress(connection, "accounts"))).number

    assert asyncio.run(told()) == 0


def test_an_explanation_says_why_a_cell_is_suppressed_and_names_it(config: Path) -> None:
    saw, mill = sorted(
        shown(config, "preview", "city", "--to", "2026-03-03", "--explain"), key=lambda row: row["machines"]
    )
    assert (mill["is"], mill["factories"], mill["machines"]) == ("mill", 3, 5)
    assert mill["told"] == "base"
    assert (saw["is"], saw["told"], saw["not told"]) == ("saw", "", "base: too few factories or machines")
    lines = shown(config, "preview", "bank", "--to", "2026-03-03", "--explain")
    assert {row["is"] for row in lines} == {f"{one}/hall" for one in FACTORIES}
    assert not {row["group"] for row in lines} & {row["is"] for row in lines}


def test_a_check_tells_how_much_is_suppressed(config: Path) -> None:
    city, bank = shown(config, "check")
    assert (city["view"], city["cells"], city["told"], city["told %"]) == ("city", 4, 2, 50.0)
    assert city["too few factories or machines"] == 2
    assert bank["told %"] == 100.0


def test_a_check_names_the_numbers_that_are_never_told(config: Path) -> None:
    text = (config / "parkline.yaml").read_text(encoding="utf-8")
    (config / "parkline.yaml").write_text(text.replace("[utilisation]", "[utilisation, energy, oee]", 1), "utf-8")
    city, bank = shown(config, "check")
    assert (city["told"], city["never told"], bank["never told"]) == (2, "energy oee", "")


def test_a_view_that_tells_nothing_fails_the_check(config: Path) -> None:
    text = (config / "parkline.yaml").read_text(encoding="utf-8")
    (config / "parkline.yaml").write_text(
        text.replace("period: day, kpis", "period: day, at_least: {machines: 50}, kpis", 1), encoding="utf-8"
    )
    done = run(config, "check")
    assert done.exit_code == 1
    assert "nothing is told by city: see `parkline view preview city --explain`" in done.stderr


def test_the_views_are_listed_with_who_has_keys(config: Path) -> None:
    made = CliRunner().invoke(keys, ["create", "the city", "--view", "city", "--config", str(config)])
    assert made.exit_code == 0, made.output
    city, bank = shown(config, "list")
    assert (city["view"], city["keys"], city["at least"]) == ("city", "the city", "3 factories, 5 machines")
    assert city["told until"] is None
    assert (bank["contract"], bank["keys"]) == ("with the bank", "")


def test_a_key_is_for_views_that_are_there_and_go_together(config: Path) -> None:
    wrong = CliRunner().invoke(keys, ["create", "x", "--view", "cty", "--config", str(config)])
    assert wrong.exit_code == 2
    assert "there is no view 'cty'; did you mean `city`?" in wrong.stderr
    both = CliRunner().invoke(keys, ["create", "x", "--view", "city", "--view", "bank", "--config", str(config)])
    assert both.exit_code == 2
    assert "'city' cannot be read beside a view with a contract about the same numbers" in both.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["preview", "ctiy"], "there is no view 'ctiy'; did you mean `city`?"),
        (["preview", "city", "--from", "monday"], "--from: 'monday' is no day; write it like 2026-03-02"),
    ],
)
def test_a_wrong_call_says_what_to_write(config: Path, arguments: list[str], told: str) -> None:
    done = run(config, *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_without_views_it_says_where_to_write_them(config: Path) -> None:
    (config / "parkline.yaml").write_text(PARKLINE.partition("open_data:")[0], encoding="utf-8")
    done = run(config, "check")
    assert done.exit_code == 2
    assert "write one under `open_data: views:` in parkline.yaml" in done.stderr
