"""The verb `spool`, as an engineer types it: inspect, list, repair, export."""

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from collector.alone import alone
from collector.commands import spool as verb
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.collector.config.files import PARK
from tests.collector.fakes import NOON, numbers
from tests.conformance.spool import ROOMY

RUNNER = CliRunner()

LINE = """
line: press-line
factory: press-works
sources:
  - { name: plc, kind: mqtt, host: 127.0.0.1 }
equipment:
  - id: press-01
    signals:
      - { name: force, source: plc, topic: press/force, type: float }
"""


def parkline(*arguments: object) -> Result:
    """Type a command."""
    with capture_logs():
        return RUNNER.invoke(verb.app, [str(one) for one in arguments])


def told(*arguments: object) -> Any:
    """Type a command that prints JSON."""
    result = parkline(*arguments, "-o", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a spool of four entries, of which the store has the first, and the detectors two."""
    path = tmp_path / "data" / "spool.db"

    async def fill() -> None:
        async with SqliteSpool(path, **{**ROOMY, "keep": timedelta(days=1)}) as spool:
            for n in range(4):
                samples = numbers([n, n + 0.5], since=NOON + timedelta(hours=n))
                await spool.append(samples, "plc" if n % 2 else "broker")
            await spool.commit("faults", 0)
            await spool.commit(STORE, 1)
            await spool.commit("faults", 2)

    asyncio.run(fill())
    return path


def break_entry(path: Path, position: int) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE entries SET body = zeroblob(length(body)) WHERE position = ?", (position,))
    connection.close()


def test_inspect_tells_what_it_holds_and_how_far_each_has_come(path: Path) -> None:
    facts = told("inspect", "--file", path)
    assert (facts["entries"], facts["samples"], facts["end"], facts["dropped"]) in {(3, 6, 4, 1), (4, 8, 4, 0)}
    assert facts["bytes"] > 0
    assert facts["disk_bytes"] > facts["bytes"]
    assert 0 <= facts["undrained_s"] <= facts["oldest_s"] + 1
    assert facts["consumers"] == [
        {"consumer": "faults", "position": 2, "entries": 2, "samples": 4},
        {"consumer": "store", "position": 1, "entries": 3, "samples": 6},
    ]
    assert facts["losses"] == []
    shown = parkline("inspect", "--file", path)
    assert "faults" in shown.output
    assert facts["log"] in shown.output


def test_list_shows_entries_with_their_sources_and_times(path: Path) -> None:
    rows = told("list", "--file", path, "--after", 1, "--limit", 2)
    assert [(row["position"], row["source"], row["samples"]) for row in rows] == [(2, "plc", 2), (3, "broker", 2)]
    assert rows[0]["start"] == "2024-05-17T13:00:00Z"


def test_the_spool_of_a_configuration_is_found(tmp_path: Path, path: Path) -> None:
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "press.yaml").write_text(LINE)
    (tmp_path / "parkline.yaml").write_text("store: {kind: lake}\n")
    assert told("inspect", "--config", tmp_path)["file"] == str(path)


def test_a_spool_that_is_not_there_is_told(tmp_path: Path) -> None:
    for arguments in (["inspect"], ["list"], ["repair"], ["export", tmp_path / "out.csv"]):
        result = parkline(*arguments, "--file", tmp_path / "none.db")
        assert result.exit_code == 1
        assert "there is no spool" in result.stderr
    assert not (tmp_path / "none.db").exists()


def test_repair_sets_damaged_entries_aside_and_tells_what_is_lost(path: Path) -> None:
    break_entry(path, 3)
    done = told("repair", "--file", path)
    assert (done["damaged"], done["salvaged"], done["losses"]) == (1, False, 1)
    facts = told("inspect", "--file", path)
    assert facts["damaged"] == 1
    [loss] = facts["losses"]
    assert (loss["source"], loss["samples"], loss["kind"]) == ("broker", 2, "damaged")
    assert told("repair", "--file", path)["damaged"] == 0


def test_repair_saves_what_can_be_read_of_a_damaged_file(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192 : 2 * 8192] = bytes(8192)
    path.write_bytes(data)
    refused = parkline("inspect", "--file", path)
    assert refused.exit_code == 1
    assert "parkline spool repair" in refused.stderr
    done = told("repair", "--file", path)
    assert done["salvaged"]
    assert done["entries"] >= 3
    assert told("inspect", "--file", path)["end"] == 4


def test_repair_refuses_while_a_collector_runs(path: Path) -> None:
    with alone(path):
        result = parkline("repair", "--file", path)
    assert result.exit_code == 1
    assert "collects into" in result.stderr


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".arrow"])
def test_export_writes_what_the_store_does_not_have(path: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "out" / f"rest{suffix}"
    done = told("export", target, "--file", path)
    assert (done["samples"], done["from"], done["to"]) == (6, 2, 4)
    read = _read(target)
    assert read["float"].to_list() == [1, 1.5, 2, 2.5, 3, 3.5]
    assert read["source"].to_list() == ["plc", "plc", "broker", "broker", "plc", "plc"]
    assert [one.name for one in target.parent.iterdir()] == [target.name]


def test_export_writes_some_entries(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "some.csv"
    assert told("export", target, "--file", path, "--from", 3, "--to", 3)["samples"] == 2
    assert pl.read_csv(target)["float"].to_list() == [2, 2.5]
    again = parkline("export", target, "--file", path)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert parkline("export", tmp_path / "some.txt", "--file", path).exit_code == 2


def test_export_writes_damaged_bodies_as_they_were_found(path: Path, tmp_path: Path) -> None:
    break_entry(path, 3)
    told("repair", "--file", path)
    done = told("export", tmp_path / "rest.parquet", "--file", path, "--damaged", tmp_path / "raw")
    assert done["damaged"] == 1
    assert set((tmp_path / "raw" / "3.bin").read_bytes()) == {0}
    assert "checksum" in (tmp_path / "raw" / "3.txt").read_text()


def _read(target: Path) -> pl.DataFrame:
    if target.suffix == ".csv":
        return pl.read_csv(target)
    return pl.read_parquet(target) if target.suffix == ".parquet" else pl.read_ipc(target)
