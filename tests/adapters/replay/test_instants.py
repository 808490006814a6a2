"""Times as people and machines write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import INSTANT
from adapters.sources.replay.instants import counted, instants, times

BERLIN = "Europe/Berlin"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns(instant: datetime, beyond: int = 0) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1) * 1000 + beyond


def read(*stamps: str | None, zone: str = "UTC") -> list[int | None]:
    series = instants(pl.Series("stamp", stamps, dtype=pl.String), zone)
    assert series.dtype == INSTANT
    return series.to_physical().to_list()


@pytest.mark.parametrize(
    ("stamp", "instant", "beyond"),
    [
        ("2016-12-14T20:24:49.613308Z", datetime(2016, 12, 14, 20, 24, 49, 613308, UTC), 0),
        ("2022-08-08T13:51:34.7167146Z", datetime(2022, 8, 8, 13, 51, 34, 716714, UTC), 600),
        ("2022-08-08T13:51:34.716714699999Z", datetime(2022, 8, 8, 13, 51, 34, 716714, UTC), 699),
        ("1969-12-31T23:59:59.999999999Z", datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), 999),
        ("2016-12-14T09:29:03Z", datetime(2016, 12, 14, 9, 29, 3, 0, UTC), 0),
        (" 2016-12-14t09:29:03z ", datetime(2016, 12, 14, 9, 29, 3, 0, UTC), 0),
        ("2016-12-14T09:29:03+08:00", datetime(2016, 12, 14, 1, 29, 3, 0, UTC), 0),
        ("2016-12-14 09:29:03.5-0330", datetime(2016, 12, 14, 12, 59, 3, 500000, UTC), 0),
        ("2016-12-14T09:29:03,5", datetime(2016, 12, 14, 8, 29, 3, 500000, UTC), 0),
        ("2016/7/4 9:05", datetime(2016, 7, 4, 7, 5, 0, 0, UTC), 0),
        ("2016-12-14", datetime(2016, 12, 13, 23, 0, 0, 0, UTC), 0),
    ],
)
def test_a_written_time_is_an_instant(stamp: str, instant: datetime, beyond: int) -> None:
    assert read(stamp, zone=BERLIN) == [ns(instant, beyond)]


@pytest.mark.parametrize(
    "stamp",
    [
        *("", "x", None, "12", "٢٠١٦-١٢-١٤", "2016-02-30T00:00:00Z", "2016-12-14T25:00:00Z"),
        *("9999-01-01T00:00:00Z", "1500-01-01T00:00:00Z", "2262-05-01T00:00:00Z", "2016-12-14T09:29:03+24:00"),
    ],
)
def test_what_is_no_time_is_null_and_its_neighbours_are_read(stamp: str | None) -> None:
    assert read("2016-12-14T09:29:03Z", stamp, "2016-12-14T09:29:04Z", zone=BERLIN) == [
        ns(datetime(2016, 12, 14, 9, 29, 3, tzinfo=UTC)),
        None,
        ns(datetime(2016, 12, 14, 9, 29, 4, tzinfo=UTC)),
    ]


def test_an_hour_that_summer_time_skips_is_none_and_of_one_it_repeats_the_first_is_taken() -> None:
    assert read("2024-03-31 02:30", "2024-10-27 02:30", zone=BERLIN) == [
        None,
        ns(datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ]


@given(
    moments=st.lists(
        st.datetimes(
            min_value=datetime(1801, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
            max_value=datetime(2199, 1, 1),  # noqa: DTZ001 - the same
            timezones=st.one_of(
                st.just(UTC), st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
            ),
        )
    )
)
def test_every_time_in_rfc_3339_is_read_exactly(moments: list[datetime]) -> None:
    assert read(*(moment.isoformat() for moment in moments), zone=BERLIN) == [ns(moment) for moment in moments]


@pytest.mark.parametrize("unit", [10**9, 10**6, 10**3, 1])
def test_numbers_since_1970_say_by_their_size_what_they_count(unit: int) -> None:
    moment = ns(datetime(2016, 12, 14, 20, 24, 49, tzinfo=UTC))
    assert counted(pl.Series([moment // unit, None]), None).to_physical().to_list() == [moment, None]


def test_numbers_beyond_2200_and_before_1970_are_no_times() -> None:
    assert counted(pl.Series([-1, 2**63 - 1, 7_258_118_400 * 10**9]), None).null_count() == 3
    assert counted(pl.Series([float("nan"), float("inf"), 1e300]), None).null_count() == 3


def test_numbers_count_milliseconds_from_the_start_where_one_is_set() -> None:
    start = datetime(2024, 5, 17, 12, tzinfo=UTC)
    series = counted(pl.Series([0.0, 1.5, -3.0, 1e300]), start)
    assert series.to_physical().to_list() == [ns(start), ns(start) + 1_500_000, ns(start) - 3_000_000, None]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([datetime(2024, 5, 17, 12)]), datetime(2024, 5, 17, 10, tzinfo=UTC)),  # noqa: DTZ001 - without zone
        (
            pl.Series([datetime(2024, 5, 17, 12, tzinfo=ZoneInfo("Asia/Shanghai"))]),
            datetime(2024, 5, 17, 4, tzinfo=UTC),
        ),
        (pl.Series([date(2024, 5, 17)]), datetime(2024, 5, 16, 22, tzinfo=UTC)),
        (pl.Series([1715940000]), datetime(2024, 5, 17, 10, tzinfo=UTC)),
        (pl.Series([1715940000.0]), datetime(2024, 5, 17, 10, tzinfo=UTC)),
        (pl.Series(["1715940000"]), datetime(2024, 5, 17, 10, tzinfo=UTC)),
        (pl.Series(["2024-05-17 12:00"]), datetime(2024, 5, 17, 10, tzinfo=UTC)),
    ],
)
def test_a_column_of_any_type_is_read(column: pl.Series, expected: datetime) -> None:
    read_ = times(column, zone=BERLIN, started=None)
    assert read_.dtype == INSTANT
    assert read_.to_physical().to_list() == [ns(expected)]


def test_a_column_that_holds_no_times_gives_none() -> None:
    assert times(pl.Series([True, False]), zone="UTC", started=None).null_count() == 2
    assert times(pl.Series([timedelta(1), timedelta(2)]), zone="UTC", started=None).null_count() == 2
    far = pl.Series([datetime(9999, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)])
    assert times(far, zone="UTC", started=None).is_null().to_list() == [True, False]
