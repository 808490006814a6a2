"""What coming shifts have to spare, by what past shifts like them had."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest

from adapters.stores.contract import RESULTS
from analytics.reports.capacity import CAPACITY, FEWEST, HISTORY, WINDOWS, capacity, of_lines
from analytics.reports.coming import coming, past
from analytics.reports.reading import lines_and_machines, read_capacity
from analytics.reports.scope import Scope
from collector.park import Break, Calendar, Park, Shift
from collector.worktime import Maintenance, Rotation, Special
from tests.analytics import plant
from tests.analytics.reports.told import HOUR, account, local, window

ZONE = "Asia/Shanghai"
PRESS, OVEN = "works/line/press", "works/line/oven"
MONDAY = date(2026, 3, 2)


def shift(name: str, start: int, end: int, **keys: object) -> Shift:
    return Shift.model_validate({"name": name, "start": time(start), "end": time(end), **keys})


OFFICE = Calendar(
    shifts=(
        shift("day", 8, 16, days=("mon", "tue", "wed", "thu", "fri")),
        shift("night", 22, 6, days=("mon", "tue", "wed", "thu", "fri"), breaks=(Break(start=time(1), end=time(2)),)),
    ),
    closed=(date(2026, 3, 4),),
    special=(Special(day=date(2026, 3, 7), shifts=("day",), note="overtime"),),
)
FOUR_ON_TWO_OFF = Calendar(
    shifts=(shift("crew", 6, 18, turns=(1, 2, 3, 4)),), rotation=Rotation(start=MONDAY, length=6)
)


def works(calendar: Calendar, *maintenance: Maintenance) -> Park:
    press = plant.machine(PRESS, maintenance=maintenance)
    return plant.park(plant.line("works/line", press, plant.machine(OVEN)), zone=ZONE, calendar=calendar)


def monday(weeks: int = 0) -> datetime:
    return local(MONDAY + timedelta(weeks=weeks), ZONE)


def told(path: str, day: date, name: str, hours: Mapping[str, float], at: int = 8, lasts: int = 8) -> pl.DataFrame:
    """Give the results of a past shift: hours by part of the account."""
    numbers = account(**{key: value * HOUR for key, value in hours.items()})
    start = local(day, ZONE, time(at))
    return window(path, "shift", start, start + timedelta(hours=lasts), numbers, name=name)


def spare(park: Park, results: list[pl.DataFrame], start: datetime, days: int = 7) -> pl.DataFrame:
    windows = coming(park, [PRESS], start, start + timedelta(days=days))
    return capacity(windows.drop("begins"), past(park, pl.concat([RESULTS.to_frame(), *results]), windows))


def test_coming_shifts_are_those_of_the_calendar() -> None:
    found = coming(works(OFFICE), [PRESS], monday(), monday(1))
    assert found.select("name", "weekday", "planned_s").rows() == [
        ("day", 1, 8 * HOUR),
        ("night", 1, 7 * HOUR),
        ("day", 2, 8 * HOUR),
        ("night", 2, 7 * HOUR),
        ("day", 4, 8 * HOUR),  # Wednesday is closed
        ("night", 4, 7 * HOUR),
        ("day", 5, 8 * HOUR),
        ("night", 5, 7 * HOUR),
        ("day", 6, 8 * HOUR),  # the Saturday of overtime
    ]


def test_a_shift_under_way_counts_from_now() -> None:
    found = coming(works(OFFICE), [PRESS], monday() + timedelta(hours=14), monday(1)).row(0, named=True)
    assert (found["name"], found["planned_s"]) == ("day", 2 * HOUR)
    assert found["begins"] == monday() + timedelta(hours=8)
    assert found["start"] == monday() + timedelta(hours=14)


def test_a_rotation_has_no_weekdays() -> None:
    found = coming(works(FOUR_ON_TWO_OFF), [PRESS], monday(), monday(1))
    assert found["weekday"].unique().to_list() == [0]
    local_days = found["start"].dt.convert_time_zone(ZONE).dt.date()
    assert [(day - MONDAY).days for day in local_days] == [0, 1, 2, 3, 6]


def test_maintenance_takes_its_part_of_planned_work() -> None:
    service = Maintenance(name="service", days=("tue",), at=time(14), lasts=timedelta(hours=4))
    found = coming(works(OFFICE, service), [PRESS, OVEN], monday(), monday(1))
    tuesday = found.filter((pl.col("weekday") == 2) & (pl.col("name") == "day"))
    assert tuesday.select("path", "planned_s", "maintenance_s").rows() == [
        (PRESS, 8 * HOUR, 2 * HOUR),  # two of its four hours lie within the shift
        (OVEN, 8 * HOUR, 0.0),
    ]


def test_typical_use_is_that_of_the_same_shift_on_the_same_weekday() -> None:
    results = []
    for week in range(-8, 0):
        busy = 5.0 if week % 2 else 6.0
        hours = {"producing_time": busy - 1, "setup_time": 1.0, "unplanned_stop_time": 0.5, "idle_time": 7.5 - busy}
        results.append(told(PRESS, MONDAY + timedelta(weeks=week), "day", hours))
        results.append(told(PRESS, MONDAY + timedelta(weeks=week, days=1), "day", {"producing_time": 8.0}))
    found = spare(works(OFFICE), results, monday()).filter(pl.col("name") == "day")
    assert found.schema == CAPACITY
    first, second = found.row(0, named=True), found.row(1, named=True)
    assert first["typical_busy_s"] == pytest.approx(5.5 * HOUR)
    assert first["typical_stops_s"] == pytest.approx(0.5 * HOUR)
    assert first["idle_s"] == pytest.approx(2.0 * HOUR)
    assert first["idle_safe_s"] == pytest.approx(1.5 * HOUR)
    assert (first["based_on"], first["coverage"], first["note"]) == (8, 1.0, "")
    assert (second["typical_busy_s"], second["idle_s"], second["idle_safe_s"]) == (8 * HOUR, 0.0, 0.0)


def test_maintenance_is_not_offered() -> None:
    service = Maintenance(name="service", days=("mon",), at=time(8), lasts=timedelta(hours=4))
    results = [
        told(PRESS, MONDAY - timedelta(weeks=week), "day", {"producing_time": 6.0, "idle_time": 2.0})
        for week in range(1, 9)
    ]
    found = spare(works(OFFICE, service), results, monday()).row(0, named=True)
    assert (found["planned_s"], found["maintenance_s"]) == (8 * HOUR, 4 * HOUR)
    assert found["typical_busy_s"] == pytest.approx(3 * HOUR)  # the same share of what is left
    assert found["idle_s"] == pytest.approx(1 * HOUR)


def test_a_rotation_is_held_against_all_its_shifts() -> None:
    results = [
        told(PRESS, MONDAY - timedelta(days=day), "crew", {"producing_time": 9.0, "idle_time": 3.0}, 6, 12)
        for day in (3, 4, 5, 6, 9)
    ]
    found = spare(works(FOUR_ON_TWO_OFF), results, monday())
    assert found["based_on"].to_list() == [5] * 5
    assert found["idle_s"].to_list() == pytest.approx([3 * HOUR] * 5)
    assert set(found["note"]) == {""}


def test_too_little_history_is_null_with_a_note() -> None:
    results = [told(PRESS, MONDAY - timedelta(weeks=week), "day", {"producing_time": 8.0}) for week in range(1, FEWEST)]
    found = spare(works(OFFICE), results, monday())
    assert found["idle_s"].is_null().all()
    first = found.row(0, named=True)
    assert first["based_on"] == FEWEST - 1
    assert first["note"] == "too little history: 3 like it in 8 weeks, at least 4 are needed"
    assert found.filter(pl.col("name") == "night").row(0, named=True)["based_on"] == 0


def test_an_unusual_weekday_is_told_from_all_of_them() -> None:
    results = [
        told(PRESS, MONDAY - timedelta(weeks=week), "day", {"producing_time": 6.0, "idle_time": 2.0})
        for week in range(1, 5)
    ]
    saturday = spare(works(OFFICE), results, monday()).filter(pl.col("name") == "day").row(-1, named=True)
    assert saturday["idle_s"] == pytest.approx(2 * HOUR)
    assert "all weekdays" in saturday["note"]


def test_what_nobody_knows_is_not_offered_as_safe() -> None:
    results = [
        told(
            PRESS, MONDAY - timedelta(weeks=week), "day", {"producing_time": 4.0, "idle_time": 2.0, "unknown_time": 2.0}
        )
        for week in range(1, 5)
    ]
    blind = told(PRESS, MONDAY - timedelta(weeks=5), "day", {"idle_time": 3.0, "unknown_time": 5.0})
    found = spare(works(OFFICE), [*results, blind], monday()).row(0, named=True)
    assert (found["based_on"], found["coverage"]) == (4, pytest.approx(0.75))
    assert found["idle_s"] == pytest.approx(8 * HOUR / 3)
    assert found["idle_safe_s"] == pytest.approx(2 * HOUR)


def test_the_shift_under_way_is_no_history() -> None:
    now = monday() + timedelta(hours=12)
    results = [told(PRESS, MONDAY, "day", {"producing_time": 4.0}, lasts=4)]
    windows = coming(works(OFFICE), [PRESS], now, monday(1))
    assert past(works(OFFICE), results[0], windows).is_empty()


def test_a_line_is_the_sum_of_its_machines() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    row = {"name": "day", "start": start, "end": start + timedelta(hours=8), "weekday": 1, "maintenance_s": 0.0}
    windows = pl.DataFrame([{"path": path, "planned_s": 8 * HOUR, **row} for path in (PRESS, OVEN)], schema=WINDOWS)
    spent = dict.fromkeys(HISTORY.names()[5:], 0.0) | {"planned_time": 8 * HOUR, "producing_time": 6 * HOUR}
    history = pl.DataFrame(
        [{"path": PRESS, "name": "day", "start": start, "end": start, "weekday": 1, **spent}] * 4, schema=HISTORY
    )
    found = of_lines(capacity(windows, history)).row(0, named=True)
    assert (found["path"], found["planned_s"], found["idle_s"]) == ("works/line", 16 * HOUR, 2 * HOUR)
    assert found["note"] == "without 1 of 2 machines: too little history"


async def test_it_is_read_from_the_store() -> None:
    park, store = works(OFFICE), plant.ResultStore()
    hours = {"producing_time": 6.0, "idle_time": 2.0}
    for week in range(1, 10):
        for path in (PRESS, OVEN):
            await store.write_results(told(path, MONDAY - timedelta(weeks=week), "day", hours))
    found = await read_capacity(store, Scope.of(park, ""), monday(), 1)
    assert list(dict.fromkeys(found["path"])) == lines_and_machines(Scope.of(park, "")) == ["works/line", PRESS, OVEN]
    day = found.filter(pl.col("name") == "day")
    assert day["idle_s"].to_list() == pytest.approx([4 * HOUR, 2 * HOUR, 2 * HOUR])
    assert day["based_on"].to_list() == [8, 8, 8]  # the ninth week back is too old
    alone = await read_capacity(store, Scope.of(park, OVEN), monday(), 1)
    assert set(alone["path"]) == {OVEN}
