"""Results: accounts become rows and come back."""

import math
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.stores.contract import RESULTS
from analytics.accounts import ACCOUNTS
from analytics.kpis.catalogue import BY_SLUG, KPIS
from analytics.kpis.contract import ACCOUNT, NULLABLE
from analytics.results import accounts_of, results
from tests.analytics.kpis.account import HOUR, account, accounts
from tests.analytics.plant import EXAMPLES, at

PRESS, LATHE = "works/line/press", "works/line/lathe"


def value(rows: pl.DataFrame, path: str, kpi: str) -> Any:
    return rows.filter((pl.col("path") == path) & (pl.col("kpi") == kpi))["value"].item()


def test_every_kpi_of_every_window_has_a_row() -> None:
    rows = results(accounts(account(PRESS, start=HOUR, idle_time=HOUR), account(LATHE), account(PRESS)), at(5))
    assert rows.schema == RESULTS
    assert len(rows) == 3 * len(KPIS)
    assert_frame_equal(rows, rows.sort("path", "period", "start", "kpi"))
    assert rows.select("path", "period", "start", "kpi").is_unique().all()
    assert set(rows["computed"]) == {at(5)}


def test_first_results_have_no_history() -> None:
    rows = results(accounts(account()), at(5))
    assert set(rows["version"]) == {1}
    assert set(rows["reason"]) == {""}
    assert rows["note"].null_count() == 0


def test_values_stand_beside_their_kpi() -> None:
    row = account(PRESS, **dict[str, Any](zip(ACCOUNT, map(float, range(len(ACCOUNT))), strict=True)))
    rows = results(accounts(row), at(5))
    assert {name: value(rows, PRESS, name) for name in ACCOUNT} == {name: row[name] for name in ACCOUNT}


def test_coverage_is_the_share_of_planned_time_with_a_known_state() -> None:
    rows = results(accounts(account(PRESS, idle_time=3 * HOUR, unknown_time=HOUR), account(LATHE)), at(5))
    assert set(rows.filter(path=PRESS)["coverage"]) == {0.75}
    assert set(rows.filter(path=LATHE)["coverage"]) == {None}


def test_above_a_machine_quality_is_weighted_by_time() -> None:
    castings: dict[str, Any] = {"ideal_time": 6000.0, "ideal_good_time": 5400.0, "total_count": 10.0, "good_count": 9.0}
    washers: dict[str, Any] = {
        "ideal_time": 1000.0,
        "ideal_good_time": 1000.0,
        "total_count": 1000.0,
        "good_count": 1000.0,
    }
    both: dict[str, Any] = {name: castings[name] + washers[name] for name in castings}
    rows = results(
        accounts(
            account(PRESS, **castings, reject_count=1.0),
            account(LATHE, **washers, reject_count=0.0),
            account("works/line", **both, reject_count=1.0),
        ),
        at(5),
    )
    assert value(rows, PRESS, "quality_ratio") == 0.9
    assert value(rows, "works/line", "quality_ratio") == 6400 / 7000
    assert math.isclose(value(rows, "works/line", "scrap_ratio"), 600 / 7000)
    assert value(rows, PRESS, "throughput_rate") is None
    assert value(rows, "works/line", "rework_ratio") is None


def test_a_roll_up_is_weighted_by_time() -> None:
    busy = account(PRESS, producing_time=8 * HOUR)
    idle = account(LATHE, producing_time=HOUR, idle_time=HOUR)
    above = account("works/line", producing_time=9 * HOUR, idle_time=HOUR)
    rows = results(accounts(busy, idle, above), at(5))
    assert value(rows, "works/line", "utilisation") == 0.9


def test_the_bottleneck_is_not_in_the_account() -> None:
    assert (
        value(results(accounts(account("works/line", producing_time=HOUR)), at(5)), "works/line", "oee_bottleneck")
        is None
    )


def test_no_accounts_no_results() -> None:
    nothing = results(pl.DataFrame(schema=ACCOUNTS), at(5))
    assert nothing.schema == RESULTS
    assert nothing.is_empty()
    assert_frame_equal(accounts_of(nothing), pl.DataFrame(schema=ACCOUNTS))


def test_results_of_an_older_catalogue_come_back_as_far_as_they_go() -> None:
    rows = results(accounts(account(PRESS, producing_time=HOUR)), at(5)).filter(pl.col("kpi") == "producing_time")
    (row,) = accounts_of(rows).iter_rows(named=True)
    assert (row["producing_time"], row["idle_time"], row["total_count"]) == (HOUR, 0, None)


SECONDS = st.integers(0, 10**12).map(lambda microseconds: microseconds / 1e6)
COLUMNS = st.fixed_dictionaries({name: st.none() | SECONDS if name in NULLABLE else SECONDS for name in ACCOUNT})
PATHS = st.sampled_from([PRESS, LATHE, "works/line", "works", "park"])


@EXAMPLES
@given(st.dictionaries(st.tuples(PATHS, st.integers(0, 3)), COLUMNS, max_size=5))
def test_accounts_come_back_as_they_were(windows: dict[tuple[str, int], dict[str, float]]) -> None:
    rows = [account(path, start=hour * HOUR) | columns for (path, hour), columns in windows.items()]
    given_accounts = accounts(*rows).sort("path", "period", "start")
    found = results(given_accounts, at(9))
    assert_frame_equal(accounts_of(found), given_accounts)
    assert not found["value"].is_nan().any()
    assert not found["value"].is_infinite().any()
    assert set(found["kpi"]) <= BY_SLUG.keys()
