"""Roll-up: what lies above machines is the sum of them."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.accounts import ACCOUNTS, BY_REASON, accounts
from analytics.calendar import windows_of
from analytics.kpis.contract import ACCOUNT, COUNTS, NULLABLE
from analytics.losses import losses
from analytics.rollup import bottlenecks, foreign, rollup, rollup_reasons
from collector.park import Equipment
from tests.analytics.plant import AROUND_THE_CLOCK, EXAMPLES, at, line, machine, park
from tests.analytics.shopfloor import parts, products, spans, stops, work

HOUR = 3600.0
PRESS, LATHE, MILL, AWAY = "works/line/press", "works/line/lathe", "works/other/mill", "abroad/line/press"


def of(
    path: str, state: str, made: pl.DataFrame | None = None, *, zone: str = "UTC", hours: float = 24
) -> pl.DataFrame:
    """Give the accounts of a machine that was in one state, hours and days in a zone."""
    did = losses(
        spans((-24 * HOUR, 48 * HOUR, state), equipment=path),
        work((-24 * HOUR, 48 * HOUR), equipment=path),
        stops(),
        [],
        {},
        at(-24 * HOUR),
        at(48 * HOUR),
    )
    wanted = windows_of(AROUND_THE_CLOCK, ZoneInfo(zone), at(0), at(hours * HOUR))
    whose = wanted.select(pl.lit(path).alias("equipment"), *wanted.columns)
    return accounts(did, parts() if made is None else made, products(equipment=path), whose)


PLANT = park(line("works/line", machine(PRESS), machine(LATHE)), line("works/other", machine(MILL)))


def only(frame: pl.DataFrame, **window: object) -> dict[str, Any]:
    return frame.filter(**window).row(0, named=True)


def test_what_lies_above_is_the_sum() -> None:
    made = parts({"time": 5, "total": 4.0, "good": 3.0, "energy": 2.5}, equipment=PRESS)
    more = parts({"time": 5, "total": 1.0}, equipment=MILL)
    above = rollup(pl.concat([of(PRESS, "producing", made), of(LATHE, "idle"), of(MILL, "off", more)]), PLANT)
    assert above.schema == ACCOUNTS
    assert above["path"].unique().sort().to_list() == ["park", "works", "works/line", "works/other"]
    day = only(above, path="works/line", period="day")
    assert (day["producing_time"], day["idle_time"], day["calendar_time"]) == (24 * HOUR, 24 * HOUR, 48 * HOUR)
    assert (day["start"], day["end"], day["energy"]) == (at(0), at(24 * HOUR), 2.5)
    assert [day[name] for name in COUNTS] == [4, 3, None, None]
    for path in ("works", "park"):
        day = only(above, path=path, period="day")
        assert [day[name] for name in COUNTS] == [5, 3, None, None]
        assert day["calendar_time"] == 72 * HOUR


def test_what_nobody_counts_is_null() -> None:
    above = rollup(pl.concat([of(PRESS, "producing"), of(LATHE, "idle")]), PLANT)
    assert all(above[name].null_count() == len(above) for name in NULLABLE)


def test_seconds_by_reason_add_up() -> None:
    rows = [
        (PRESS, "day", at(0), "idle", "no-order", 5.0, 2.0),
        (LATHE, "day", at(0), "idle", "no-order", 7.0, 0.0),
        (LATHE, "day", at(0), "off", "", 1.0, 1.0),
        (MILL, "day", at(0), "idle", "no-order", 2.0, None),
    ]
    above = rollup_reasons(pl.DataFrame(rows, schema=BY_REASON, orient="row"), PLANT)
    assert above.schema == BY_REASON
    assert above.select("path", "loss", "reason", "seconds", "stops").rows() == [
        ("park", "idle", "no-order", 14, None),
        ("park", "off", "", 1, 1),
        ("works", "idle", "no-order", 14, None),
        ("works", "off", "", 1, 1),
        ("works/line", "idle", "no-order", 12, 2),
        ("works/line", "off", "", 1, 1),
        ("works/other", "idle", "no-order", 2, None),
    ]


def test_a_shift_is_named_as_the_first_machine_of_the_line_names_it() -> None:
    press, lathe = (
        of(path, "idle").filter(period="shift").with_columns(name=pl.lit(name))
        for path, name in ((PRESS, "early"), (LATHE, "frühe"))
    )
    for rows in ([press, lathe], [lathe, press]):
        above = rollup(pl.concat(rows), PLANT)
        assert set(above["name"]) == {"early"}


def test_a_factory_in_another_zone_counts_in_the_parks_hours_and_days() -> None:
    plant = park(line("works/line", machine(PRESS)), line("abroad/line", machine(AWAY)), abroad="Asia/Kolkata")
    assert foreign(plant) == {"abroad"}
    home, away = of(PRESS, "producing"), of(AWAY, "idle", zone="Asia/Kolkata", hours=25)
    above = rollup(pl.concat([home, away]), plant)
    day = only(above, path="park", period="day", start=at(0))
    assert (day["producing_time"], day["idle_time"]) == (24 * HOUR, 24 * HOUR)
    hour = only(above, path="park", period="hour", start=at(5 * HOUR))
    assert (hour["producing_time"], hour["idle_time"]) == (HOUR, HOUR)
    assert above.filter(path="abroad", period="day")["start"].max() == at(18.5 * HOUR)


def test_nothing_has_nothing_above() -> None:
    assert rollup(pl.DataFrame(schema=ACCOUNTS), PLANT).is_empty()
    assert rollup_reasons(pl.DataFrame(schema=BY_REASON), PLANT).is_empty()


@EXAMPLES
@given(
    st.lists(
        st.tuples(
            st.sampled_from([PRESS, LATHE, MILL]),
            st.integers(0, 2),
            st.lists(st.none() | st.integers(0, 9), min_size=len(ACCOUNT), max_size=len(ACCOUNT)),
        ),
        unique_by=lambda row: row[:2],
    ),
    st.integers(0, 99),
)
def test_every_column_is_the_sum_of_what_is_known(rows: list[tuple[str, int, list[int | None]]], seed: int) -> None:
    told = []
    for path, hour, values in rows:
        told_of = (value if name in NULLABLE else value or 0 for name, value in zip(ACCOUNT, values, strict=True))
        told.append((path, "hour", "", at(hour * HOUR), at((hour + 1) * HOUR), *told_of))
    frame = pl.DataFrame(told, schema=ACCOUNTS, orient="row")
    above = rollup(frame, PLANT)
    assert rollup(frame.sample(fraction=1, shuffle=True, seed=seed), PLANT).equals(above)
    for row in above.rows(named=True):
        below = frame.filter(
            ((pl.lit(row["path"]) == "park") | pl.col("path").str.starts_with(row["path"] + "/"))
            & (pl.col("start") == row["start"])
        )
        for name in ACCOUNT:
            known = below[name].drop_nulls()
            assert row[name] == (known.sum() if len(known) else None)


def cycle(path: str, seconds: float | None, **keys: Any) -> Equipment:
    return machine(path, ideal_cycle=None if seconds is None else timedelta(seconds=seconds), **keys)


def test_the_bottleneck_is_named_or_has_the_longest_ideal_cycle() -> None:
    slow, fast, none = cycle("w/l/slow", 9), cycle("w/l/fast", 2), cycle("w/l/none", None)
    mixed = cycle("w/l/mixed", 5, products={"big": timedelta(seconds=10), "small": timedelta(seconds=1)})
    plant = park(
        line("w/l", slow, fast, none),
        line("w/named", cycle("w/named/a", 9), cycle("w/named/b", 2), bottleneck="b"),
        line("w/none", cycle("w/none/a", None)),
        line("w/products", slow, mixed),
        line("w/alike", cycle("w/alike/a", 3), cycle("w/alike/b", 3)),
    )
    assert bottlenecks(plant) == {
        "w/l": "w/l/slow",
        "w/named": "w/named/b",
        "w/products": "w/l/mixed",
        "w/alike": "w/alike/a",
    }
