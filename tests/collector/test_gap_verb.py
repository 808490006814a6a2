"""The verb `gap`, as an engineer types it: list the ledger, fill from files, close."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from adapters.sources.contract import GapKind
from collector.assembly import open_records, open_spool
from collector.commands import gap
from collector.deadletters import read_dead_letters
from collector.gaps import Gap, add_gap, begin_gap, read_gaps
from collector.links import Link, write_links
from collector.load import load
from collector.resolution import fill_stored
from collector.spool.contract import STORE
from tests.collector.config.files import PARK

T = TypeVar("T")

RUNNER = CliRunner()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRESS, SAW = "press-works/press-line/press-01", "press-works/press-line/saw-02"
EVERY = [f"{PRESS}/force", f"{PRESS}/state", f"{SAW}/state"]

LINE = """
line: press-line
factory: press-works
sources:
  - { name: broker, kind: mqtt, host: 127.0.0.1 }
equipment:
  - id: press-01
    signals:
      - { name: force, source: broker, topic: press/force, type: float, scale: 10, item: F1 }
      - { name: state, source: broker, topic: press/state, type: text }
  - id: saw-02
    signals:
      - { name: state, source: broker, topic: saw/state, type: text }
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an installation whose broker was away from noon to four."""
    (tmp_path / "lines").mkdir()
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "parkline.yaml").write_text("store: {kind: lake}\n")
    (tmp_path / "lines" / "press.yaml").write_text(LINE)
    note(tmp_path, lambda c: add_gap(c, "broker", (), NOON, NOON + 4 * HOUR, "cable pulled", kind=GapKind.OUTAGE))
    return tmp_path


def note(folder: Path, work: Callable[[sa.Connection], T]) -> T:
    """Do something with the records."""

    async def do() -> T:
        async with open_records(load(folder)) as records:
            return await records.run(work)

    return asyncio.run(do())


def gaps(folder: Path) -> list[Gap]:
    return note(folder, lambda c: read_gaps(c, start=NOON - 99 * HOUR, end=NOON + 99 * HOUR))


def spooled(folder: Path) -> pl.DataFrame:
    async def do() -> pl.DataFrame:
        async with open_spool(load(folder).installation.spool) as spool:
            return (await spool.read(0, 10**6)).samples

    return asyncio.run(do())


def store(folder: Path) -> None:
    """Do as a collector does: take all there is into the store, and close the gaps that it fills."""

    async def do() -> None:
        config = load(folder)
        async with open_records(config) as records, open_spool(config.installation.spool) as spool:
            await spool.commit(STORE, await spool.end())
            stored = await spool.cursor(STORE)
            await records.run(lambda c: fill_stored(c, spool.log, stored, NOON, {"broker": EVERY}))

    asyncio.run(do())


def run(folder: Path, *arguments: object) -> Result:
    return RUNNER.invoke(gap.app, [*(str(argument) for argument in arguments), "-c", str(folder)])


def csv(folder: Path, *rows: str, header: str = "time,item,value") -> Path:
    path = folder / "recorded.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def hours(found: list[Gap]) -> list[tuple[float, float | None, tuple[str, ...], str]]:
    """Give start and end in hours after noon (None: it lasts), signals and state."""
    ends = [None if one.end is None else (one.end - NOON) / HOUR for one in found]
    return [((one.start - NOON) / HOUR, end, one.signals, one.state) for one, end in zip(found, ends, strict=True)]


def test_a_file_fills_its_own_time_and_its_own_signals(folder: Path) -> None:
    path = csv(
        folder,
        "2026-03-02T11:00:00Z,F1,1.5",
        "2026-03-02T12:00:00Z,F1,2.5",
        "2026-03-02T14:00:00Z,F1,3.5",
        f"2026-03-02T13:00:00Z,{PRESS}/state,RUN",
        "2026-03-02T13:30:00Z,state,WAIT",
        "2026-03-02T15:00:00Z,other,9",
    )
    done = run(folder, "fill", 1, "--file", path, "-o", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["gaps"][0]["samples"] == 3
    assert told["gaps"][0]["state"] == "in the spool"
    assert (told["gaps"][0]["filled_from"], told["gaps"][0]["filled_to"][:19]) == (
        "2026-03-02T12:00:00Z",
        "2026-03-02T14:00:00",
    )
    assert "once a collector has stored them" in done.stderr
    found = spooled(folder).sort("time")
    assert found.select("signal", "float", "text").rows() == [
        (f"{PRESS}/force", 25.0, None),
        (f"{PRESS}/state", None, "RUN"),
        (f"{PRESS}/force", 35.0, None),
    ]
    assert [one.state for one in gaps(folder)] == ["open"]
    store(folder)
    last = (NOON + 2 * HOUR + timedelta(microseconds=1) - NOON) / HOUR
    assert sorted(hours(gaps(folder)), key=str) == [
        (0.0, last, (f"{PRESS}/force", f"{PRESS}/state"), "filled"),
        (0.0, last, (f"{SAW}/state",), "open"),
        (last, 4.0, (), "open"),
    ]
    assert {one.filled_by for one in gaps(folder)} == {None, "recording"}


def test_a_file_that_is_whole_fills_the_whole_gap(folder: Path) -> None:
    rows = [f"2026-03-02T13:00:00Z,{path},{value}" for path, value in zip(EVERY, ("1", "RUN", "CUT"), strict=True)]
    done = run(folder, "fill", "--source", "broker", "--file", csv(folder, *rows), "--whole")
    assert done.exit_code == 0, done.output
    store(folder)
    assert hours(gaps(folder)) == [(0.0, 4.0, (), "filled")]
    assert gaps(folder)[0].samples == 3


def test_files_of_other_forms_are_read_too(folder: Path) -> None:
    shdr = folder / "day.shdr.txt"
    shdr.write_text("2026-03-02T12:30:00Z|F1|1.5\n2026-03-02T13:30:00Z|F1|2.5\n")
    assert run(folder, "fill", 1, "--file", shdr).exit_code == 0
    frame = pl.DataFrame({"time": [NOON + HOUR / 4], f"{SAW}/state": ["CUT"]})
    parquet = folder / "saw.parquet"
    frame.write_parquet(parquet)
    assert run(folder, "fill", 1, "--file", parquet, "--whole").exit_code == 0
    assert spooled(folder)["signal"].to_list() == [f"{PRESS}/force", f"{PRESS}/force", f"{SAW}/state"]


def test_local_times_have_the_zone_that_is_told(folder: Path) -> None:
    path = csv(folder, "2026-03-02 21:00:00,F1,1.5")
    assert run(folder, "fill", 1, "--file", path, "--time-zone", "Asia/Shanghai").exit_code == 0
    assert spooled(folder)["time"].dt.hour().to_list() == [13]


def test_what_is_unfit_is_told(folder: Path) -> None:
    path = csv(
        folder, "2026-03-02T13:00:00Z,F1,ERR", "2026-03-02T13:00:00Z,state,9", "soon,F1,1.5", "2026-03-02T13:30Z,F1,1"
    )
    done = run(folder, "fill", 1, "--file", path)
    assert done.exit_code == 0, done.output
    assert "2 rows could not be read; the first:" in done.stderr
    assert spooled(folder)["float"].to_list() == [10.0]
    assert note(folder, lambda c: read_dead_letters(c, limit=9)) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((1,), "write --file FILE, or --history"),
        ((1, "--history", "--file", "{csv}"), "write --file FILE, or --history"),
        ((1, "--file", "{folder}/nowhere.csv"), "no such file"),
        (("--file", "{csv}"), "write numbers of gaps, or --source NAME"),
        ((7, "--file", "{csv}"), "there is no gap 7; `parkline gap list` shows them (an id that the API told"),
        ((1, "--history"), "is not asked for its history"),
        ((1, "--file", "{csv}", "--time-zone", "Mars"), "no IANA time zone"),
    ],
)
def test_a_wrong_call_is_told_and_changes_nothing(folder: Path, arguments: tuple[object, ...], said: str) -> None:
    path = csv(folder, "2026-03-02T13:00:00Z,F1,1.5")
    done = run(folder, "fill", *(str(one).format(csv=path, folder=folder) for one in arguments))
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert hours(gaps(folder)) == [(0.0, 4.0, (), "open")]


def test_a_file_that_speaks_of_something_else_fills_nothing(folder: Path) -> None:
    done = run(folder, "fill", 1, "--file", csv(folder, "2026-03-02T13:00:00Z,state,RUN"))
    assert done.exit_code == 1
    assert "nothing was found of the signals of this source" in done.stderr
    done = run(folder, "fill", 1, "--file", csv(folder, "2026-03-02T09:00:00Z,F1,1.5"))
    assert done.exit_code == 1
    assert "2026-03-02T09:00:00.000Z" in done.stderr


def test_what_lasts_or_is_filled_is_not_filled(folder: Path) -> None:
    note(folder, lambda c: begin_gap(c, "broker", NOON + 5 * HOUR, "away"))
    path = csv(folder, f"2026-03-02T13:00:00Z,{PRESS}/force,1.5")
    done = run(folder, "fill", 2, "--file", path)
    assert (done.exit_code, "lasts still" in done.stderr) == (2, True)
    assert run(folder, "close", 2, "--reason", "x").exit_code == 2


def test_a_running_collector_stores_and_the_gap_is_closed_before_the_verb_ends(folder: Path) -> None:
    now = datetime.now(UTC)
    alive = Link("broker", "up", now, now + HOUR, None, None, 0, 0, "")
    note(folder, lambda c: write_links(c, [alive]))
    path = csv(folder, *(f"2026-03-02T13:00:00Z,{one},1" for one in EVERY))

    async def collector() -> None:
        async with open_spool(load(folder).installation.spool) as spool:
            while not await spool.grown(0, 1.0):
                pass
            await spool.commit(STORE, await spool.end())

    async def both() -> Result:
        storing = asyncio.create_task(collector())
        done = await asyncio.to_thread(run, folder, "fill", 1, "--file", path, "--whole", "-o", "json")
        await storing
        return done

    done = asyncio.run(both())
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["gaps"][0]["state"] == "stored"
    assert hours(gaps(folder)) == [(0.0, 4.0, (), "filled")]


def test_the_ledger_is_listed(folder: Path) -> None:
    add = partial(add_gap, source="broker", signals=[EVERY[0]], start=NOON - HOUR, end=NOON, cause="queue full")
    note(folder, partial(add, kind=GapKind.OVERFLOW))
    note(folder, lambda c: begin_gap(c, "broker", NOON + 5 * HOUR, "away"))

    def listed(*arguments: object) -> list[dict[str, Any]]:
        done = run(folder, "list", "-o", "json", *arguments)
        assert done.exit_code == 0, done.output
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    assert [one["id"] for one in listed()] == [2, 1, 3]
    assert listed()[0] == {
        "id": 2,
        "source": "broker",
        "signals": [EVERY[0]],
        "start": "2026-03-02T11:00:00Z",
        "end": "2026-03-02T12:00:00Z",
        "kind": "overflow",
        "cause": "queue full",
        "state": "open",
        "filled_by": None,
        "resolved": None,
        "samples": None,
        "reason": "",
        "part_of": None,
    }
    assert [one["id"] for one in listed("--kind", "outage")] == [1, 3]
    assert [one["id"] for one in listed("--from", "2026-03-02T12:30Z", "--to", "2026-03-02T18:00+01:00")] == [1]
    assert [one["id"] for one in listed("--limit", 1)] == [3]
    assert listed("--state", "filled") == []
    table = run(folder, "list").stdout
    assert "lasts" in table
    assert "queue full" in table
    for arguments, said in (
        (("--source", "x"), "no source 'x'"),
        (("--kind", "x"), "no 'x'"),
        (("--from", "x"), "no inst"),
    ):
        done = run(folder, "list", *arguments)
        assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_gap_that_nobody_can_fill_is_closed_with_a_reason(folder: Path) -> None:
    assert run(folder, "close", 1, "--reason", " ").exit_code == 2
    done = run(folder, "close", 1, "--reason", "the machine was dismantled")
    assert done.exit_code == 0, done.output
    [one] = gaps(folder)
    assert (one.state, one.reason) == ("unfillable", "the machine was dismantled")
    assert run(folder, "close", 1, "--reason", "again").exit_code == 2
    path = csv(folder, *(f"2026-03-02T13:00:00Z,{signal},1" for signal in EVERY))
    assert run(folder, "fill", 1, "--file", path, "--whole").exit_code == 0
    store(folder)
    [one] = gaps(folder)
    assert (one.state, one.reason, one.filled_by) == ("filled", "", "recording")
