"""The KPIs of a month in DuckDB's SQL, straight from the lake's Parquet files: a reference of `kpi_month`.

    files ──► changes ──► states ─┐
                     └──► parts ──┴─► cells ──► windows

The samples are read in one pass that keeps only what differs from the sample before it; everything after that works on
a tenth of the rows. There are two ways to find the sample before:

- `lag` over each signal by time: right for files in any order and any number, as whoever queries a lake writes it. It
  orders all samples.
- the row before, right for a lake of which every day is sealed: its files are sorted by signal and time. Such a pass
  streams. It has one thread, so two halves of the files are read beside each other. Rows are compared by a hash of
  signal and value, which is three times as fast as comparing both.

Time is cut into cells wherever a state, planned work, a window, or what is made changes. Each cell gets its loss and
its parts, and is summed up in the hour and in the shift that it lies in.
"""

from pathlib import Path
from typing import Final

import duckdb

from tests.bench.kpi_park import BEGIN, HOLD_FOR, MICRO_STOP, Size
from tests.bench.kpi_tables import COLUMNS, MICROSECOND, RATIOS, TABLES, micro

_SAMPLES: Final = """
    SELECT signal, time_ns, text, int
    FROM (
        SELECT signal, time_ns, IF(status < 1073741824, text, NULL) AS text, IF(status < 1073741824, int, NULL) AS int
        FROM read_parquet($half)
        WHERE signal NOT LIKE '%/condition' AND (status < 1073741824 OR signal LIKE '%/state')
    )
"""

_DIFFERING: Final = f"""{_SAMPLES}
    QUALIFY hash(signal, text, int) IS DISTINCT FROM lag(hash(signal, text, int)) OVER ()
"""

_DIFFERING_BY_TIME: Final = f"""{_SAMPLES.replace("$half", "$files")}
    WINDOW of_signal AS (PARTITION BY signal ORDER BY time_ns)
    QUALIFY row_number() OVER of_signal = 1
        OR text IS DISTINCT FROM lag(text) OVER of_signal OR int IS DISTINCT FROM lag(int) OVER of_signal
"""

_CHANGES: Final = f"""
CREATE TEMP TABLE changes AS
SELECT machine, role, time_ns // 1000 AS t, time_ns, text, int AS count
FROM ({_DIFFERING} UNION ALL {_DIFFERING.replace("$half", "$other_half")}) JOIN signals USING (signal)
"""  # noqa: S608 - constants of this module are its only parts

_CHANGES_BY_TIME: Final = f"""
CREATE TEMP TABLE changes AS
SELECT machine, role, time_ns // 1000 AS t, time_ns, text, int AS count
FROM ({_DIFFERING_BY_TIME}) JOIN signals USING (signal)
"""  # noqa: S608 - constants of this module are its only parts

_STATES: Final = """
CREATE TEMP TABLE states AS
WITH last_of_instant AS (
    SELECT machine, t, text AS raw FROM changes WHERE role = 'state'
    QUALIFY lead(t) OVER (PARTITION BY machine ORDER BY time_ns) IS DISTINCT FROM t
), changed AS (
    SELECT * FROM last_of_instant
    QUALIFY raw IS DISTINCT FROM lag(raw) OVER (PARTITION BY machine ORDER BY t)
), followed AS (
    SELECT *, lead(t) OVER of_machine AS next, lead(raw) OVER of_machine AS next_raw, lead(t, 2) OVER of_machine AS back
    FROM changed WINDOW of_machine AS (PARTITION BY machine ORDER BY t)
), held AS (
    SELECT *, IF(next_raw IS NULL AND next IS NOT NULL AND (back IS NULL OR back - next > $hold), next + $hold, NULL)
        AS lost
    FROM followed WHERE raw IS NOT NULL
), points AS (
    SELECT machine, t, state FROM held JOIN meanings USING (raw)
    UNION ALL SELECT machine, lost, 'unknown' FROM held WHERE lost < $end
    UNION ALL SELECT machine, $begin - 1, 'unknown' FROM machines -- a first report at $begin follows it
), spans AS (
    SELECT *, coalesce(lead(t) OVER (PARTITION BY machine ORDER BY t), $end) AS until,
        state IN ('idle', 'unplanned_stop') AS short
    FROM points
), turned AS (
    SELECT *, short IS DISTINCT FROM lag(short) OVER (PARTITION BY machine ORDER BY t) AS turns
    FROM spans WHERE t < until
), runs AS (
    SELECT *, sum(turns::INTEGER) OVER (PARTITION BY machine ORDER BY t ROWS UNBOUNDED PRECEDING) AS run FROM turned
)
SELECT machine, t,
    IF(short AND max(until) OVER (PARTITION BY machine, run) - min(t) OVER (PARTITION BY machine, run) < $micro_stop,
       'micro_stop', state) AS state
FROM runs
"""

_STEPS: Final = """
CREATE TEMP TABLE steps AS
SELECT machine, role, t, IF(count >= before, count - before, count) AS made
FROM (
    SELECT machine, role, t, count, lag(count) OVER (PARTITION BY machine, role ORDER BY time_ns) AS before
    FROM changes WHERE role IN ('total', 'reject')
)
WHERE before IS NOT NULL AND count <> before
"""

_CELLS: Final = """
CREATE TEMP TABLE cells AS
WITH made AS (
    SELECT machine, t, text FROM changes WHERE role = 'product'
    QUALIFY lead(t) OVER (PARTITION BY machine ORDER BY time_ns) IS DISTINCT FROM t
), points AS (
    SELECT machine, t, state, NULL::TINYINT AS kind, NULL::DOUBLE AS ideal FROM states
    UNION ALL SELECT machine, start, NULL, kind, NULL FROM work
    UNION ALL SELECT machine, until, NULL, 0, NULL FROM work
    UNION ALL SELECT machine, start, NULL, NULL, NULL FROM windows
    UNION ALL SELECT machine, until, NULL, NULL, NULL FROM windows
    -- the part that is counted with a new product is still one of the old
    UNION ALL SELECT machine, t + 1, NULL, NULL, ideal FROM made JOIN cycles USING (text)
), instants AS (
    SELECT machine, t, max(state) AS state, max(kind) AS kind, max(ideal) AS ideal FROM points GROUP BY machine, t
), filled AS (
    SELECT machine, t,
        last_value(state IGNORE NULLS) OVER of_machine AS state,
        coalesce(last_value(kind IGNORE NULLS) OVER of_machine, 0) AS kind,
        last_value(ideal IGNORE NULLS) OVER of_machine AS ideal,
        coalesce(lead(t) OVER (PARTITION BY machine ORDER BY t), $end) - t AS lasted
    FROM instants WINDOW of_machine AS (PARTITION BY machine ORDER BY t ROWS UNBOUNDED PRECEDING)
), parts AS (
    SELECT cell.machine, cell.t,
        sum(made) FILTER (role = 'total') AS total, sum(made) FILTER (role = 'reject') AS reject
    FROM steps ASOF JOIN filled cell ON steps.machine = cell.machine AND steps.t >= cell.t
    GROUP BY cell.machine, cell.t
)
SELECT machine, t, state, kind, lasted, coalesce(total, 0) AS total, coalesce(reject, 0) AS reject,
    CASE kind WHEN 0 THEN 'not_scheduled' WHEN 2 THEN 'planned_stop' ELSE state END AS loss,
    IF(kind = 1 OR (kind = 2 AND state <> 'producing'), ideal, 0) AS ideal
FROM filled LEFT JOIN parts USING (machine, t)
"""

_TIMES: Final = {
    **{
        f"{loss}_time": f"IF(loss = '{loss}', lasted, 0)"
        for loss in (
            *("not_scheduled", "planned_stop", "unknown", "unplanned_stop", "idle", "off", "setup", "micro_stop"),
            "producing",
        )
    },
    "overtime": "IF(kind = 0 AND state = 'producing', lasted, 0)",
    "busy": "IF(kind = 1 AND loss <> 'planned_stop', lasted, 0)",
}
"""Microseconds that are summed up."""

_PARTS: Final = {
    "total_count": "total",
    "reject_count": "reject",
    "ideal_time": "total * ideal",
    "ideal_good_time": "(total - reject) * ideal",
}
"""Parts and their seconds that are summed up."""

_RESULT: Final = f"""
COPY (
    WITH placed AS (
        SELECT cell.*, windows.start
        FROM (FROM cells CROSS JOIN (VALUES ('hour'), ('shift')) periods(period)) cell
        ASOF JOIN windows
        ON windows.machine = cell.machine AND windows.period = cell.period AND cell.t >= windows.start
        WHERE cell.t < windows.until
    ), spent AS (
        SELECT machine, period, start,
            {", ".join(f"sum({what}) / 1e6 AS {name}" for name, what in _TIMES.items())},
            {", ".join(f"coalesce(sum({what}), 0)::DOUBLE AS {name}" for name, what in _PARTS.items())}
        FROM placed GROUP BY machine, period, start
    ), lost AS (
        SELECT *, total_count - reject_count AS good_count,
            least(greatest(producing_time - ideal_time, 0), producing_time) AS speed_loss_time,
            least(producing_time - speed_loss_time, greatest(ideal_time - ideal_good_time, 0)) AS quality_loss_time
        FROM spent
    )
    SELECT equipment, period, start, {", ".join(COLUMNS[: -len(RATIOS)])},
        IF(busy > 0, producing_time / busy, NULL) AS availability,
        IF(producing_time > 0, ideal_time / producing_time, NULL) AS effectiveness,
        IF(total_count > 0, good_count / total_count, NULL) AS quality_ratio,
        IF(busy > 0, IF(producing_time = 0, 0, availability * ideal_good_time / producing_time), NULL) AS oee
    FROM (SELECT *, producing_time - speed_loss_time - quality_loss_time AS productive_time FROM lost)
    JOIN machines USING (machine)
) TO '{{result}}' (FORMAT parquet)
"""  # noqa: S608 - constants of this module and names of columns are its only parts


def compute(files: list[str], tables: Path, size: Size, result: Path, *, by_row: bool) -> None:
    """Compute from `files` of samples, sorted by day, and `tables` (`kpi_tables`); write the file `result`.

    Args:
        files: of a sealed lake.
        tables: folder of the tables.
        size: of the month.
        result: file to write.
        by_row: take the row before for the sample before, which only sorted files allow; else order each signal's
            samples by time, which is right for files in any order.
    """
    middle = len(files) // 2
    begin, end = micro(BEGIN), micro(size.end)
    limits = {"hold": HOLD_FOR // MICROSECOND, "micro_stop": MICRO_STOP // MICROSECOND}
    steps: tuple[tuple[str, dict[str, object] | None], ...] = (
        (_CHANGES, {"half": files[:middle], "other_half": files[middle:]})
        if by_row
        else (_CHANGES_BY_TIME, {"files": files}),
        (_STATES, {"begin": begin, "end": end, **limits}),
        (_STEPS, None),
        (_CELLS, {"end": end}),
        (_RESULT.format(result=result), None),
    )
    with duckdb.connect() as database:
        for setting in (
            "threads = 2",
            "memory_limit = '2GB'",
            "enable_progress_bar = false",
            f"temp_directory = '{result.parent}/spilled'",
        ):
            database.execute(f"SET {setting}")
        for table in TABLES:
            database.execute(f"CREATE TEMP TABLE {table} AS FROM read_parquet('{tables / table}.parquet')")
        for statement, values in steps:
            database.execute(statement, values)
