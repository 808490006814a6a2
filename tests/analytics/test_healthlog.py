"""The health log: scores now and by hour, baselines in versions, alerts of scores that fall."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from analytics.alertlog import fold, read_standings, sweep
from analytics.alerts import Alert
from analytics.faults.contract import Baseline, Indicator
from analytics.healthlog import (
    KEPT,
    HealthKeeper,
    read_baselines,
    read_health,
    read_hours,
    write_baselines,
    write_health,
)
from analytics.lifecycle import AlarmState, EventKind
from collector.faultrules.machine import Health
from collector.faultrules.rules import MachineFaults
from collector.park import Park, Severity
from tests.analytics.plant import at, line, machine, park

pytestmark = pytest.mark.every_database

PUMP, FAN = "works/line/pump", "works/line/fan"
BEARING = f"{PUMP}/bearing"
LEARNED = Baseline(
    BEARING, "", 1_772_409_600_000_000_000, 1_772_413_200_000_000_000, 180, {"median": 1.0, "spread": 0.1}
)


def plant(health: Health | None = None) -> Park:
    return park(line("works/line", machine(PUMP, faults=MachineFaults(health=health)), machine(FAN)))


def near(ratio: float, equipment: str = PUMP) -> list[tuple[str, Indicator]]:
    return [("vibration", Indicator(equipment, f"{equipment}/bearing", "vibration", 1, ratio, 1.0))]


def vibrates(severity: Severity = Severity.HIGH) -> Alert:
    return Alert(PUMP, BEARING, "vibration", "zone", severity, "vibration.d", "9", at(0))


def tell(ledger: sa.Connection, alerts: Sequence[Alert], now: datetime) -> None:
    fold(ledger, alerts, now=now, suppressed=lambda _: "")


def test_baselines_are_numbered_and_never_changed(ledger: sa.Connection) -> None:
    other = replace(LEARNED, end=LEARNED.end + 1, model={"median": 2.0, "spread": 0.1})
    write_baselines(ledger, "trend", [LEARNED], at(0))
    write_baselines(ledger, "trend", [LEARNED], at(1))
    write_baselines(ledger, "trend", [other, replace(LEARNED, mode="fast")], at(2))
    write_baselines(ledger, "ewma", [LEARNED], at(3))
    found = read_baselines(ledger, BEARING, "trend")
    assert [(one.version, one.baseline.mode, one.learned) for one in found] == [
        (2, "", at(2)),
        (1, "", at(0)),
        (1, "fast", at(2)),
    ]
    assert (found[0].baseline, found[1].baseline) == (other, LEARNED)
    newest = read_baselines(ledger, BEARING, newest=True)
    assert [(one.detector, one.version) for one in newest] == [("ewma", 1), ("trend", 2), ("trend", 1)]
    assert read_baselines(ledger, "works/line/pump") == []


def test_scores_are_logged_with_their_parts(ledger: sa.Connection) -> None:
    (one,) = write_health(ledger, plant(), near(0.75), at(0))
    assert one.score == 90
    assert read_health(ledger) == [one]
    assert write_health(ledger, plant(), near(0.76), at(5)) == []
    (newest,) = read_health(ledger, ["works"])
    assert (newest.score, newest.parts[0].lost) == (89.6, 10.4)
    assert read_health(ledger, [FAN]) == []


def test_an_alert_that_lasts_lowers_the_score_and_one_that_ended_does_not(ledger: sa.Connection) -> None:
    write_health(ledger, plant(), near(0.1), at(0))
    tell(ledger, [vibrates()], at(5))
    assert [one.score for one in write_health(ledger, plant(), [], at(5))] == [40]
    assert [one.severity for one in read_health(ledger)[0].parts] == [Severity.HIGH]
    tell(ledger, [replace(vibrates(), ended=at(60))], at(60))
    assert [one.score for one in write_health(ledger, plant(), [], at(60))] == [100]


def test_what_is_suppressed_by_design_costs_nothing(ledger: sa.Connection) -> None:
    fold(ledger, [vibrates()], now=at(0), suppressed=lambda _: "machine_runs")
    write_health(ledger, plant(), near(0.1), at(0))
    assert [one.score for one in read_health(ledger)] == [100]


def test_each_hour_keeps_its_lowest_and_newest_score(ledger: sa.Connection) -> None:
    for second, ratio in ((0, 0.75), (60, 1.0), (120, 0.6), (3600, 0.5)):
        write_health(ledger, plant(), near(ratio), at(second))
    write_health(ledger, plant(), near(0.1, FAN), at(3600))
    found = read_hours(ledger, start=at(0), end=at(7200), under=[PUMP])
    assert [(one.hour, one.lowest, one.newest) for one in found] == [(at(0), 80, 96), (at(3600), 100, 100)]
    assert found[0].parts[0].lost == 20
    assert read_hours(ledger, start=at(0), end=at(7200), under=[PUMP.upper(), "WORKS"]) == []
    assert [one.equipment for one in read_hours(ledger, start=at(3600), end=at(7200))] == [FAN, PUMP]
    late = at(0) + KEPT + timedelta(hours=2)
    write_health(ledger, plant(), near(0.5), late)
    assert [one.hour for one in read_hours(ledger, start=at(0), end=late, under=[PUMP])] == []


def test_machines_that_are_gone_are_forgotten(ledger: sa.Connection) -> None:
    write_health(ledger, plant(), near(0.1, FAN), at(0))
    write_health(ledger, park(line("works/line", machine(PUMP))), near(0.1), at(5))
    assert [one.equipment for one in read_health(ledger)] == [PUMP]


def test_a_score_that_falls_is_an_alert_of_the_log(ledger: sa.Connection) -> None:
    where = plant(Health(limit=50, on_delay=timedelta(seconds=30)))
    tell(ledger, [vibrates()], at(0))
    for second in (0, 10, 20):
        write_health(ledger, where, [], at(second))
    assert len(read_standings(ledger, active=True)) == 1
    write_health(ledger, where, [], at(30))
    (fallen,) = [one.alert for one in read_standings(ledger, active=True) if one.alert.detector == "health"]
    assert (fallen.equipment, fallen.began, fallen.parameters["score"]) == (PUMP, at(0), "40")
    write_health(ledger, where, [], at(40))
    assert len(read_standings(ledger, active=True)) == 2
    write_health(ledger, plant(), [], at(50))
    assert [one.alert.detector for one in read_standings(ledger, active=True)] == ["vibration"]


def unsuppressed(_: Alert) -> str:
    return ""


def test_an_alert_of_a_score_ends_when_the_score_was_back_however_long_that_is_waited_for(
    ledger: sa.Connection,
) -> None:
    where = plant(Health(limit=50, on_delay=timedelta(0), off_delay=timedelta(minutes=10)))
    tell(ledger, [vibrates()], at(0))
    write_health(ledger, where, [], at(1))
    tell(ledger, [replace(vibrates(), ended=at(60))], at(60))
    for minute in (1, 6, 12):
        write_health(ledger, where, [], at(minute * 60))
    (health,) = [one.alert for one in read_standings(ledger) if one.alert.detector == "health"]
    assert health.ended == at(60)


def test_an_alert_of_a_score_that_is_suppressed_by_design_is_not_told(ledger: sa.Connection) -> None:
    keep = HealthKeeper(plant(Health(limit=50, on_delay=timedelta(0), when="machine_runs")))
    tell(ledger, [vibrates()], at(0))
    events = keep(ledger, [], [], at(1), lambda alert: "machine_runs" * (alert.when != "always"))
    assert [(event.kind, event.standing.alert.detector) for event in events] == [(EventKind.SUPPRESSED, "health")]
    (health,) = [one for one in read_standings(ledger) if one.alert.detector == "health"]
    assert (health.state, health.told) == (AlarmState.SUPPRESSED, None)
    assert [event.kind for event in sweep(ledger, now=at(2), suppressed=unsuppressed)] == [EventKind.UNSUPPRESSED]


def test_a_keeper_keeps_what_was_learned_and_measured(ledger: sa.Connection) -> None:
    keep = HealthKeeper(plant())
    keep(ledger, [("trend", LEARNED), ("ewma", LEARNED)], near(0.75), at(0), unsuppressed)
    assert [one.detector for one in read_baselines(ledger)] == ["ewma", "trend"]
    assert [one.score for one in read_health(ledger)] == [90]


def test_a_keeper_goes_on_as_one_does_that_has_just_begun(ledger: sa.Connection) -> None:
    ratios = [0.75, 0.76, 0.1, 0.2, 1.0, 0.9, 0.3, 0.3]
    where = plant(Health(limit=85, on_delay=timedelta(seconds=10), off_delay=timedelta(seconds=20)))

    def kept(*, anew: bool) -> list[Any]:
        keep, found = HealthKeeper(where), list[Any]()
        with ledger.begin_nested() as all_of_it:
            for number, ratio in enumerate(ratios):
                keep = HealthKeeper(where) if anew else keep
                events = keep(ledger, [], [*near(ratio), *near(0.2, FAN)], at(number * 15), unsuppressed)
                found.append((events, read_health(ledger), read_hours(ledger, start=at(0), end=at(9999))))
            all_of_it.rollback()
        return found

    assert kept(anew=True) == kept(anew=False)


def test_what_a_failed_transaction_was_to_keep_is_not_kept(ledger: sa.Connection) -> None:
    where = plant(Health(limit=85, on_delay=timedelta(0)))
    keep, sound = HealthKeeper(where), HealthKeeper(where)
    keep(ledger, [], near(0.6), at(0), unsuppressed)
    with ledger.begin_nested() as failing:
        assert [one.kind for one in keep(ledger, [], near(1.0), at(5), unsuppressed)] == [EventKind.RAISED]
        failing.rollback()
    assert sound.write(ledger, near(0.61), at(10), unsuppressed) == ([], [])
    assert [one.score for one in read_health(ledger)] == [95.6]
    assert [one.kind for one in keep(ledger, [], near(1.0), at(15), unsuppressed)] == [EventKind.RAISED]
    assert [one.score for one in read_health(ledger)] == [80]
