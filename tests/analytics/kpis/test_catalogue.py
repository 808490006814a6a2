"""The catalogue: every KPI says what it is, and computes from what it says."""

import re

import pytest

from analytics.kpis.catalogue import BY_SLUG, KPIS
from analytics.kpis.contract import ACCOUNT, COUNTS, IDEAL_TIMES, TIMES, Kpi

NEEDS = {"total", "quality", "ideal_cycle", "rework", "energy"}
UNITS = {"time": {"s"}, "ratio": {"1"}, "count": {"1"}, "rate": {"s", "/h", "kW.h"}, "energy": {"kW.h"}}

ISO_22400_2 = {
    "availability",
    "effectiveness",
    "quality_ratio",
    "oee",
    "nee",
    "utilisation_efficiency",
    "allocation_ratio",
    "allocation_efficiency",
    "technical_efficiency",
    "setup_ratio",
    "throughput_rate",
    "scrap_ratio",
    "rework_ratio",
    "first_pass_yield",
    "mtbf",
    "mttr",
    "mttf",
    "production_process_ratio",
    "energy_per_part",
}
"""Its KPIs that equipment telemetry can give."""


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.slug)
def test_a_kpi_says_what_it_is(kpi: Kpi) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", kpi.slug)
    assert kpi.title.en
    assert kpi.title.zh
    assert re.match(r"ISO 22400-2|IEC 60050-192|SEMI E10", kpi.source)
    assert kpi.unit in UNITS[kpi.kind]
    assert kpi.needs <= NEEDS


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.slug)
def test_a_kpi_computes_from_its_inputs_and_nothing_else(kpi: Kpi) -> None:
    assert len(set(kpi.inputs)) == len(kpi.inputs)
    assert set(kpi.inputs) <= set(ACCOUNT)
    assert set(kpi.value.meta.root_names()) == set(kpi.inputs)
    if kpi.above is not None:
        assert set(kpi.above.meta.root_names()) <= set(ACCOUNT)


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.slug)
def test_what_is_no_column_of_the_account_has_a_formula(kpi: Kpi) -> None:
    if kpi.slug in ACCOUNT:
        assert kpi.inputs == (kpi.slug,)
        assert not kpi.formula
    else:
        assert kpi.formula


def test_slugs_are_unique() -> None:
    assert len(BY_SLUG) == len(KPIS)
    assert len({kpi.title.en for kpi in KPIS}) == len({kpi.title.zh for kpi in KPIS}) == len(KPIS)


def test_every_column_of_an_account_is_a_kpi() -> None:
    assert set(ACCOUNT) <= BY_SLUG.keys()
    assert all(BY_SLUG[name].kind == "time" for name in (*TIMES, *IDEAL_TIMES))
    assert all(BY_SLUG[name].kind == "count" for name in (*COUNTS, "failure_count"))


def test_what_is_asked_for_is_there() -> None:
    assert BY_SLUG.keys() >= ISO_22400_2 | {"utilisation", "teep", "oee_bottleneck"}
    assert sum(slug.startswith("e10_") for slug in BY_SLUG) == 12
