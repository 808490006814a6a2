"""Builders and Hypothesis strategies for spans, planned work, stop reasons, parts and products, in seconds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl
from hypothesis import strategies as st

from analytics.parts import DAWN, PARTS, PRODUCTS, SUMS
from analytics.reasons import PERSONS, STOP_REASONS
from analytics.spans import MOMENT, SPANS
from collector.park import EquipmentState, StopReason
from tests.analytics.plant import BEGIN, at

PRESS = "works/line/press"
LATHE = "works/line/lathe"

STATES = [state.value for state in EquipmentState]

WORK = pl.Schema({"equipment": pl.String(), "start": MOMENT, "end": MOMENT, "kind": pl.String(), "name": pl.String()})
"""Columns of planned work of machines."""

WINDOWS = pl.Schema(
    {"equipment": pl.String(), "period": pl.String(), "name": pl.String(), "start": MOMENT, "end": MOMENT}
)
"""Columns of windows of machines."""

REASONS = {
    "jam": StopReason(),
    "changeover": StopReason(loss="setup"),
    "no-order": StopReason(loss="idle"),
    "cleaning": StopReason(loss="planned_stop"),
    "engineering": StopReason(loss="planned_stop"),
}
"""The park's reasons for stops."""


def spans(
    *rows: tuple[float, float, str] | tuple[float, float, str, str | None], equipment: str = PRESS
) -> pl.DataFrame:
    """Give spans: begin, end, state, raw value."""
    whole = [(*row, None) if len(row) == 3 else row for row in rows]
    told = [(equipment, at(start), at(end), state, raw) for start, end, state, raw in whole]
    return pl.DataFrame(told, schema=SPANS, orient="row")


def work(*rows: tuple[float, float] | tuple[float, float, str], equipment: str = PRESS) -> pl.DataFrame:
    """Give planned work: begin, end and, for maintenance, its name."""
    told = [
        (equipment, at(row[0]), at(row[1]), *(("maintenance", row[2]) if len(row) == 3 else ("planned", "day")))
        for row in rows
    ]
    return pl.DataFrame(told, schema=WORK, orient="row")


def stops(*rows: tuple[float, float, str] | tuple[float, float, str, str], equipment: str = PRESS) -> pl.DataFrame:
    """Give stop reasons: begin, end, reason, who says it."""
    whole = [(*row, "signal") if len(row) == 3 else row for row in rows]
    told = [(equipment, at(start), at(end), reason, by) for start, end, reason, by in whole]
    return pl.DataFrame(told, schema=STOP_REASONS, orient="row")


def persons(*rows: tuple[float, float, str], equipment: str = PRESS) -> pl.DataFrame:
    """Give what people said: begin, end, reason."""
    told = [(equipment, at(start), at(end), reason) for start, end, reason in rows]
    return pl.DataFrame(told, schema=PERSONS, orient="row")


def parts(*rows: dict[str, float], equipment: str = PRESS) -> pl.DataFrame:
    """Give running sums from what was counted: `time` and any of `parts.SUMS`; a sum that no row has is null."""
    told = pl.DataFrame(
        [{"equipment": equipment, **row, "time": at(row["time"])} for row in rows],
        schema={"equipment": pl.String, "time": MOMENT, **dict.fromkeys(SUMS, pl.Float64)},
    )
    known = [name for name in SUMS if told[name].null_count() < len(told)]
    return told.sort("time").with_columns(pl.col(known).fill_null(0.0).cum_sum()).select(PARTS.names())


def products(*rows: tuple[float, bool], judged: bool = True, equipment: str = PRESS) -> pl.DataFrame:
    """Give products: since when, whether production of them can be judged; `judged`: before the first."""
    told = [(equipment, DAWN, None, None, judged), *((equipment, at(time), "p", 1.0, known) for time, known in rows)]
    return pl.DataFrame(told, schema=PRODUCTS, orient="row")


def windows(*rows: tuple[str, float, float], equipment: str = PRESS) -> pl.DataFrame:
    """Give windows: period, begin, end."""
    told = [(equipment, period, "", at(start), at(end)) for period, start, end in rows]
    return pl.DataFrame(told, schema=WINDOWS, orient="row")


def hours_and_day(hours: int = 24, equipment: str = PRESS) -> pl.DataFrame:
    """Give the hours from `BEGIN` and one day of as many of them."""
    every = [("hour", hour * 3600.0, (hour + 1) * 3600.0) for hour in range(hours)]
    return windows(*every, ("day", 0.0, hours * 3600.0), equipment=equipment)


def seconds(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Give rows: begin and end in seconds after `BEGIN`, then `columns`."""
    edges = [((pl.col(edge) - BEGIN).dt.total_microseconds() / 1e6).alias(edge) for edge in ("start", "end")]
    return frame.select(*edges, *columns).rows()


class Floor(NamedTuple):
    """What happened on a shop floor, drawn by Hypothesis."""

    spans: pl.DataFrame
    work: pl.DataFrame
    stops: pl.DataFrame
    parts: pl.DataFrame
    products: pl.DataFrame
    micro_stop: int
    """Seconds."""
    length: int
    """Seconds from `BEGIN` to the end of the spans."""


def _tiled(lengths: Sequence[tuple[int, str, str]]) -> list[tuple[float, float, str, str]]:
    rows, begin = [], 0
    for length, one, other in lengths:
        rows.append((float(begin), float(begin + length), one, other))
        begin += length
    return rows


@st.composite
def floors(draw: st.DrawFn, equipment: str = PRESS) -> Floor:
    """Draw spans that tile some hours, among them spans without length, planned work, stop reasons and parts."""
    lengths = st.integers(0, 3000) | st.integers(0, 120)
    told = _tiled(draw(st.lists(st.tuples(lengths, st.sampled_from(STATES), st.sampled_from("ab")), min_size=1)))
    length = int(told[-1][1])
    planned = _tiled(
        draw(
            st.lists(
                st.tuples(st.integers(1, 4000), st.sampled_from(["none", "planned", "maintenance"]), st.just("m")),
                max_size=20,
            )
        )
    )
    said = _tiled(
        draw(
            st.lists(
                st.tuples(
                    st.integers(1, 2000), st.sampled_from(["", *REASONS, "odd"]), st.sampled_from(["person", "signal"])
                ),
                max_size=20,
            )
        )
    )
    counts = draw(
        st.lists(
            st.tuples(st.integers(0, length + 100), st.integers(0, 5), st.integers(0, 5)), unique_by=lambda x: x[0]
        )
    )
    changes = draw(st.lists(st.tuples(st.integers(0, length + 1), st.booleans()), unique_by=lambda x: x[0], max_size=4))
    cycle = draw(st.sampled_from([0.3, 7.0, 60.1]))
    made = [
        {
            "time": time,
            "total": good + reject,
            "good": good,
            "reject": reject,
            "ideal_time": (good + reject) * cycle,
            "ideal_good_time": good * cycle,
        }
        for time, good, reject in counts
    ]
    plans = [
        (start, end, name) if kind == "maintenance" else (start, end)
        for start, end, kind, name in planned
        if kind != "none"
    ]
    return Floor(
        spans(*told, equipment=equipment),
        work(*plans, equipment=equipment),
        stops(*[row for row in said if row[2]], equipment=equipment),
        parts(*made, equipment=equipment),
        products(*sorted((float(time), known) for time, known in changes), equipment=equipment),
        draw(st.sampled_from([0, 60, 600])),
        length,
    )
