"""A lake that other versions of parkline, and other programs, write to as well."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from polars.testing import assert_frame_equal

from adapters.stores.contract import Position, StoreRefusedError
from adapters.stores.lake import create
from adapters.stores.lake.columns import schema
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import RESULT_ROWS, SAMPLE_ROWS, result_rows
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import listed, merge, rows_of, sample_table
from tests.conformance.store import DAY, NOON, assert_samples, at, batch, result, sample, stored, table

Rows: TypeAlias = Callable[[int], pl.DataFrame]

OLDER = replace(
    SAMPLE_ROWS, columns=pl.Schema({n: k for n, k in SAMPLE_ROWS.columns.items() if n not in {"bool", "received_ns"}})
)
"""A layout that an older version might have had."""

NEWER = replace(SAMPLE_ROWS, columns=pl.Schema({**SAMPLE_ROWS.columns, "unit": pl.String(), "weight": pl.Float64()}))
"""A layout that a newer version might have."""


@pytest.fixture
def older(folder: Path) -> Table:
    """The table of samples as an older version made it, with two samples."""
    table = sample_table(folder, OLDER)
    for n in range(2):
        table.append(without(rows_of(sample("f/l/e/s", at(n), value=n)), "bool", "received_ns"))
    return table


def without(rows: Rows, *columns: str) -> Rows:
    return lambda written: rows(written).drop(columns)


def given(rows: pl.DataFrame) -> Rows:
    return lambda _: rows


def columns_of(folder: Path) -> list[str]:
    return [field.name for field in DeltaTable(folder / "samples").schema().fields]


def unknown_when_received(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"received": None}


async def test_a_lake_of_an_older_version_is_read_as_it_is(older: Table, folder: Path) -> None:
    rows = [unknown_when_received(sample("f/l/e/s", at(n), value=n)) for n in range(2)]
    before = older.files()["path"].to_list()
    async with create(LakeSettings(folder=folder)) as lake:
        assert_samples(await stored(lake, ["f/l/e/s"]), *rows)
        assert_samples(await lake.last(["f/l/e/s"], NOON + DAY), rows[-1])
        assert (await lake.extent())["signal"].to_list() == ["f/l/e/s"]
    assert older.files()["path"].to_list() == before


async def test_columns_that_an_older_version_had_not_are_added_when_it_is_written(older: Table, folder: Path) -> None:
    rows = [unknown_when_received(sample("f/l/e/s", at(n), value=n)) for n in range(2)]
    rows.append(sample("f/l/e/s", at(2), value=True))
    async with create(LakeSettings(folder=folder)) as lake:
        await lake.write(batch(rows[2]), Position("spool", 1))
        assert set(columns_of(folder)) == {*SAMPLE_ROWS.columns, "day"}
        assert_samples(await stored(lake, ["f/l/e/s"]), *rows)
        merge(sample_table(folder))
        assert [part.rows for part in listed(older)] == [3]
        assert_samples(await stored(lake, ["f/l/e/s"]), *rows)
    assert pl.read_delta(str(folder / "samples")).height == 3


async def test_an_older_version_goes_on_writing_beside_a_newer_one(older: Table, folder: Path) -> None:
    async with create(LakeSettings(folder=folder)) as lake:
        await lake.write(batch(sample("f/l/e/s", at(2), value=True)), Position("spool", 1))
        older.append(without(rows_of(sample("f/l/e/s", at(3), value=3)), "bool", "received_ns"))
        merge(older, level=1)
        found = await stored(lake, ["f/l/e/s"])
        assert found["bool"].to_list() == [None, None, True, None]
        assert found["int"].to_list() == [0, 1, None, 3]


async def test_results_of_an_older_version_are_the_first_and_say_nothing(folder: Path) -> None:
    columns = pl.Schema({n: k for n, k in RESULT_ROWS.columns.items() if n not in {"version", "reason", "note"}})
    older = Table(Folder(folder / "results", {}), replace(RESULT_ROWS, columns=columns))
    older.open()
    older.append(lambda written: result_rows(table(result("a")), written).drop("version", "reason", "note"))
    async with create(LakeSettings(folder=folder, compact_after=2)) as lake:
        assert_frame_equal(await lake.results(start=NOON - DAY, end=NOON), table(result("a")))
        newer = result("b", version=2, reason="late samples", note="nothing was planned")
        await lake.write_results(table(newer))
        await lake.maintain()
        assert_frame_equal(await lake.results(start=NOON - DAY, end=NOON), table(result("a"), newer))


def test_two_processes_add_columns_once(older: Table, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del older
    one, other = sample_table(folder), sample_table(folder)
    before = Table._newest

    def overtaken(self: Table) -> DeltaTable:
        delta = before(self)
        if self is one:
            monkeypatch.undo()
            other.append(rows_of(sample("f/l/e/s", at(5), value=True)))
        return delta

    monkeypatch.setattr(Table, "_newest", overtaken)
    one.append(rows_of(sample("f/l/e/s", at(6), value=True)))
    assert sorted(columns_of(folder)) == sorted([*SAMPLE_ROWS.columns, "day"])
    assert sum(part.rows for part in listed(one)) == 4


async def test_what_a_newer_version_wrote_is_carried_along(folder: Path) -> None:
    newer = sample_table(folder, NEWER)
    for n in range(3):
        rows = rows_of(sample("f/l/e/s", at(n), value=n))(n).with_columns(unit=pl.lit("kg"), weight=pl.lit(n / 2))
        newer.append(given(rows))
    ours = [sample("f/l/e/s", at(n), value=n) for n in range(4)]
    async with create(LakeSettings(folder=folder)) as lake:
        await lake.write(batch(ours[3]), Position("spool", 1))
        assert_samples(await stored(lake, ["f/l/e/s"]), *ours)
        merge(sample_table(folder))
        assert_samples(await stored(lake, ["f/l/e/s"]), *ours)
    (part,) = listed(newer)
    content = newer.folder.scan([part.path], NEWER.columns).collect().sort("time_ns")
    assert content["unit"].to_list() == ["kg", "kg", "kg", None]
    assert content["weight"].to_list() == [0.0, 0.5, 1.0, None]


async def test_columns_of_another_program_stay(folder: Path) -> None:
    async with create(LakeSettings(folder=folder)) as lake:
        await lake.write(batch(sample("f/l/e/s", at(1), value=1)), Position("spool", 1))
        await lake.write_results(table(result()))
    log = DeltaTable(folder / "samples")
    log.alter.add_columns([Field("seen", PrimitiveType("timestamp")), Field("small", PrimitiveType("integer"))])
    rows = rows_of(sample("f/l/e/s", at(2), value=2))(9).with_columns(
        seen=pl.lit(datetime(2024, 1, 1, tzinfo=UTC)), small=pl.lit(7, pl.Int32)
    )
    rows.write_delta(log, mode="append")
    async with create(LakeSettings(folder=folder, compact_after=2)) as lake:
        await lake.maintain()
        found = await stored(lake, ["f/l/e/s"])
        assert found["int"].to_list() == [1, 2]
    (part,) = listed(sample_table(folder))
    assert part.rows == 2
    whole = pl.read_delta(str(folder / "samples")).sort("time_ns")
    assert whole["small"].to_list() == [None, 7]
    assert whole["seen"].to_list() == [None, datetime(2024, 1, 1, tzinfo=UTC)]


async def test_files_that_cannot_be_merged_are_left_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[int] = []
    runs = Table._runs

    def strange(self: Table, *asked: Any) -> Iterator[Iterator[pl.DataFrame]]:
        tried.append(1)
        yield from runs(self, *asked)
        message = "a column of another type"
        raise pl.exceptions.SchemaError(message)

    async with create(LakeSettings(folder=folder, compact_after=3)) as lake:
        monkeypatch.setattr(Table, "_runs", strange)
        for n in range(3):
            await lake.write(batch(sample("f/l/e/s", at(n), value=n)), Position("spool", n + 1))
        await lake.maintain()
        await lake.maintain()
        assert (await stored(lake, ["f/l/e/s"])).height == 3
    assert len(tried) == 1
    assert len(listed(sample_table(folder))) == 3
    assert "files not merged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": pl.String()}, "which parkline did not make"),
        ({"written": None}, "which parkline did not make"),
        ({"float": pl.String()}, "which parkline did not make"),
    ],
)
async def test_a_table_that_no_version_made_is_left_alone(
    folder: Path, change: dict[str, pl.DataType | None], said: str
) -> None:
    columns = {**SAMPLE_ROWS.columns, "day": pl.Date(), **change}
    frame = pl.DataFrame(schema={name: kind for name, kind in columns.items() if kind is not None})
    frame.write_delta(folder / "samples", delta_write_options={"partition_by": ["day"]})
    with pytest.raises(StoreRefusedError, match=said):
        async with create(LakeSettings(folder=folder)):
            pass


async def test_a_table_that_demands_more_is_left_alone(folder: Path) -> None:
    fields = [*schema(SAMPLE_ROWS).fields, Field("plant", PrimitiveType("string"), nullable=False)]
    DeltaTable.create(folder / "samples", Schema(fields), partition_by=["day"])
    with pytest.raises(StoreRefusedError, match="demands a value in plant"):
        async with create(LakeSettings(folder=folder)):
            pass


async def test_a_table_whose_files_do_not_tell_all_is_left_alone(folder: Path) -> None:
    async with create(LakeSettings(folder=folder)) as lake:
        await lake.write(batch(sample("f/l/e/s", at(1), value=1)), Position("spool", 1))
    log = folder / "samples" / "_delta_log" / f"{2:020d}.json"
    protocol = '"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"]'
    log.write_text(f'{{"protocol":{{{protocol},"writerFeatures":["deletionVectors","appendOnly","invariants"]}}}}\n')
    with pytest.raises(StoreRefusedError, match="uses deletionVectors"):
        async with create(LakeSettings(folder=folder)):
            pass
