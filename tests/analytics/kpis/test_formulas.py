"""The formulas of ISO 22400-2 and SEMI E10, on a day in which every kind of time has another length."""

import pytest

from tests.analytics.kpis.account import HOUR, kpi

DAY = {
    "not_scheduled_time": 4 * HOUR,
    "planned_stop_time": 2 * HOUR,
    "engineering_time": 0.5 * HOUR,
    "unknown_time": 0.25 * HOUR,
    "unplanned_stop_time": 1.5 * HOUR,
    "idle_time": 3 * HOUR,
    "off_time": 1 * HOUR,
    "setup_time": 0.75 * HOUR,
    "micro_stop_time": 0.5 * HOUR,
    "producing_time": 11 * HOUR,
    "judged_time": 10 * HOUR,
    "ideal_time": 9 * HOUR,
    "ideal_good_time": 8.1 * HOUR,
    "total_count": 1000.0,
    "good_count": 880.0,
    "reject_count": 120.0,
    "rework_count": 30.0,
    "failure_count": 3.0,
    "energy": 250.0,
    "overtime": 1 * HOUR,
}
POT, PBT, APT, AUST, ADET, ADOT = 20.0, 18.0, 11.0, 0.75, 2.0, 4.0
AUPT, AUBT = APT + AUST, APT + AUST + ADET
AOET = AUBT + ADOT


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("utilisation", APT / POT),
        ("availability", APT / PBT),
        ("effectiveness", 0.9),
        ("quality_ratio", 0.88),
        ("oee", APT / PBT * 0.81),
        ("nee", AUPT / PBT * 0.81),
        ("teep", APT / 24 * 0.81),
        ("utilisation_efficiency", APT / AUBT),
        ("allocation_efficiency", AUBT / PBT),
        ("allocation_ratio", AUBT / AOET),
        ("production_process_ratio", APT / AOET),
        ("technical_efficiency", APT / (APT + ADET)),
        ("setup_ratio", AUST / AUPT),
        ("throughput_rate", 1000 / AOET),
        ("scrap_ratio", 0.12),
        ("rework_ratio", 0.03),
        ("first_pass_yield", 0.85),
        ("mtbf", AUPT * HOUR / 3),
        ("mttf", (AUPT + 0.5 + 3) * HOUR / 3),
        ("mttr", 1.5 * HOUR / 3),
        ("energy_per_part", 0.25),
        ("e10_productive_time", APT * HOUR),
        ("e10_standby_time", ADOT * HOUR),
        ("e10_engineering_time", 0.5 * HOUR),
        ("e10_scheduled_downtime", (1.5 + AUST) * HOUR),
        ("e10_unscheduled_downtime", ADET * HOUR),
        ("e10_nonscheduled_time", 4 * HOUR),
        ("e10_manufacturing_time", (APT + ADOT) * HOUR),
        ("e10_uptime", (APT + ADOT + 0.5) * HOUR),
        ("e10_downtime", (1.5 + AUST + ADET) * HOUR),
        ("e10_operational_uptime", (APT + ADOT + 0.5) / POT),
        ("e10_operational_utilisation", APT / POT),
        ("e10_total_utilisation", APT / 24),
    ],
)
def test_a_formula(slug: str, expected: float) -> None:
    assert kpi(slug, **DAY) == pytest.approx(expected, rel=1e-12)


def test_the_states_of_e10_and_unknown_time_are_all_time() -> None:
    states = ("productive_time", "standby_time", "engineering_time", "scheduled_downtime", "unscheduled_downtime")
    parts = [kpi(f"e10_{name}", **DAY) or 0 for name in (*states, "nonscheduled_time")]
    assert sum(parts) + DAY["unknown_time"] == pytest.approx(24 * HOUR)


def test_teep_is_oee_over_the_calendar() -> None:
    assert kpi("teep", **DAY) == pytest.approx((kpi("oee", **DAY) or 0) * PBT / 24)


RATIOS = (
    "utilisation",
    "availability",
    "effectiveness",
    "quality_ratio",
    "oee",
    "nee",
    "allocation_ratio",
    "setup_ratio",
)


@pytest.mark.parametrize(
    "slug", [*RATIOS, "technical_efficiency", "throughput_rate", "energy_per_part", "mtbf", "mttr"]
)
def test_where_nothing_was_planned_there_is_no_ratio(slug: str) -> None:
    assert kpi(slug, not_scheduled_time=24 * HOUR, total_count=0.0, good_count=0.0, energy=3.0) is None


def test_a_machine_that_did_not_produce_has_an_oee_of_nothing() -> None:
    stood = {"unplanned_stop_time": 8 * HOUR, "setup_time": HOUR}
    assert kpi("oee", **stood) == kpi("nee", **stood) == kpi("teep", **stood) == 0
    assert kpi("effectiveness", **stood) is None


def test_production_that_cannot_be_judged_has_no_oee() -> None:
    assert kpi("oee", producing_time=8 * HOUR) is None
    assert kpi("availability", producing_time=8 * HOUR) == 1


def test_effectiveness_is_not_clipped() -> None:
    fast = {"producing_time": HOUR, "judged_time": HOUR, "ideal_time": 2 * HOUR, "ideal_good_time": 2 * HOUR}
    assert kpi("effectiveness", **fast) == kpi("oee", **fast) == 2


def test_unknown_time_lowers_availability_and_not_technical_efficiency() -> None:
    silent = {"producing_time": 6 * HOUR, "unknown_time": 2 * HOUR}
    assert kpi("availability", **silent) == 0.75
    assert kpi("technical_efficiency", **silent) == 1
