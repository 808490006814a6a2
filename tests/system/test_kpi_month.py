"""A small month of the benchmark: the jobs, DuckDB and pandas compute the same, independently of each other."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.bench import kpi_data, kpi_month
from tests.bench.kpi_park import Size
from tests.bench.kpi_tables import KEY, write_tables

SIZE = Size(machines=4, days=9)
"""The clocks of one of its two factories go forward on day 8."""


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the results of all sides."""
    folder = tmp_path_factory.mktemp("kpi-month")
    lake = kpi_data.lake(SIZE, folder)
    write_tables(SIZE, folder)
    for side, compute in kpi_month.SIDES.items():
        compute(lake, folder, SIZE, folder / f"{side}.parquet")
    return folder


def test_the_jobs_duckdb_and_pandas_give_the_same_numbers(computed: Path) -> None:
    kpi_month.agree(computed)
    ours = pl.read_parquet(computed / "ours.parquet")
    assert ours.height > SIZE.machines * (SIZE.days * 24 - 1)
    assert ours.filter(pl.col("oee") > 0).height > ours.height / 4


@pytest.mark.parametrize("change", [pl.col("idle_time") + 1e-5, pl.when(pl.col("oee") < 0.5).then("oee").alias("oee")])
def test_a_difference_is_found(computed: Path, tmp_path: Path, change: pl.Expr) -> None:
    for side in kpi_month.SIDES:
        result = pl.read_parquet(computed / f"{side}.parquet").sort(KEY)
        (result.with_columns(change) if side == "pandas" else result).write_parquet(tmp_path / f"{side}.parquet")
    with pytest.raises(AssertionError, match="ours and pandas differ"):
        kpi_month.agree(tmp_path)


def test_data_are_kept_and_made_again_alike_when_they_are_of_another_version(tmp_path: Path) -> None:
    size = Size(machines=2, days=1)
    lake = kpi_data.lake(size, tmp_path)
    files = kpi_data.files(lake)
    samples = pl.read_parquet(files)
    assert kpi_data.files(kpi_data.lake(size, tmp_path)) == files
    marker = lake.parent / "made.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "version": 0}))
    again = kpi_data.files(kpi_data.lake(size, tmp_path))
    assert again != files
    assert pl.read_parquet(again).equals(samples)
