"""Windows, their times and KPIs, and what lies above a machine."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.contract import RESULTS
from analytics.calendar import plan
from analytics.kpis.catalogue import BY_SLUG, KPIS
from analytics.kpis.contract import STATE_TIMES, TIMES
from analytics.results import results, times_of
from analytics.rollup import rollup
from analytics.spans import SPANS
from analytics.windows import TIMES as COLUMNS
from analytics.windows import times
from collector.park import Break, Calendar, EquipmentState, Shift
from tests.analytics.plant import AROUND_THE_CLOCK, EXAMPLES, at, line, machine, park

PRESS = "works/line/press"
OFFICE = Calendar(
    shifts=(Shift(name="day", start=time(8), end=time(16), breaks=(Break(start=time(12), end=time(13)),)),)
)
HOUR = 3600


def spans(*rows: tuple[float, float, str], equipment: str = PRESS) -> pl.DataFrame:
    """Give spans: begin and end in hours, state."""
    return pl.DataFrame(
        [(equipment, at(start * HOUR), at(end * HOUR), state, None) for start, end, state in rows],
        schema=SPANS,
        orient="row",
    )


def computed(
    told: pl.DataFrame, calendar: Calendar = OFFICE, hours: float = 24, zone: str = "UTC", equipment: str = PRESS
) -> pl.DataFrame:
    made = plan(calendar, ZoneInfo(zone), at(0), at(hours * HOUR))
    whose = pl.lit(equipment).alias("equipment")
    return times(told, made.windows.with_columns(whose), made.shares.with_columns(whose))


def only(frame: pl.DataFrame, **window: object) -> dict[str, object]:
    return frame.filter(**window).row(0, named=True)


def test_times_count_planned_time_only() -> None:
    told = spans((0, 9, "idle"), (9, 12.5, "producing"), (12.5, 15, "setup"), (15, 20, "producing"), (20, 24, "off"))
    day = only(computed(told), period="day")
    assert day["planned_time"] == 7 * HOUR
    assert day["producing_time"] == 4 * HOUR
    assert day["setup_time"] == 2 * HOUR
    assert day["idle_time"] == 1 * HOUR
    assert day["off_time"] == 0
    assert day["overtime"] == 4.5 * HOUR
    assert (day["start"], day["end"]) == (at(0), at(24 * HOUR))


def test_hours_outside_planned_time_have_none() -> None:
    hour = only(computed(spans((0, 24, "producing"))), period="hour", start=at(3 * HOUR))
    assert (hour["planned_time"], hour["producing_time"], hour["overtime"]) == (0, 0, HOUR)


def test_a_window_that_runs_ends_where_its_numbers_end() -> None:
    shown = computed(spans((0, 9.5, "producing")))
    assert only(shown, period="shift")["end"] == at(9.5 * HOUR)
    assert only(shown, period="shift")["planned_time"] == 1.5 * HOUR
    assert shown.filter(period="hour")["start"].max() == at(9 * HOUR)
    assert only(shown, period="hour", start=at(9 * HOUR))["planned_time"] == HOUR / 2


def test_windows_that_have_not_begun_have_no_row() -> None:
    assert computed(spans((0, 7, "idle"))).filter(period="shift").is_empty()


STATES = [state.value for state in EquipmentState]


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(1, 400), st.sampled_from(STATES)), min_size=1, max_size=15),
    st.sampled_from(["UTC", "America/Chicago", "Asia/Kolkata"]),
)
def test_every_second_is_in_one_state_and_hours_add_up(lengths: list[tuple[int, str]], zone: str) -> None:
    rows, begin = [], 0
    for minutes, state in lengths:
        rows.append((begin / 60, (begin + minutes) / 60, state))
        begin += minutes
    night = Shift(name="night", start=time(22), end=time(6), breaks=(Break(start=time(2), end=time(2, 20)),))
    calendar = Calendar(shifts=(night, Shift(name="day", start=time(7, 15), end=time(15))))
    told = pl.concat([spans((-30, 0, "unknown")), spans(*rows)])
    shown = computed(told, calendar, begin / 60, zone)
    states = shown.select(pl.sum_horizontal(STATE_TIMES)).to_series()
    assert (states - shown["planned_time"]).abs().max() < 1e-6  # type: ignore[operator]
    by_hour, by_day = (shown.filter(period=period).select(pl.col(TIMES).sum()).row(0) for period in ("hour", "day"))
    before = computed(told, calendar, 0.001, zone).filter(period="day", start=shown.filter(period="day")["start"][0])
    assert len(before) == 1
    # The first day reaches back before the first hour asked for; in between the machine was unknown.
    lacking = dict.fromkeys(TIMES, 0.0) | {name: by_day[i] - by_hour[i] for i, name in enumerate(TIMES)}
    assert lacking["planned_time"] == pytest.approx(lacking["unknown_time"], abs=1e-6)
    assert all(abs(lacking[name]) < 1e-6 for name in TIMES if name not in {"planned_time", "unknown_time"})


def test_kpis_of_a_window() -> None:
    told = spans((0, 8, "off"), (8, 9, "planned_stop"), (9, 12, "producing"), (12, 14, "unknown"), (14, 24, "idle"))
    rows = results(computed(told), at(0))
    assert rows.schema == RESULTS
    shift = rows.filter(period="shift")
    values = dict(shift.select("kpi", "value").iter_rows())
    assert values["utilisation"] == pytest.approx(3 / 7)
    assert values["availability"] == pytest.approx(3 / 6)
    assert values["unknown_time"] == HOUR
    assert shift["coverage"].unique().to_list() == [pytest.approx(6 / 7)]
    assert set(values) == set(BY_SLUG)


def test_ratios_are_null_where_nothing_was_planned() -> None:
    hour = results(computed(spans((0, 24, "producing"))), at(0)).filter(period="hour", start=at(0))
    assert hour.filter(kpi="utilisation")["value"].to_list() == [None]
    assert hour["coverage"].null_count() == len(hour)


def test_availability_is_null_where_only_stops_were_planned() -> None:
    shift = results(computed(spans((0, 24, "planned_stop"))), at(0)).filter(period="shift")
    assert shift.filter(kpi="availability")["value"].to_list() == [None]
    assert shift.filter(kpi="utilisation")["value"].to_list() == [0]


def test_stored_times_come_back() -> None:
    shown = computed(spans((0, 9.7, "producing"), (9.7, 24, "idle")))
    back = times_of(results(shown, at(0)))
    assert back.schema == COLUMNS
    assert back.sort("period", "start").equals(shown.sort("period", "start"))


def test_the_catalogue_tells_every_kpi() -> None:
    assert len(BY_SLUG) == len(KPIS)
    for kpi in KPIS:
        assert kpi.title.zh
        assert kpi.title.en
        assert kpi.source.startswith("ISO 22400-2")
        assert (kpi.unit, kpi.kind) in {("s", "time"), ("1", "ratio")}


def test_what_lies_above_is_weighted_by_planned_time() -> None:
    lathe = "works/line/lathe"
    plant = park(line("works/line", machine(PRESS), machine(lathe)), calendar=OFFICE)
    both = pl.concat(
        [
            computed(spans((0, 24, "producing"))),
            computed(spans((0, 24, "idle"), equipment=lathe), AROUND_THE_CLOCK, equipment=lathe),
        ]
    )
    above = results(rollup(both, plant), at(0))
    for path in ("works/line", "works", "park"):
        day = above.filter(path=path, period="day", kpi="utilisation")
        assert day["value"].to_list() == [pytest.approx(7 / 31)]


def test_a_factory_in_another_zone_counts_in_the_parks_hours_and_days() -> None:
    abroad = "abroad/line/press"
    plant = park(line("works/line", machine(PRESS)), line("abroad/line", machine(abroad)), abroad="Asia/Kolkata")
    home = computed(spans((0, 24, "producing")), AROUND_THE_CLOCK)
    away = computed(spans((-24, 25, "idle"), equipment=abroad), AROUND_THE_CLOCK, zone="Asia/Kolkata", equipment=abroad)
    above = rollup(pl.concat([home, away]), plant)
    day = only(above, path="park", period="day", start=at(0))
    assert (day["producing_time"], day["idle_time"]) == (24 * HOUR, 24 * HOUR)
    hour = only(above, path="park", period="hour", start=at(5 * HOUR))
    assert (hour["producing_time"], hour["idle_time"]) == (HOUR, HOUR)
    assert above.filter(path="abroad", period="day")["start"].max() == at(18.5 * HOUR)


def test_no_times_have_nothing_above() -> None:
    assert rollup(pl.DataFrame(schema=COLUMNS), park(line("works/line", machine(PRESS)))).is_empty()


def test_a_long_history_costs_a_look_up_per_window() -> None:
    changes = [(minute / 60, (minute + 1) / 60, STATES[minute % 5]) for minute in range(60 * 24 * 40)]
    told = spans(*changes)
    shown = computed(told, AROUND_THE_CLOCK, 24 * 40)
    assert len(shown.filter(period="day")) == 40
    assert shown.filter(period="day")["producing_time"].sum() == pytest.approx(40 * 24 * HOUR / 5)
    assert timedelta(hours=1) == shown.filter(period="hour").select((pl.col("end") - pl.col("start")).max()).item()
