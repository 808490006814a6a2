"""A line of which every minute is written down: 38 batches and the causes of all their stops, against our numbers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from adapters.sample import no_samples
from analytics.accounts import accounts, by_reason
from analytics.kpis.contract import LOSS_TIMES
from analytics.losses import losses
from analytics.parts import PARTS, PRODUCTS
from analytics.reasons import PERSONS, stop_reasons
from analytics.rollup import rollup_reasons
from analytics.spans import MOMENT, SPANS
from tests.analytics.plant import line, machine, park
from tests.analytics.shopfloor import WINDOWS, WORK

DATA = Path(__file__).resolve().parents[2] / "../shared/data/maven_line"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the soda line is not here: ../shared/data/maven_line")

FILLER = "soda/line/filler"

BEGIN, END = datetime(2024, 8, 29, tzinfo=UTC), datetime(2024, 9, 5, tzinfo=UTC)
"""The days of the batches."""


class Line(NamedTuple):
    """What was written down, and what we make of it."""

    batches: pl.DataFrame
    """Batches by start, with the `minutes` that they stood."""

    accounts: pl.DataFrame
    """One row per batch (period `shift`) and per day."""

    reasons: pl.DataFrame
    """Seconds by reason of the same windows."""


@pytest.fixture(scope="module")
def soda() -> Line:
    """Read the batches; a batch that ends before it begins ends on the next day."""
    table = pl.read_csv(DATA / "batches.csv", try_parse_dates=True, schema_overrides={"batch": pl.String})
    stops = pl.read_csv(DATA / "downtime.csv", schema_overrides={"batch": pl.String})
    clock = {name: pl.col("date").dt.combine(pl.col(name)).dt.replace_time_zone("UTC") for name in ("start", "end")}
    crosses = pl.col("end") <= pl.col("start")
    batches = (
        table.with_columns(**clock)
        .with_columns(pl.when(crosses).then(pl.col("end") + timedelta(days=1)).otherwise("end").alias("end"))
        .cast({"start": MOMENT, "end": MOMENT})
        .join(stops.group_by("batch").agg(pl.col("minutes").sum()), on="batch", how="left")
        .sort("start")
    )
    return Line(batches, *_computed(batches, stops))


def _computed(batches: pl.DataFrame, stops: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    filler = pl.lit(FILLER).alias("equipment")
    told, said = _told(batches, stops)
    planned = batches.select(filler, "start", "end", pl.lit("planned").alias("kind"), name="batch")
    why = stop_reasons(told, no_samples().lazy(), no_samples(), said, [machine(FILLER)])
    found = losses(told, planned.cast(WORK), why, [machine(FILLER)], {}, BEGIN, END)
    days = [(FILLER, "day", "", BEGIN + timedelta(days=n), BEGIN + timedelta(days=n + 1)) for n in range(7)]
    shifts = batches.select(filler, pl.lit("shift").alias("period"), "start", "end", name="batch")
    windows = pl.concat([shifts.select(WINDOWS.names()), pl.DataFrame(days, schema=WINDOWS, orient="row")])
    always = pl.DataFrame([(FILLER, BEGIN, None, None, True)], schema=PRODUCTS, orient="row")
    return accounts(found, _parts(batches), always, windows), by_reason(found, windows)


def _told(batches: pl.DataFrame, stops: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give spans, and the causes as people say them.

    When in a batch it stood is not known: its stops are laid to its beginning, one after the other.
    """
    did, said = [], []
    reached = BEGIN
    for batch, start, end in batches.select("batch", "start", "end").iter_rows():
        did.append((FILLER, reached, start, "off", "off"))
        reached = start
        for cause, minutes in stops.filter(batch=batch).select("description", "minutes").iter_rows():
            until = reached + timedelta(minutes=minutes)
            did.append((FILLER, reached, until, "unplanned_stop", "stopped"))
            said.append((FILLER, reached, until, cause))
            reached = until
        did.append((FILLER, reached, end, "producing", "running"))
        reached = end
    did.append((FILLER, reached, END, "off", "off"))
    return pl.DataFrame(did, schema=SPANS, orient="row"), pl.DataFrame(said, schema=PERSONS, orient="row")


def _parts(batches: pl.DataFrame) -> pl.DataFrame:
    """Count each batch as one part that is done in its last microsecond, its least minutes as its ideal cycle."""
    nothing = pl.lit(None, pl.Float64)
    least = (pl.col("min_batch_min") * 60.0).cum_sum()
    count = pl.int_range(1, pl.len() + 1).cast(pl.Float64)
    return batches.select(
        equipment=pl.lit(FILLER),
        time=pl.col("end") - timedelta(microseconds=1),
        total=count,
        good=count,
        reject=nothing,
        rework=nothing,
        ideal_time=least,
        ideal_good_time=least,
        energy=nothing,
    ).select(PARTS.names())


def test_every_batch_stood_for_its_minutes_and_produced_for_the_rest(soda: Line) -> None:
    shifts = soda.accounts.filter(period="shift").sort("start")
    assert shifts["name"].to_list() == soda.batches["batch"].to_list()
    assert (shifts["unplanned_stop_time"] / 60).to_list() == soda.batches["minutes"].fill_null(0).to_list()
    assert (shifts["producing_time"] / 60).to_list() == soda.batches["min_batch_min"].to_list()
    assert shifts["productive_time"].to_list() == shifts["producing_time"].to_list()
    assert shifts["total_count"].to_list() == [1.0] * 38


def test_the_totals_are_those_that_are_known(soda: Line) -> None:
    planned, producing, stood = (
        float(soda.accounts.filter(period="shift").select(pl.col(name).sum()).item()) / 60
        for name in ("planned_time", "producing_time", "unplanned_stop_time")
    )
    assert (planned, producing, stood) == (3858, 2470, 1388)
    assert round(100 * producing / planned, 2) == 64.02


def test_days_have_the_same_totals_though_a_batch_crosses_midnight(soda: Line) -> None:
    assert soda.batches.filter(pl.col("end").dt.date() > pl.col("date"))["batch"].to_list() == ["422148"]
    days, shifts = (soda.accounts.filter(period=period) for period in ("day", "shift"))
    same = ("planned_time", "producing_time", "unplanned_stop_time", "total_count", "failure_count")
    assert days.select(pl.col(same).sum()).row(0) == shifts.select(pl.col(same).sum()).row(0)
    assert days.select(pl.sum_horizontal(LOSS_TIMES)).to_series().to_list() == [24 * 3600.0] * 7


def test_minutes_per_cause(soda: Line) -> None:
    expected = {
        "Machine adjustment": 332,
        "Machine failure": 254,
        "Inventory shortage": 225,
        "Batch change": 160,
        "Batch coding error": 145,
        "Other": 74,
        "Product spill": 57,
        "Calibration error": 49,
        "Labeling error": 42,
        "Label switch": 33,
        "Conveyor belt jam": 17,
    }
    plant = park(line("soda/line", machine(FILLER)))
    above = rollup_reasons(soda.reasons, plant)
    for period in ("shift", "day"):
        for path in (FILLER, "soda/line", "soda", "park"):
            rows = pl.concat([soda.reasons, above]).filter(path=path, period=period)
            causes = rows.group_by("reason").agg(pl.col("seconds").sum() / 60)
            assert dict(causes.iter_rows()) == expected


def test_efficiency_per_operator(soda: Line) -> None:
    operators = soda.batches.select("operator", name="batch")
    shifts = soda.accounts.filter(period="shift").join(operators, on="name")
    share = 100 * pl.col("producing_time").sum() / pl.col("planned_time").sum()
    efficiency = shifts.group_by("operator").agg(share.round(2))
    assert dict(efficiency.iter_rows()) == {"Charlie": 66.84, "Dee": 64.08, "Dennis": 63.17, "Mac": 60.94}
