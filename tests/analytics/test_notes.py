"""Notes: what a machine lacks and what is odd about a window, with what to configure."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from analytics.kpis.catalogue import KPIS
from analytics.kpis.contract import ACCOUNT
from analytics.notes import notes
from analytics.results import results
from collector.park import EquipmentState, Park, Signal, SignalRole
from collector.staterules import ByCounter, ByExpression, ByMTConnect, ByThreshold, When
from tests.analytics.counted import PRESS, press, signal
from tests.analytics.kpis.account import HOUR, account, accounts
from tests.analytics.plant import Address, at, line, machine, park, state_signal

LATHE = "works/line/lathe"
CYCLE = timedelta(seconds=10)
TOTAL = signal("total", SignalRole.TOTAL_COUNT)
REJECT = signal("reject", SignalRole.REJECT_COUNT)
PRODUCT = signal("product", SignalRole.PRODUCT, type="text")
COMPLETE = (
    TOTAL,
    REJECT,
    signal("rework", SignalRole.REWORK_COUNT),
    signal("energy", SignalRole.ENERGY, type="float", unit="kW.h"),
)

SPENT: dict[str, Any] = {
    "producing_time": HOUR,
    "judged_time": HOUR,
    "ideal_time": 3000.0,
    "ideal_good_time": 2700.0,
    "total_count": 300.0,
    "good_count": 270.0,
    "reject_count": 30.0,
    "rework_count": 3.0,
    "failure_count": 1.0,
    "unplanned_stop_time": HOUR,
    "energy": 9.0,
}


def plant(*signals: Signal, **keys: Any) -> Park:
    """Give a park with a machine."""
    return park(line("works/line", press(*signals, **keys)))


def told(
    plant: Park, *, path: str = PRESS, unknown: list[str] | None = None, **columns: Any
) -> dict[str, tuple[float | None, str]]:
    """Give value and note of every KPI of one window."""
    row = account(path, **SPENT | columns)
    seen = pl.DataFrame(
        [(row["path"], row["period"], row["start"], product) for product in unknown or []],
        schema={"path": pl.String, "period": pl.String, "start": pl.Datetime("us", "UTC"), "product": pl.String},
        orient="row",
    )
    found = results(accounts(row), at(0), notes(plant), seen)
    return {kpi: (value, note) for kpi, value, note in found.select("kpi", "value", "note").iter_rows()}


def test_a_machine_that_lacks_nothing_has_every_number_and_no_note() -> None:
    found = told(plant(*COMPLETE, ideal_cycle=CYCLE))
    odd = {slug: note for slug, (_, note) in found.items() if note}
    assert odd == {"oee_bottleneck": "told of lines alone"}
    assert [slug for slug, (value, _) in found.items() if value is None] == ["oee_bottleneck"]


@pytest.mark.parametrize(
    ("signals", "keys", "slug", "note"),
    [
        (COMPLETE, {}, "effectiveness", f"no ideal cycle: write `ideal_cycle:` for {PRESS} in its line file"),
        (COMPLETE, {}, "oee", f"no ideal cycle: write `ideal_cycle:` for {PRESS} in its line file"),
        (
            COMPLETE,
            {"products": {"nut": CYCLE}},
            "teep",
            f"nobody says which product: give a signal of {PRESS} `role: product`, or `ideal_cycle:`",
        ),
        (
            (REJECT,),
            {"ideal_cycle": CYCLE},
            "oee",
            f"no part counter: give a signal of {PRESS} `role: total_count` or `role: good_count`",
        ),
        (
            (TOTAL,),
            {"ideal_cycle": CYCLE},
            "quality_ratio",
            f"rejected parts are not counted: give a signal of {PRESS} `role: reject_count`",
        ),
        (
            (TOTAL,),
            {},
            "rework_ratio",
            f"reworked parts are not counted: give a signal of {PRESS} `role: rework_count`",
        ),
        ((TOTAL,), {}, "energy_per_part", f"no energy meter: give a signal of {PRESS} `role: energy`"),
        (
            (TOTAL, signal("meter", SignalRole.ENERGY, unit="kV.A.h")),
            {},
            "energy_per_part",
            f"`kV.A.h` of {PRESS}/meter is no active energy: write a unit like `kW.h`",
        ),
    ],
)
def test_what_is_missing_is_named_and_others_still_come(
    signals: tuple[Signal, ...], keys: dict[str, Any], slug: str, note: str
) -> None:
    found = told(plant(*signals, **keys))
    assert found[slug] == (None, note)
    assert found["availability"] == (0.5, "")
    assert found["mttr"] == (HOUR, "")


def test_columns_of_the_account_are_noted_and_not_taken_away() -> None:
    found = told(plant())
    assert set(ACCOUNT) <= found.keys()
    assert found["ideal_time"][0] == 3000
    assert found["total_count"][1].startswith("no part counter")


def test_a_machine_that_counts_all_parts_alone_takes_them_for_good() -> None:
    found = told(plant(TOTAL, ideal_cycle=CYCLE))
    assert found["oee"] == (0.375, "every part is taken for good: no signal of role `reject_count`")
    assert found["effectiveness"][1] == ""


RULES: list[tuple[Any, str]] = [
    (
        ByThreshold(kind="threshold", signal="power", on=5, above=EquipmentState.SETUP),
        f"neither side means production: write `above: producing` in `state_from:` of {PRESS}",
    ),
    (
        ByExpression(kind="expression", rules=(When(when="total > 1", state=EquipmentState.IDLE),)),
        f"no rule of `state_from:` of {PRESS} means production",
    ),
    (
        ByCounter(kind="counter", signal="total"),
        f"no ideal cycle to tell its state by: write `ideal_cycle:` for {PRESS} in its line file",
    ),
    (ByMTConnect(kind="mtconnect", execution="total"), ""),
    (ByExpression(kind="expression", rules=(When(when="total > 1", state=EquipmentState.PRODUCING),)), ""),
    (ByThreshold(kind="threshold", signal="total", on=5), ""),
]


@pytest.mark.parametrize(("rule", "note"), RULES)
def test_a_rule_by_which_it_never_produces(rule: Any, note: str) -> None:
    counting = machine(PRESS, TOTAL, signal("power", SignalRole.POWER), state_from=rule)
    found = told(park(line("works/line", counting)))
    assert found["utilisation"] == ((None, note) if note else (0.5, ""))
    assert found["allocation_efficiency"][1] == note
    assert found["mttr"] == (HOUR, "")


def test_a_map_without_production() -> None:
    never = press(*COMPLETE, state=state_signal(PRESS, states={"WAIT": EquipmentState.IDLE}), ideal_cycle=CYCLE)
    found = told(park(line("works/line", never)))
    assert found["oee"] == (None, f"no value means production: write one in `states:` of {PRESS}/state")
    assert found["producing_time"] == (HOUR, f"no value means production: write one in `states:` of {PRESS}/state")


def test_a_line_lacks_what_all_its_machines_lack() -> None:
    lathe = machine(LATHE, signal("total", SignalRole.TOTAL_COUNT, LATHE), ideal_cycle=CYCLE)
    silent = machine("works/line/buffer").model_copy(update={"signals": (Signal(
        path="works/line/buffer/x", name="x", source="plc", address=Address(), type="int"
    ),)})  # fmt: skip
    both = park(line("works/line", press(TOTAL), lathe, silent))
    for path in ("works/line", "works", "park"):
        found = told(both, path=path)
        assert found["effectiveness"][0] == pytest.approx(3000 / 3600)
        assert found["quality_ratio"] == (
            None,
            "no machine of it tells good parts from rejected ones: give signals `role: reject_count`",
        )
    alone = told(plant(TOTAL), path="works/line")
    assert alone["oee"] == (None, "no machine of it has an ideal cycle: write `ideal_cycle:` in the line files")


def test_what_means_something_for_machines_alone() -> None:
    found = told(plant(*COMPLETE, ideal_cycle=CYCLE), path="works/line")
    machines = {kpi.slug for kpi in KPIS if kpi.level == "equipment"}
    assert machines == {"throughput_rate", "rework_ratio", "first_pass_yield", "energy_per_part"}
    assert {slug for slug, pair in found.items() if pair == (None, "told of machines alone")} == machines


def test_an_ideal_cycle_that_is_too_long() -> None:
    found = told(plant(*COMPLETE, ideal_cycle=CYCLE), ideal_time=4500.0, speed_excess_time=900.0)
    note = "effectiveness above 1: the ideal cycle is too long by 25.0 %, check `ideal_cycle:`"
    assert found["effectiveness"] == (1.25, note)
    assert {found[slug][1] for slug in ("oee", "nee", "teep")} == {note}
    assert found["availability"] == (0.5, "")


def test_a_part_at_the_edge_is_no_wrong_ideal_cycle() -> None:
    found = told(plant(*COMPLETE, ideal_cycle=CYCLE), ideal_time=3610.0, total_count=361.0, speed_excess_time=9.9)
    assert found["effectiveness"][1].startswith("effectiveness above 1 by less than one part")


def test_products_that_nobody_configured() -> None:
    making = plant(*COMPLETE, PRODUCT, products={"nut": CYCLE})
    found = told(making, unknown=["bolt", "bolt", "`a`"], judged_time=0.0, ideal_time=0.0, ideal_good_time=0.0)
    key = "write it in `products:` of the machine, or `ideal_cycle:` for all others"
    assert found["effectiveness"] == (None, f"no ideal cycle for ``a``, `bolt`: {key}")
    assert found["oee"] == (None, f"no ideal cycle for ``a``, `bolt`: {key}")
    assert found["quality_ratio"] == (0.9, "")
    found = told(making, unknown=["a", "b", "c", "d", "e"], judged_time=1800.0)
    assert found["oee"][1] == (f"without production of `a`, `b`, `c` and 2 more, whose ideal cycle is not known: {key}")
    assert found["oee"][0] is not None


@pytest.mark.parametrize(
    ("columns", "slug", "note"),
    [
        ({"producing_time": 0.0, "unplanned_stop_time": 0.0}, "utilisation", "nothing was planned in this window"),
        ({"failure_count": 0.0}, "mtbf", "no failure in this window"),
        ({"total_count": 0.0, "good_count": 0.0}, "quality_ratio", "no part was counted in this window"),
        ({"producing_time": 0.0}, "setup_ratio", "there was no time of this kind in this window"),
        ({"producing_time": 0.0, "judged_time": 0.0}, "effectiveness", "there was no time of this kind in this window"),
        ({"total_count": None}, "quality_ratio", "no counter was read yet"),
        ({"energy": None}, "energy_per_part", "no meter was read yet"),
        ({"rework_count": None}, "rework_ratio", "no counter of reworked parts was read yet"),
        ({"good_count": None}, "quality_ratio", "no counter of good or of rejected parts was read yet"),
        ({"good_count": None, "judged_time": 0.0}, "oee", "no counter of good or of rejected parts was read yet"),
    ],
)
def test_why_there_is_no_number_in_a_window(columns: dict[str, Any], slug: str, note: str) -> None:
    assert told(plant(*COMPLETE, ideal_cycle=CYCLE), **columns)[slug] == (None, note)


def test_every_number_that_is_not_there_has_a_note() -> None:
    empty: dict[str, Any] = dict.fromkeys(SPENT, 0.0)
    found = told(plant(*COMPLETE, ideal_cycle=CYCLE), **empty)
    assert [slug for slug, (value, note) in found.items() if value is None and not note] == []
