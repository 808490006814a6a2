"""The samples of a look as columns: in whatever order they come, each signal's by time."""

import math
from itertools import groupby

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import SAMPLES, Status
from analytics.faults.columns import PAST, columns
from tests.analytics.plant import EXAMPLES

ROW = st.tuples(
    st.sampled_from("abc"),
    st.integers(0, 5),
    st.sampled_from([1.0, 2.0, math.nan, None]),
    st.sampled_from([0, 0, 0, Status.BAD, Status.UNCERTAIN_RANGE]),
)
IN_TURN = st.tuples(st.permutations("abcd"), st.integers(1, 6), st.integers(0, 3)).map(
    lambda of: (
        [(name, turn, float(10 * turn + ord(name)), 0) for turn in range(of[1]) for name in of[0]]
        + [("z", 0, 1.0, 0)] * of[2]
    )
)


@EXAMPLES
@given(st.one_of(st.lists(ROW, max_size=30), IN_TURN, IN_TURN.map(sorted), IN_TURN.map(lambda rows: rows[:-1])))
def test_every_signal_has_its_rows_by_time(rows: list[tuple[str, int, float | None, int]]) -> None:
    kinds = {name: pl.Int64() if name == "time" else SAMPLES[name] for name in ("signal", "time", "float", "status")}
    told = pl.DataFrame(rows, schema=kinds, orient="row").with_columns(pl.col("time").cast(SAMPLES["time"]))
    cols = columns(told.with_columns(pl.lit(None, SAMPLES["int"]).alias("int")))
    assert [*cols.paths] == [*dict.fromkeys(row[0] for row in rows)]
    assert cols.begins == cols.bounds.tolist()
    if cols.table is not None:
        assert cols.table.T.reshape(-1).tolist() == cols.value.tolist()
    for path, place in cols.paths.items():
        mine = sorted((row for row in rows if row[0] == path), key=lambda row: row[1])
        says = [not row[3] and row[2] is not None and not math.isnan(row[2]) for row in mine]
        begin, end = cols.begins[place], cols.begins[place + 1]
        seen = list(zip(cols.ns[begin:end].tolist(), cols.value[begin:end].tolist(), strict=True))
        assert seen == [row[1:3] for row, usable in zip(mine, says, strict=True) if usable]
        assert (cols.first[place], cols.last[place]) == ((seen[0][0], seen[-1][0]) if seen else (PAST, PAST))
        assert (path in cols.tail) == (not says[-1])
        runs = [size for usable, some in groupby(says) if (size := len([*some])) and usable]
        starts = [sum(runs[:run]) for run in range(len(runs))]
        broken = [row in starts and (row > 0 or not says[0]) for row in range(len(seen))]
        assert ([False] * len(seen) if cols.broken is None else cols.broken[begin:end].tolist()) == broken


def test_signals_that_come_in_turn_have_their_values_abreast() -> None:
    rows = [(name, turn, float(10 * turn + place)) for turn in range(3) for place, name in enumerate("dacb")]
    kinds = {"signal": pl.String(), "time": pl.Int64(), "float": pl.Float64()}
    told = pl.DataFrame(rows, schema=kinds, orient="row").with_columns(
        pl.col("time").cast(SAMPLES["time"]), pl.lit(0, SAMPLES["status"]).alias("status")
    )
    cols = columns(told.with_columns(pl.lit(None, SAMPLES["int"]).alias("int")))
    assert cols.table is not None
    assert cols.table.tolist() == [[0.0, 1.0, 2.0, 3.0], [10.0, 11.0, 12.0, 13.0], [20.0, 21.0, 22.0, 23.0]]
