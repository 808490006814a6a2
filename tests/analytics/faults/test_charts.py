"""Control charts: what they learn, what they see, and that portions change nothing."""

from typing import Any, Final
from unittest.mock import Mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults import change_point, stretches
from analytics.faults.change_point import CHANGE_POINT
from analytics.faults.contract import Detector
from analytics.faults.cusum import CUSUM
from analytics.faults.ewma import EWMA
from analytics.faults.robust_z import ROBUST_Z
from analytics.faults.stretches import MODES
from analytics.sayings import message
from collector.faultrules.charts import ChangePoint, Cusum, Ewma, RobustZ
from collector.faultrules.rules import SignalFaults
from collector.park import SignalRole
from tests.analytics.faults.looking import PRESS, RUN, STAND, Looked, gaps, ns, plant, same, seconds, signal, states
from tests.analytics.plant import EXAMPLES, at, samples

FORCE: Final = f"{PRESS}/force"
LEARN: Final = seconds(200)
END: Final = 1000

CHARTS: Final[dict[str, tuple[Detector[Any], Any]]] = {
    "ewma": (EWMA, Ewma),
    "cusum": (CUSUM, Cusum),
    "robust_z": (ROBUST_Z, RobustZ),
    "change_point": (CHANGE_POINT, ChangePoint),
}


def chart(name: str, *others: Any, **settings: Any) -> Looked:
    detector, kind = CHARTS[name]
    faults = SignalFaults(**{name: kind(**{"learn": LEARN, **settings})})
    return Looked(detector, plant(signal(faults=faults), *others))


def noise(rows: int = END, seed: int = 7, level: float = 50.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    return level + np.random.default_rng(seed).standard_normal(rows)


def series(values: Any, path: str = FORCE) -> pl.DataFrame:
    return samples(path, [(float(second), float(value)) for second, value in enumerate(values)])


@pytest.mark.parametrize("name", CHARTS)
class TestEvery:
    def test_a_quiet_series_is_quiet(self, name: str) -> None:
        looked = chart(name)
        looked.look(series(noise(5000)))
        assert not looked.alerts
        (baseline,) = looked.baselines
        assert (baseline.subject, baseline.mode, baseline.rows) == (FORCE, "", 201)
        assert (baseline.start, baseline.end) == (ns(0), ns(200))
        assert baseline.model["mean"] == pytest.approx(50, abs=0.3)
        assert baseline.model["deviation"] == pytest.approx(1, abs=0.15)

    @pytest.mark.parametrize(("sign", "keys"), [(1, {"high", "up"}), (-1, {"low", "down"})])
    def test_a_great_shift_is_told_with_where_it_began(self, name: str, sign: int, keys: set[str]) -> None:
        values = noise()
        values[600:] += sign * 10
        looked = chart(name)
        looked.look(series(values), until=END)
        (alert,) = looked.alerts.values()
        assert alert.key in keys
        began = (alert.began.timestamp() * 1e9 - ns(0)) / 1e9
        assert began == pytest.approx(600, abs=6)
        assert alert.parameters["since"] == f"{alert.began:%Y-%m-%d %H:%M}"
        told = message(alert, "en")
        assert "Press force" in told
        assert " kN" in told
        assert "{" not in told + message(alert, "zh")
        assert float(alert.parameters["moved"]) * sign > 0

    def test_it_ends_when_the_shift_is_gone(self, name: str) -> None:
        values = noise()
        values[400:500] += 10
        looked = chart(name)
        looked.look(series(values), until=END)
        first, *_ = looked.alerts.values()
        assert not first.active
        assert not any(one.active for one in looked.alerts.values())

    def test_delays_run_out_while_values_come(self, name: str) -> None:
        values = noise(1600)
        values[500:1000] += 30
        frame, looked = series(values), chart(name, on_delay=seconds(60), off_delay=seconds(60))
        told = {}
        for end in range(50, 1601, 50):
            looked.look(frame.slice(end - 50, 50))
            told[end] = looked.told()
        assert not told[550]
        ((_, _, ended),) = told[650]
        assert ended is None
        assert next(end for end, ((_, _, over), *_) in list(told.items())[12:] if over is not None) <= 1300

    def test_a_constant_says_nothing(self, name: str) -> None:
        looked = chart(name)
        looked.look(series([5.0] * 300 + [6.0] * 300))
        assert not looked.alerts
        assert looked.baselines[0].model["deviation"] == 0

    def test_late_samples_are_counted(self, name: str) -> None:
        looked = chart(name)
        looked.look(series(noise(300)))
        looked.look(series(noise(10)))
        assert looked.late == 10

    def test_signals_that_come_in_turn_tell_the_same_as_one_after_the_other(self, name: str) -> None:
        detector, kind = CHARTS[name]
        faults = SignalFaults(**{name: kind(learn=LEARN)})
        values = np.random.default_rng(3).normal(50, 1, (END, 20))
        values[600:, ::5] += 12
        apart = pl.concat(series(column, f"{PRESS}/s{place}") for place, column in enumerate(values.T))
        abreast = apart.sort("time", maintain_order=True)
        places = plant(*(signal(f"s{place}", faults=faults) for place in range(20)))
        one, other = (
            Looked(detector, places).portions(frame, [300.0, 500.0, 800.0], END) for frame in (apart, abreast)
        )
        assert {alert.signal for alert in one.alerts.values()} == {f"{PRESS}/s{place}" for place in range(0, 20, 5)}
        same(one, other)

    def test_a_stop_is_no_shift(self, name: str) -> None:
        values = noise()
        values[500:600] = 0
        looked = chart(name)
        looked.look(series(values), told=states((0, RUN), (500, STAND), (600, RUN)))
        assert not looked.alerts

    def test_every_mode_has_its_baseline(self, name: str) -> None:
        values = noise(2000)
        manual = [*range(300, 600), *range(900, 1200)]
        values[manual] += 30
        mode = signal("mode", type="text", unit="1", role=SignalRole.MODE)
        looked = chart(name, mode)
        turns = samples(mode.path, [(0, "auto"), (300, "manual"), (600, "auto"), (900, "manual"), (1200, "auto")])
        looked.look(pl.concat([turns, series(values)]))
        assert not looked.alerts
        assert [(one.mode, round(one.model["mean"], -1)) for one in looked.baselines] == [("auto", 50), ("manual", 80)]

    def test_an_alarm_that_begins_before_the_mode_turns_is_judged_on_in_the_next(self, name: str) -> None:
        values = noise(2000)
        values[900:1000] += 30
        mode = signal("mode", type="text", unit="1", role=SignalRole.MODE)
        turns = samples(mode.path, [(0, "auto"), (400, "manual"), (800, "auto"), (1000, "manual")])
        frame = pl.concat([turns, series(values)])
        once, often = chart(name, mode), chart(name, mode)
        once.portions(frame, [700], 2000)
        often.portions(frame, [700, 850, 901, 950, 1000, 1001, 1100, 1500], 2000)
        assert once.alerts
        same(once, often)

    def test_learning_again_waits_for_the_machine_to_produce(self, name: str) -> None:
        values = noise(1200)
        values[400:700] = 0
        values[350:400] += 30
        mode = signal("mode", type="text", unit="1", role=SignalRole.MODE)
        looked = chart(name, mode)
        turns = pl.concat([samples(mode.path, [(0, "auto")]), series(values[:400])])
        looked.look(turns, told=states((0, RUN), (400, STAND)), until=400)
        assert looked.lasting
        looked.forget()
        assert not looked.lasting
        alerts = len(looked.alerts)
        looked.look(series(values).slice(400, 300))
        looked.look(series(values).slice(700), told=states((700, RUN)), until=1200)
        assert len(looked.alerts) == alerts
        before, after = looked.baselines
        assert (before.mode, after.mode, after.start) == ("auto", "auto", ns(700))
        assert after.model["mean"] == pytest.approx(50, abs=0.3)

    def test_a_mode_that_is_told_late_changes_nothing(self, name: str) -> None:
        values = noise()
        values[300:] += 30
        mode = signal("mode", type="text", unit="1", role=SignalRole.MODE)
        looked = chart(name, mode)
        looked.look(pl.concat([samples(mode.path, [(0, "auto"), (300, "manual")]), series(values[:700])]), until=699)
        looked.look(samples(mode.path, [(150, "auto"), (299, "setup")]))
        looked.look(series(values).slice(700), until=END)
        assert looked.late == 2
        assert not looked.alerts
        assert [one.mode for one in looked.baselines] == ["auto", "manual"]

    def test_of_too_many_modes_the_one_entered_longest_ago_goes(self, name: str) -> None:
        mode = signal("mode", type="text", unit="1", role=SignalRole.MODE)
        stays = [("main", 300), *((one, 250) for job in range(MODES + 3) for one in (f"job {job:02}", "main"))]
        begins = np.cumsum([0, *(stay for _, stay in stays)]).tolist()
        turns = samples(mode.path, [(begin, one) for begin, (one, _) in zip(begins, stays, strict=False)])
        frame = pl.concat([turns, series(noise(begins[-1]))])
        once, often = chart(name, mode), chart(name, mode)
        once.portions(frame, [], begins[-1])
        often.portions(frame, [*begins, *(begin + 100 for begin in begins)], begins[-1])
        assert [one.mode for one in once.baselines] == ["main", *(f"job {job:02}" for job in range(MODES + 3))]
        known = once.carried[FORCE]["modes"]
        assert sorted(known) == [*(f"job {job:02}" for job in range(4, MODES + 3)), "main"]
        same(once, often)

    @EXAMPLES
    @given(data=st.data())
    def test_portions_change_nothing(self, name: str, data: st.DataObject) -> None:
        seed = data.draw(st.integers(0, 1000))
        count = data.draw(st.sampled_from([1, 3]))
        delays = data.draw(st.sampled_from([0, 20]))
        values = noise(seed=seed)
        for _ in range(data.draw(st.integers(0, 4))):
            begin, size = data.draw(st.integers(0, END)), data.draw(st.sampled_from([-30.0, -3.0, 1.5, 5.0, 40.0]))
            values[begin : begin + data.draw(st.integers(1, 300))] += size
        told = states(*((second, state) for second, state in data.draw(_changes())))
        missed = gaps(FORCE, (50, 60), (300, 350))
        frame = series(values).filter(~pl.int_range(pl.len()).is_between(300, 349))
        bad = data.draw(st.lists(st.integers(0, len(frame) - 1), max_size=5))
        frame = frame.with_columns(
            status=pl.when(pl.int_range(pl.len()).is_in(bad)).then(pl.lit(0x80000000, pl.UInt32)).otherwise("status")
        )
        settings = {"count": count, "on_delay": seconds(delays), "off_delay": seconds(delays)}
        learn = data.draw(st.sampled_from([40, 200]))
        start = data.draw(st.one_of(st.none(), st.integers(-2 * learn, END // 2)))
        healthy = None if start is None else {"start": at(start), "end": at(start + learn + 0.5)}
        settings |= {"learn": seconds(learn), "healthy": healthy}
        mode = signal("mode", type="text", unit="1", role=SignalRole.MODE)
        turns = data.draw(st.lists(st.tuples(st.integers(0, END - 1), st.sampled_from("abcd")), max_size=12))
        frame = pl.concat([samples(mode.path, sorted(dict(turns).items())), frame])
        cuts = data.draw(st.lists(st.integers(0, END - 1), max_size=30))
        once, often = chart(name, mode, **settings), chart(name, mode, **settings)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stretches, "MODES", 2)
            once.portions(frame, [], END, told=told, missed=missed)
            often.portions(frame, cuts, END, told=told, missed=missed)
        same(once, often)


def _changes() -> st.SearchStrategy[list[tuple[float, Any]]]:
    some = st.lists(st.tuples(st.integers(0, END - 1), st.sampled_from([RUN, RUN, STAND])), max_size=3)
    return some.map(lambda changes: sorted({float(second): state for second, state in changes}.items()))


def test_another_window_begins_with_tenths_of_its_own() -> None:
    values = noise(3000)
    values[400:] += 3
    before, after = chart("change_point", window=60), chart("change_point", window=600)
    before.look(series(values[:1500]), until=1499)
    assert [key for key, *_ in before.told()] == ["up"]
    after.carried = before.carried
    after.look(series(values).slice(1500), until=2999)
    assert not after.alerts
    assert len(after.carried[FORCE]["tenths"]) == 19


def test_of_a_restless_signal_the_parting_is_looked_for_only_where_something_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parting = Mock(side_effect=change_point._parting)
    monkeypatch.setattr(change_point, "_parting", parting)
    values = noise(6000)
    values[1000:] += np.tile(np.repeat([0.0, 30.0], 100), 25)
    looked = chart("change_point", window=10)
    looked.look(series(values), until=5999)
    assert len(looked.alerts) >= 40
    assert parting.call_count == 2 * len(looked.alerts)
