"""The verb `fault`: detectors, what they would have told of tables and of what is stored, and learning again."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from analytics import relearning
from analytics.commands import fault, replay
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Baseline, Indicator
from analytics.healthlog import write_baselines, write_health
from analytics.tablefaults import LEAST, choosable
from collector.assembly import open_records
from collector.load import load
from tests.analytics.installation import LINE, install, record

RUNNER = CliRunner()
PRESS = "works/line-1/press"
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
ROWS, TRAIN, FAULT = 1200, 400, 900


def run(*arguments: object) -> Result:
    return RUNNER.invoke(fault.app, [str(one) for one in arguments], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four signals that move together, until one of them no longer does."""
    chance = np.random.default_rng(7)
    together = chance.normal(size=ROWS)
    values = np.stack([together * part + chance.normal(size=ROWS) * 0.3 for part in (1.0, 0.8, -0.5, 0.2)], 1)
    values[FAULT:, 1] += 4
    columns = {f"s{place}": values[:, place] for place in range(4)}
    times = [BEGIN + timedelta(seconds=row) for row in range(ROWS)]
    labels = [float(row >= FAULT) for row in range(ROWS)]
    file = tmp_path_factory.mktemp("tables") / "pump.parquet"
    pl.DataFrame({"at": times, **columns, "anomaly": labels}).write_parquet(file)
    return file


def test_the_catalogue_is_listed_with_what_can_be_set() -> None:
    told = json.loads(run("list", "-o", "json").stdout)
    assert [one["detector"] for one in told] == [*(one.slug for one in DETECTORS), "health"]
    (ewma,) = (one for one in told if one["detector"] == "ewma")
    assert ewma["learns"]
    assert ewma["parameters"]["weight"]["default"] == 0.1
    assert ewma["parameters"]["weight"]["maximum"] == 1
    assert "Weight of the newest value" in ewma["parameters"]["weight"]["description"]
    assert "均值" in run("list").stdout


def test_a_table_is_replayed_and_each_onset_names_the_signals_that_moved(table: Path) -> None:
    found = run("replay", "--file", table, "--time", "at", "--train", TRAIN, "--signals", "s0,s1,s2,s3", "-o", "json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["rows"], told["trained_rows"], told["signals"]) == (ROWS, TRAIN, ["s0", "s1", "s2", "s3"])
    (onset,) = (one for one in told["onsets"] if one["row"] >= FAULT)
    assert onset["detector"] == "multivariate"
    assert FAULT <= onset["row"] < FAULT + 60
    assert datetime.fromisoformat(onset["time"]) == BEGIN + timedelta(seconds=onset["row"])
    assert onset["signals"][0]["signal"] == "s1"
    assert 0.5 < onset["signals"][0]["contribution"] <= 1
    assert [one for one in told["onsets"] if one["row"] < FAULT] == []
    assert "s1" in onset["message"]["zh"]


def test_a_label_that_stood_still_while_it_learned_changes_nothing(table: Path) -> None:
    with_label = json.loads(run("replay", "--file", table, "--time", "at", "--train", TRAIN, "-o", "json").stdout)
    without = run("replay", "--file", table, "--time", "at", "--train", TRAIN, "--signals", "s0,s1,s2,s3", "-o", "json")
    rows = [one["row"] for one in json.loads(without.stdout)["onsets"]]
    assert [one["row"] for one in with_label["onsets"]] == rows


def test_rows_between_whole_seconds_keep_their_numbers(table: Path, tmp_path: Path) -> None:
    whole = pl.read_parquet(table)
    between = tmp_path / "pump.parquet"
    whole.with_columns(pl.col("at") + timedelta(milliseconds=300)).write_parquet(between)
    told = [json.loads(run("replay", "--file", file, "--time", "at", "-o", "json").stdout) for file in (table, between)]
    (rows, same) = ([(one["row"], one["end_row"]) for one in one_told["onsets"]] for one_told in told)
    assert rows == same
    assert rows


def test_a_table_in_which_nothing_moves_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "still.csv"
    file.write_text("time,a,b\n" + "".join(f"{row},1,2\n" for row in range(200)), encoding="utf-8")
    told = run("replay", "--file", file, "-o", "json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["onsets"] == []


@pytest.mark.parametrize("detector", sorted(choosable()))
def test_every_detector_that_needs_nothing_can_be_chosen(table: Path, detector: str) -> None:
    found = run("replay", "--file", table, "--time", "at", "--train", TRAIN, "--detector", detector, "-o", "json")
    assert found.exit_code == 0, found.output
    assert {one["detector"] for one in json.loads(found.stdout)["onsets"]} <= {detector}


def test_a_table_for_people_is_in_their_language(table: Path) -> None:
    found = run("replay", "--file", table, "--time", "at", "--lang", "zh")
    assert "检测器" in found.stdout
    assert "multivariate" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "write either --file with a recorded table, or --from with the time to replay"),
        (["--time", "when"], "has no column 'when'"),
        (["--time", "at", "--detector", "ewmaa"], "no detector 'ewmaa' that needs nothing configured; did you mean"),
        (["--time", "at", "--detector", "counter"], "no detector 'counter' that needs nothing configured"),
        (["--time", "at", "--signals", "s1,s1"], "has one column of numbers, 's1', and multivariate looks at two"),
        (["--time", "at", "--train", str(ROWS)], f"has {ROWS} rows, and {ROWS} were to be learned from"),
        (["--time", "at", "--train", "10"], f"10 rows are too few to learn from; write {LEAST} or more"),
        (["--time", "at", "--path", PRESS], "--path goes with --from alone"),
        (["--time", "at", "--to", "2026-03-02"], "--to goes with --from alone"),
    ],
)
def test_what_cannot_be_replayed_is_told(table: Path, arguments: list[str], told: str) -> None:
    found = run("replay", *(["--file", table] if arguments else []), *arguments)
    assert found.exit_code == 2
    assert told in found.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an installation."""
    install(tmp_path)
    return tmp_path


def recorded(folder: Path, work: Any) -> Any:
    """Do something with the records of an installation."""

    async def do() -> Any:
        async with open_records(load(folder)) as records:
            return await records.run(work)

    return asyncio.run(do())


def test_what_is_stored_is_replayed_without_being_logged(folder: Path) -> None:
    found = run("replay", "--from", "2026-03-02", "--to", "2026-03-03", "-c", folder, "-o", "json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout) == {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z", "alerts": []}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "yesterday"], "--from: 'yesterday' is no instant; write one like 2026-03-02"),
        (["--from", "2026-03-03", "--to", "2026-03-02"], "--to must come after --from"),
        (["--from", "2026-03-02", "--detector", "none"], "there is no detector 'none'"),
        (
            ["--from", "2026-03-02", "--detector", "health"],
            "there is no detector 'health' to replay; there are limit, ",
        ),
        (["--from", "2026-03-02", "--detector", "link"], "there is no detector 'link' to replay"),
        (["--from", "2026-03-02", "--path", "nowhere"], "'nowhere' is nothing in this park"),
        (["--from", "2026-03-02", "--path", f"{PRESS}/forc"], f"did you mean `{PRESS}/force`?"),
        (["--from", "2026-03-02", "--time", "at"], "--time goes with --file alone"),
        (["--from", "2026-03-02", "--train", "400"], "--train goes with --file alone"),
        (["--from", "2026-03-02", "--signals", "s1"], "--signals goes with --file alone"),
    ],
)
def test_a_time_that_cannot_be_replayed_is_told(folder: Path, arguments: list[str], told: str) -> None:
    found = run("replay", *arguments, "-c", folder)
    assert found.exit_code == 2
    assert told in found.stderr


def test_one_signal_is_replayed_without_those_that_tell_its_machines_state(folder: Path) -> None:
    file = folder / "lines" / "line-1.yaml"
    rule = "    state_from: {kind: threshold, signal: force, on: 5}\n    signals:\n"
    state = "        role: state\n        states: {RUN: producing, WAIT: idle}\n"
    file.write_text(LINE.replace("    signals:\n", rule).replace(state, ""), encoding="utf-8")
    played = RUNNER.invoke(replay.app, [str(file), str(record(folder / "recorded"))])
    assert played.exit_code == 0, played.output

    def seen(path: str) -> list[str]:
        day = ("--from", "2026-03-02", "--to", "2026-03-03")
        found = run("replay", *day, "--path", path, "-c", folder, "-o", "json")
        assert found.exit_code == 0, found.output
        return [one["signal"].removeprefix(f"{PRESS}/") for one in json.loads(found.stdout)["alerts"]]

    assert seen("park") == seen("works") == seen(PRESS) == ["force", "trouble"]
    assert seen(f"{PRESS}/trouble") == ["trouble"]
    assert seen(f"{PRESS}/execution") == []


def test_learning_again_is_asked_of_the_watcher(folder: Path) -> None:
    found = run("learn", PRESS, "-c", folder)
    assert found.exit_code == 0, found.output
    assert [one.path for one in recorded(folder, relearning.read_requests)] == [PRESS]


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (["works/line-1/pres"], "there is no machine or signal 'works/line-1/pres'; did you mean", 2),
        ([PRESS, "--from", "2026-03-02"], "write both --from and --to, or neither", 2),
        ([PRESS, "--from", "2026-03-03", "--to", "2026-03-02"], "--to must come after --from", 2),
        ([PRESS, "--from", "2026-03-02", "--to", "2026-03-03"], "nothing could be learned from that time", 1),
    ],
)
def test_what_cannot_be_learned_is_told(folder: Path, arguments: list[str], told: str, code: int) -> None:
    found = run("learn", *arguments, "-c", folder)
    assert found.exit_code == code
    assert told in found.stderr
    assert recorded(folder, relearning.read_requests) == []


def test_baselines_are_shown_newest_first(folder: Path) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    for mean in (1.0, 2.0, 2.0):
        one = Baseline(f"{PRESS}/force", "", 0, 9 * 10**9, 60, {"mean": mean})
        recorded(folder, lambda connection, one=one: write_baselines(connection, "ewma", [one], now))
    newest = json.loads(run("baselines", PRESS, "-c", folder, "-o", "json").stdout)
    assert [(one["version"], one["model"]["mean"], one["to"]) for one in newest] == [(2, 2.0, "1970-01-01T00:00:09Z")]
    assert len(json.loads(run("baselines", "--all", "-c", folder, "-o", "json").stdout)) == 2
    assert json.loads(run("baselines", f"{PRESS}/trouble", "-c", folder, "-o", "json").stdout) == []
    assert json.loads(run("baselines", "park", "-c", folder, "-o", "json").stdout) == newest


def test_health_is_shown_with_what_costs_points(folder: Path) -> None:
    park, now = load(folder).park, datetime.now(UTC)
    at = int(now.timestamp()) * 10**9
    near = ("ewma", Indicator(PRESS, f"{PRESS}/force", "ewma", at, 1.0, 1.0))
    recorded(folder, lambda connection: write_health(connection, park, [near], now))
    (told,) = json.loads(run("health", "-c", folder, "-o", "json").stdout)
    assert (told["equipment"], told["score"]) == (PRESS, 80.0)
    assert [(part["detector"], part["lost"]) for part in told["parts"]] == [("ewma", 20.0)]
    assert json.loads(run("health", "park", "-c", folder, "-o", "json").stdout) == [told]
    assert "均值偏移" in run("health", PRESS, "-c", folder, "--lang", "zh").stdout


@pytest.mark.parametrize(("verb", "path"), [("health", f"{PRESS}/force"), ("health", "work"), ("baselines", "work")])
def test_a_path_of_nothing_is_told(folder: Path, verb: str, path: str) -> None:
    found = run(verb, path, "-c", folder)
    assert found.exit_code == 2
    assert f"{path!r} is nothing in this park; did you mean `" in found.stderr


def test_machines_that_the_park_no_longer_has_are_left_out(folder: Path) -> None:
    now = datetime.now(UTC)
    press = folder / "lines" / "line-1.yaml"
    press.write_text(LINE.replace("id: press", "id: mill"), encoding="utf-8")
    mill, park = "works/line-1/mill", load(folder).park
    press.write_text(LINE, encoding="utf-8")
    near = ("ewma", Indicator(mill, f"{mill}/force", "ewma", int(now.timestamp()) * 10**9, 1.0, 1.0))
    learned = [Baseline(subject, "", 0, 9 * 10**9, 60, {"mean": 1.0}) for subject in (mill, f"{mill}/force")]
    recorded(folder, lambda connection: write_health(connection, park, [near], now))
    recorded(folder, lambda connection: write_baselines(connection, "ewma", learned, now))
    assert json.loads(run("health", "-c", folder, "-o", "json").stdout) == []
    assert json.loads(run("baselines", "-c", folder, "-o", "json").stdout) == []
