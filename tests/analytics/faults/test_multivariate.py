"""Signals of a machine that no longer move together."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults import multivariate
from analytics.faults.components import Floats
from analytics.faults.multivariate import MULTIVARIATE, Machine
from analytics.faults.pca import onsets
from analytics.sayings import message
from collector.faultrules.detection import Healthy
from collector.faultrules.machine import Multivariate
from collector.faultrules.rules import MachineFaults
from collector.park import EquipmentState, Park, SignalRole, Title
from tests.analytics.faults.looking import (
    PRESS,
    RUN,
    STAND,
    Looked,
    astray,
    gaps,
    plant,
    same,
    signal,
    stateless,
    states,
)
from tests.analytics.plant import EXAMPLES, at, samples

NAMES = ("force", "stroke", "heat")
PATHS = tuple(f"{PRESS}/{name}" for name in NAMES)
MEASURED = SignalRole.MEASUREMENT
LEARN = 300
"""Seconds that are learned from."""


def values(rows: int, seed: int = 1) -> Floats:
    """Give values of three signals, of which two move together; a row per second."""
    chance = np.random.default_rng(seed)
    common = chance.standard_normal(rows)
    own = chance.standard_normal((rows, 3))
    return np.column_stack([50 + common + own[:, 0] / 5, 10 - common / 2 + own[:, 1] / 10, 20 + own[:, 2]])


def shifted(rows: int, since: int, by: float = 5.0, column: int = 2) -> Floats:
    """Give values of which one shifts."""
    some = values(rows)
    some[since:, column] += by
    return some


def told(rows: Floats, first: int = 0, left_out: Mapping[str, Sequence[int]] | None = None) -> pl.DataFrame:
    """Give values as samples, a row per second from `first` on."""
    skipped = left_out or {}
    return pl.concat(
        samples(
            path,
            [
                (first + second, float(value))
                for second, value in enumerate(rows[:, column])
                if first + second not in skipped.get(path, ())
            ],
        )
        for column, path in enumerate(PATHS)
    ).sort("time", maintain_order=True)


def spread(rows: Floats, apart: int) -> pl.DataFrame:
    """Give values as samples, so many seconds apart."""
    return pl.concat(
        samples(path, [(row * apart, float(value)) for row, value in enumerate(rows[:, column])])
        for column, path in enumerate(PATHS)
    ).sort("time", maintain_order=True)


def place(*, stated: bool = False, mode: bool = False, **keys: Any) -> Park:
    given: dict[str, Any] = {
        "learn": timedelta(seconds=LEARN),
        "on_delay": timedelta(0),
        "period": timedelta(seconds=1),
        **keys,
    }
    signals = [signal(name, title=Title(en=name.title(), zh=name), role=MEASURED) for name in NAMES]
    if mode:
        signals.append(signal("mode", type="text", unit="1", role=SignalRole.MODE))
    faults = MachineFaults(multivariate=Multivariate(**given))
    made = plant if stated else stateless
    return made(*signals, faults=faults, title=Title(en="Press", zh="压力机"))


def looked_at(rows: Floats, **keys: Any) -> Looked:
    """Look at rows in one go."""
    one = Looked(MULTIVARIATE, place(**keys))
    one.look(told(rows), until=len(rows))
    return one


def begins(one: Looked) -> list[float]:
    return [began for _, began, _ in one.told()]


def test_a_signal_that_shifts_is_an_alert_that_says_which() -> None:
    one = looked_at(shifted(600, 450))
    ((key, began, ended),) = one.told()
    assert key == "together"
    assert 455 <= began <= 465
    assert ended is None
    (alert,) = one.alerts.values()
    assert (alert.equipment, alert.signal) == (PRESS, PRESS)
    assert alert.contributions[0].signal == f"{PRESS}/heat"
    assert sum(each.share for each in alert.contributions) == pytest.approx(1)
    share = f"{alert.contributions[0].share * 100:.0f} %"
    assert message(alert, "en").startswith(f"Press: signals no longer behave together as they did: Heat {share}")
    assert message(alert, "zh").startswith(f"压力机：信号之间的关系偏离正常：heat {share.replace(' ', '')}、")


def test_it_is_what_the_file_would_tell() -> None:
    rows = shifted(1000, 450)
    expected = onsets(pl.DataFrame(rows, schema=list(NAMES)), LEARN + 1)
    one = looked_at(rows)
    assert [(began, ended) for _, began, ended in one.told()] == [(each.began, each.ended) for each in expected]


def test_what_is_as_usual_is_no_alert() -> None:
    one = looked_at(values(3000))
    assert one.told() == []
    indicator = one.indicators[PRESS, "evidence"]
    assert 0 <= indicator.value < indicator.limit


def test_what_was_learned_is_told_once() -> None:
    one = looked_at(values(800))
    (baseline,) = one.baselines
    assert (baseline.subject, baseline.mode, baseline.rows) == (PRESS, "", LEARN + 1)
    assert baseline.model["names"] == list(PATHS)


def test_a_signal_that_is_seldom_sent_holds_its_value() -> None:
    rows = shifted(900, 600, by=8)
    seldom = [second for second in range(900) if second % 10]
    one = Looked(MULTIVARIATE, place())
    one.look(told(rows, left_out={PATHS[0]: seldom}), until=900)
    assert any(600 <= began <= 620 for began in begins(one))


def test_rows_wait_for_every_signal() -> None:
    rows = shifted(600, 450)
    one = Looked(MULTIVARIATE, place())
    every = told(rows)
    slow = pl.col("signal") == PATHS[0]
    one.look(every.filter(~slow))
    assert one.baselines == []
    one.look(every.filter(slow & (pl.col("time") < at(500))))
    assert len(begins(one)) == 1
    assert one.carried[PRESS]["done"] == int(at(498).timestamp()) * 10**9


def test_a_signal_that_is_never_sent_is_not_waited_for_for_ever() -> None:
    one = Looked(MULTIVARIATE, place())
    one.look(told(shifted(2000, 1000)).filter(pl.col("signal") != PATHS[0]))
    assert any(1000 <= began <= 1020 for began in begins(one))


def test_late_samples_are_counted() -> None:
    one = looked_at(values(400))
    one.look(told(values(3), first=100))
    assert one.late == 9


def test_over_a_gap_nothing_has_shifted() -> None:
    rows = shifted(800, 500)
    out = dict.fromkeys(PATHS, range(450, 500))
    every = told(rows, left_out=out)
    without = Looked(MULTIVARIATE, place())
    without.look(every, until=800)
    assert begins(without) != []
    one = Looked(MULTIVARIATE, place())
    missed = pl.concat(gaps(path, (449.5, 499.5)) for path in PATHS)
    one.look(every, until=800, missed=missed)
    assert begins(one) == []


@pytest.mark.parametrize("astray_too", [False, True])
def test_over_a_sample_that_says_nothing_nothing_has_shifted(*, astray_too: bool) -> None:
    rows = shifted(800, 500)
    every = told(rows, left_out={PATHS[2]: [499]})
    nothing = astray(PATHS[2], [(499, 1e9)]) if astray_too else samples(PATHS[2], [(499, None)])
    one = Looked(MULTIVARIATE, place())
    one.look(pl.concat([every, nothing]).sort("time", maintain_order=True), until=800)
    assert begins(one) == []


def test_a_stop_ends_the_alert_and_what_changed_over_it_is_no_shift() -> None:
    rows = shifted(1000, 450)
    rows[600:, 2] += 20
    one = Looked(MULTIVARIATE, place(stated=True))
    one.look(told(rows), until=1000, told=states((0, RUN), (470, STAND), (700, RUN)))
    ((_, began, ended),) = one.told()
    assert 455 <= began <= 465
    assert ended == 470


def test_it_learns_only_while_the_machine_produces() -> None:
    one = Looked(MULTIVARIATE, place(stated=True))
    one.look(told(values(700)), until=700, told=states((0, RUN), (100, STAND), (300, RUN)))
    (baseline,) = one.baselines
    assert baseline.end == int(at(501).timestamp()) * 10**9
    assert baseline.rows == 302


def test_a_stop_ends_the_alert_though_nothing_comes_any_more() -> None:
    one = Looked(MULTIVARIATE, place(stated=True))
    one.look(told(shifted(470, 450)), until=470, told=states((0, RUN)))
    one.look(until=500, told=states((475, STAND)))
    ((_, _, ended),) = one.told()
    assert ended == 475
    assert one.lasting == set()


def test_every_mode_has_a_baseline_of_its_own() -> None:
    rows = values(2000)
    rows[500:1000] += 100
    rows[1500:] += 100
    rows[1800:, 2] += 6
    said = samples(f"{PRESS}/mode", [(0, "auto"), (500, "setup"), (1000, "auto"), (1500, "setup")])
    one = Looked(MULTIVARIATE, place(mode=True))
    one.look(pl.concat([told(rows), said]).sort("time", maintain_order=True), until=2000)
    assert [baseline.mode for baseline in one.baselines] == ["auto", "setup"]
    (began,) = begins(one)
    assert 1800 <= began <= 1815


def test_a_declared_healthy_time_is_learned_from() -> None:
    healthy = Healthy(start=at(200), end=at(400))
    one = looked_at(values(800), healthy=healthy)
    (baseline,) = one.baselines
    assert (baseline.start, baseline.end) == (int(at(200).timestamp()) * 10**9, int(at(399).timestamp()) * 10**9)


def test_a_healthy_time_that_is_past_is_replaced_by_what_comes() -> None:
    one = looked_at(values(800), healthy=Healthy(start=at(-500), end=at(-300)))
    (baseline,) = one.baselines
    assert baseline.rows == LEARN + 1


def test_it_does_not_learn_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multivariate, "MOST", 600)
    one = looked_at(values(400), learn=timedelta(days=300))
    (baseline,) = one.baselines
    assert baseline.rows == 200


def test_rows_far_apart_are_no_gaps() -> None:
    rows, apart = shifted(400, 300), 600
    one = Looked(MULTIVARIATE, place(learn=timedelta(hours=1)))
    one.look(spread(rows, apart), until=len(rows) * apart)
    (baseline,) = one.baselines
    assert baseline.rows < 60
    assert [began for began in begins(one) if began >= 300 * apart] == pytest.approx([306 * apart], abs=10 * apart)


def test_what_is_forgotten_is_learned_again() -> None:
    one = looked_at(values(500))
    one.forget()
    one.look(told(values(500, seed=2) + 40, first=500), until=1000)
    assert len(one.baselines) == 2
    assert one.told() == []


def test_what_is_forgotten_while_the_machine_stands_is_learned_when_it_runs() -> None:
    one = Looked(MULTIVARIATE, place(stated=True, mode=True))
    said = samples(f"{PRESS}/mode", [(0, "auto")])
    one.look(pl.concat([told(values(400)), said]), until=400, told=states((0, RUN), (399.5, STAND)))
    one.forget()
    one.look(told(values(400, seed=2) * 0, first=400), until=800)
    assert len(one.baselines) == 1
    one.look(told(values(400, seed=3), first=800), until=1200, told=states((799.5, RUN)))
    assert [baseline.mode for baseline in one.baselines] == ["auto", "auto"]


@pytest.mark.parametrize("now", [{"signals": ("force", "stroke")}, {"period": timedelta(seconds=2)}, {"variance": 0.5}])
def test_with_other_settings_it_is_learned_anew_and_what_lasts_is_over(now: dict[str, Any]) -> None:
    one = looked_at(shifted(600, 450))
    assert one.lasting
    other = Looked(MULTIVARIATE, place(**now))
    other.carried, other.alerts = one.carried, one.alerts
    other.look(told(values(1000, seed=2), first=600), until=1600)
    assert len(other.baselines) == 1
    assert not other.lasting
    assert [ended for _, _, ended in other.told()] == [pytest.approx(600, abs=2)]


def test_a_mode_that_is_told_late_is_not_in_force() -> None:
    mode, rows = f"{PRESS}/mode", values(1200)
    one = Looked(MULTIVARIATE, place(mode=True))
    one.look(pl.concat([told(rows[:400]), samples(mode, [(0, "auto")])]), until=399)
    one.look(pl.concat([told(rows[400:800], 400), samples(mode, [(400, "setup")])]), until=799)
    one.look(samples(mode, [(200, "auto")]), until=799)
    one.look(told(rows[800:], 800), until=1199)
    assert one.carried[PRESS]["mode"] == "setup"
    assert one.late == 1


def test_what_waits_for_a_signal_is_a_value_a_row() -> None:
    one = Looked(MULTIVARIATE, place(period=timedelta(seconds=10)))
    fast = [(second / 10, 1.0) for second in range(2000)]
    one.look(pl.concat([samples(PATHS[0], fast), samples(PATHS[1], [(0, 1.0)])]).sort("time", maintain_order=True))
    at_rows, values_of_rows, _ = one.carried[PRESS]["waiting"][PATHS[0]]
    assert len(at_rows) == len(values_of_rows) == len(set(at_rows)) <= 21


@pytest.mark.parametrize("filled", [700, 1400])
def test_over_a_gap_of_which_what_came_is_late_nothing_has_shifted(filled: int) -> None:
    """A signal was away for longer than is waited for: what its gap is filled with is late, in part or all of it."""
    rows = shifted(2200, 400, by=30)
    one = Looked(MULTIVARIATE, place())
    one.look(told(rows[:400]), until=399)
    away = gaps(PATHS[2], (399.5, None))
    one.look(told(rows[400:1400], 400, left_out={PATHS[2]: range(400, 1400)}), missed=away)
    left = gaps(PATHS[2], (399.5, 404.5))
    one.look(samples(PATHS[2], [(second, float(rows[second, 2])) for second in range(405, filled)]), missed=left)
    assert one.late > 200
    one.look(told(rows[1400:], 1400), until=2200, missed=left)
    assert [began for began in begins(one) if began > 700] == []


class TestRules:
    def machine(self, **keys: Any) -> Machine | None:
        faults = MachineFaults(multivariate=Multivariate(**keys))
        others = [signal(name, role=MEASURED) for name in NAMES]
        kinds = [signal("parts", type="int", role=SignalRole.TOTAL_COUNT), signal("open", type="bool")]
        found: Machine | None = MULTIVARIATE.rules(stateless(*others, *kinds, faults=faults)).get(PRESS)
        return found

    def test_measured_numbers_are_looked_at(self) -> None:
        machine = self.machine()
        assert machine is not None
        assert tuple(machine.signals) == PATHS

    def test_signals_that_are_named(self) -> None:
        machine = self.machine(signals=("heat", "parts"))
        assert machine is not None
        assert [one.name for one in machine.signals.values()] == ["heat", "parts"]

    def test_one_signal_alone_is_not_looked_at_together(self) -> None:
        assert self.machine(signals=("heat",)) is None

    def test_who_does_not_ask_is_not_watched(self) -> None:
        assert MULTIVARIATE.rules(stateless(*(signal(name, role=MEASURED) for name in NAMES))) == {}


@given(
    cuts=st.lists(st.integers(0, 699), max_size=6),
    seed=st.integers(0, 5),
    stops=st.lists(st.integers(0, 650), max_size=3, unique=True),
    bad=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 699)), max_size=4),
    lost=st.none() | st.integers(0, 600),
    healthy=st.none() | st.tuples(st.integers(0, 100), st.integers(250, 400)),
    modes=st.lists(st.tuples(st.integers(0, 699), st.sampled_from(["auto", "setup"])), max_size=3),
)
@EXAMPLES
def test_in_whatever_portions_samples_come(
    cuts: list[int],
    seed: int,
    stops: list[int],
    bad: list[tuple[int, int]],
    lost: int | None,
    healthy: tuple[int, int] | None,
    modes: list[tuple[int, str]],
) -> None:
    rows = values(700, seed)
    rows[480:, 2] += 5
    out = {PATHS[column]: [second] for column, second in bad}
    frame = told(rows, left_out=out)
    nothing = [samples(path, [(second, None) for second in some]) for path, some in out.items()]
    said = samples(f"{PRESS}/mode", sorted(modes))
    frame = pl.concat([frame, *nothing, said]).sort("time", maintain_order=True)
    missed = None if lost is None else gaps(PATHS[1], (lost + 0.5, lost + 20.5))
    changes: list[tuple[float, EquipmentState]] = [(0, RUN)]
    for stop in sorted(stops):
        changes += [(stop + 0.5, STAND), (stop + 5.5, RUN)]
    happened = states(*sorted(changes))
    keys: dict[str, Any] = {"stated": True, "mode": True}
    if healthy is not None:
        keys["healthy"] = Healthy(start=at(healthy[0]), end=at(healthy[1]))
    whole = Looked(MULTIVARIATE, place(**keys)).portions(frame, [], 700, told=happened, missed=missed)
    parts = Looked(MULTIVARIATE, place(**keys)).portions(frame, cuts, 700, told=happened, missed=missed)
    same(whole, parts)
