"""KPIs against numbers that others published.

The figures are facts, each with its source:

- Vorne Industries, OEE worksheet (also on oee.com): a shift of 8 h with 60 min of breaks and 47 min of stops, an ideal
  cycle of 1 s, 19,271 parts of which 423 were rejected.
- Rhize (github.com/libremfg/rhize-docs, query-kpi-service.md at 0017bd0): 2.5 h of production around 30 min of delay,
  a planned cycle of 10 s, 800 good parts and 200 rejected ones. (Its text prints an actual cycle of 10.8 s, where its
  own definition gives 9.0.)
"""

from datetime import timedelta

import polars as pl
import pytest

from adapters.sample import no_samples
from analytics.counters import steps
from analytics.kpis.contract import ACCOUNT
from analytics.parts import parts, products
from analytics.results import results
from collector.park import SignalRole
from tests.analytics.counted import PRESS, press, signal
from tests.analytics.kpis.account import HOUR, MINUTE, account, accounts, kpi
from tests.analytics.plant import at, samples

VORNE = {
    "not_scheduled_time": 60 * MINUTE,
    "unplanned_stop_time": 47 * MINUTE,
    "producing_time": 373 * MINUTE,
    "judged_time": 373 * MINUTE,
    "ideal_time": 19_271.0,
    "ideal_good_time": 18_848.0,
    "total_count": 19_271.0,
    "good_count": 18_848.0,
    "reject_count": 423.0,
}

RHIZE = {
    "unplanned_stop_time": 0.5 * HOUR,
    "producing_time": 2.5 * HOUR,
    "judged_time": 2.5 * HOUR,
    "ideal_time": 10_000.0,
    "ideal_good_time": 8_000.0,
    "total_count": 1_000.0,
    "good_count": 800.0,
    "reject_count": 200.0,
}


@pytest.mark.parametrize(
    ("given", "slug", "expected"),
    [
        (VORNE, "availability", 0.8881),
        (VORNE, "effectiveness", 0.8611),
        (VORNE, "quality_ratio", 0.9780),
        (VORNE, "oee", 0.7479),
        (RHIZE, "availability", 0.8333),
        (RHIZE, "effectiveness", 1.1111),
        (RHIZE, "quality_ratio", 0.8000),
        (RHIZE, "oee", 0.7407),
    ],
)
def test_to_four_digits(given: dict[str, float], slug: str, expected: float) -> None:
    value = kpi(slug, **given)
    assert value is not None
    assert round(value, 4) == expected


def test_by_times_the_quality_in_oee_is_that_by_counts_for_one_product() -> None:
    for given in (VORNE, RHIZE):
        a, e, q = (kpi(slug, **given) or 0 for slug in ("availability", "effectiveness", "quality_ratio"))
        assert kpi("oee", **given) == pytest.approx(a * e * q, rel=1e-12)


def test_from_the_readings_of_counters() -> None:
    counting = press(
        signal("total", SignalRole.TOTAL_COUNT),
        signal("bad", SignalRole.REJECT_COUNT),
        ideal_cycle=timedelta(seconds=1),
    )
    shift = 420 * 60
    read = pl.concat(
        [samples(f"{PRESS}/total", [(0, 5_000), (shift, 24_271)]), samples(f"{PRESS}/bad", [(0, 7), (shift, 430)])]
    )
    counted = steps(read.lazy(), no_samples(), [counting])
    made = parts(counted, products(read.lazy(), no_samples(), [counting]), [counting])
    last = made.row(-1, named=True)
    assert (last["total"], last["good"], last["reject"]) == (19_271, 18_848, 423)
    row = account(**VORNE | {"ideal_time": last["ideal_time"], "ideal_good_time": last["ideal_good_time"]})
    oee = results(accounts(row), at(0)).filter(pl.col("kpi") == "oee")["value"].item()
    assert round(oee, 4) == 0.7479
    assert set(VORNE) <= set(ACCOUNT)
