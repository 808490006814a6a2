"""Principal components, and what of a machine's signals has changed lately."""

import json
from itertools import pairwise
from math import inf

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.faults.components import Components, Floats, beta, components, f_quantile
from analytics.faults.pca import Model, Onset, Scores, Settings, State, advance, learn, named, onsets
from tests.bench import skab_valve1, tep

NAMES = ("force", "stroke", "current", "heat")


def moving(rows: int, seed: int = 7) -> Floats:
    """Give rows of four signals: three that move together, and one alone; independent from row to row."""
    chance = np.random.default_rng(seed)
    common = chance.standard_normal((rows, 1))
    own = chance.standard_normal((rows, 4))
    return np.hstack([common * [10, -2, 0.5] + own[:, :3] * [1, 0.2, 0.05] + [100, 0, 5], own[:, 3:] * 3])


def restless(rows: int, seed: int = 1) -> Floats:
    """Give rows of three signals that follow one that wanders a little."""
    chance = np.random.default_rng(seed)
    common = chance.standard_normal(rows) * 0.8
    for row in range(1, rows):
        common[row] += 0.6 * common[row - 1]
    return common[:, None] * [1, 0.1, 0.5] + chance.standard_normal((rows, 3)) * [0.3, 0.05, 0.2]


def frame(rows: Floats) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=list(NAMES))


def known(kept: dict[str, object]) -> dict[str, object]:
    """Give what JSON gives back."""
    back: dict[str, object] = json.loads(json.dumps(kept))
    return back


class TestComponents:
    def test_numbers_of_two_signals_by_hand(self) -> None:
        # Two signals, correlated by 0.8: eigenvalues 1.8 and 0.2 along (1, 1) and (1, -1).
        half = np.sqrt(0.5)
        usual = Components(
            mean=np.array([10.0, -5.0]),
            scale=np.array([2.0, 1.0]),
            loadings=np.array([[half, half], [half, -half]]),
            variances=np.array([1.8, 0.2]),
            kept=1,
            rows=100,
        )
        rows = np.array([[12.0, -4.0], [12.0, -6.0], [10.0, -5.0]])
        assert usual.t2(rows) == pytest.approx([2 / 1.8, 0, 0])
        assert usual.spe(rows) == pytest.approx([0, 2, 0])

    def test_contributions_add_up(self) -> None:
        rows = moving(300)
        usual = components(rows, kept=2)
        assert usual.t2_contributions(rows).sum(axis=1) == pytest.approx(usual.t2(rows))
        assert usual.spe_contributions(rows).sum(axis=1) == pytest.approx(usual.spe(rows))

    def test_the_signal_that_left_tells_most(self) -> None:
        usual = components(moving(300), kept=2)
        row = np.array([[100.0, 2.0, 5.0, 0.0]])
        assert usual.spe_contributions(row).argmax() == NAMES.index("stroke")

    def test_as_many_components_as_explain_the_variance(self) -> None:
        assert components(moving(500), variance=0.7).kept == 1
        assert components(moving(500), variance=0.9).kept == 2

    def test_theoretical_limits_hold_what_they_promise(self) -> None:
        usual = components(moving(500), kept=2)
        fresh = moving(20_000, seed=8)
        assert (usual.t2(fresh) > usual.t2_limit(0.99)).mean() == pytest.approx(0.01, abs=0.004)
        assert (usual.spe(fresh) > usual.spe_limit(0.99)).mean() == pytest.approx(0.01, abs=0.004)

    def test_no_plane_is_left_where_all_components_are_kept(self) -> None:
        usual = components(moving(100), kept=4)
        assert usual.spe_limit(0.99) == 0
        assert usual.spe(moving(10)) == pytest.approx(np.zeros(10), abs=1e-20)

    def test_a_signal_that_never_changed_says_nothing(self) -> None:
        rows = moving(100)
        rows[:, 1] = 7.0
        usual = components(rows, kept=2)
        other = rows.copy()
        other[:, 1] = 8.0
        assert usual.t2(other) == pytest.approx(usual.t2(rows))
        assert usual.scale[1] == inf

    def test_rows_with_a_number_missing_are_left_out(self) -> None:
        rows = moving(100)
        holed = np.vstack([rows, [[1.0, 2.0, np.nan, 4.0]]])
        assert components(holed).mean.tolist() == components(rows).mean.tolist()

    def test_too_few_rows(self) -> None:
        with pytest.raises(ValueError, match="give at least 2"):
            components(moving(1))

    @pytest.mark.parametrize("constant", [False, True])
    def test_json_gives_it_back_to_the_last_bit(self, *, constant: bool) -> None:
        rows = moving(100)
        if constant:
            rows[:, 2] = 1.0
        usual = components(rows)
        back = Components.from_json(known(usual.to_json()))
        assert back.to_json() == usual.to_json()
        assert back.t2(rows).tolist() == usual.t2(rows).tolist()

    @pytest.mark.parametrize(
        ("level", "first", "second", "expected"),
        # Tables of F: NIST/SEMATECH e-Handbook, 1.3.6.7.3
        [(0.95, 5, 10, 3.326), (0.95, 1, 1, 161.448), (0.99, 2, 3, 30.817), (0.99, 10, 100, 2.503)],
    )
    def test_quantiles_of_f(self, level: float, first: int, second: int, expected: float) -> None:
        assert f_quantile(level, first, second) == pytest.approx(expected, abs=5e-4)

    def test_the_incomplete_beta_function_at_its_ends_and_symmetric(self) -> None:
        assert (beta(0, 2, 3), beta(1, 2, 3)) == (0, 1)
        assert beta(0.3, 2, 5) + beta(0.7, 5, 2) == pytest.approx(1)
        assert beta(0.25, 1, 1) == pytest.approx(0.25)


def found(usual: Floats, then: Floats, tuned: Settings | None = None) -> list[Onset]:
    """Learn from rows, and give what is found in those that follow."""
    return onsets(frame(np.vstack([usual, then])), len(usual), tuned)


class TestOnsets:
    def test_what_is_as_usual_is_no_onset(self) -> None:
        assert found(moving(1000), moving(5000, seed=8)) == []

    @pytest.mark.parametrize("signal", range(4))
    def test_a_level_that_shifts(self, signal: int) -> None:
        then = moving(400, seed=8)
        then[200:, signal] += 3 * then[:, signal].std()
        (onset,) = found(moving(1000), then)
        assert 1205 <= onset.began <= 1215
        assert next(iter(onset.contributions)) == NAMES[signal]
        assert sum(onset.contributions.values()) == pytest.approx(1)

    def test_an_alarm_goes_off_when_the_new_level_has_become_usual(self) -> None:
        then = moving(3000, seed=8)
        then[200:, 3] += 9
        (onset,) = found(moving(400), then)
        assert onset.ended is not None
        assert onset.ended < 1500

    def test_a_signal_that_becomes_restless(self) -> None:
        then = moving(400, seed=8)
        then[200:, 3] *= 3
        first = found(moving(1000), then)[0]
        assert 1205 <= first.began <= 1260
        assert next(iter(first.contributions)) == "heat"

    def test_signals_that_part_though_each_is_where_it_may_be(self) -> None:
        usual, then = moving(1000), moving(400, seed=8)
        then[200:, 0] += 4
        then[200:, 1] += 0.8
        apart = found(usual, then)[0]
        together = moving(400, seed=8)
        together[200:, 0] += 4
        together[200:, 1] -= 0.8
        assert 1205 <= apart.began <= 1230
        assert set(list(apart.contributions)[:2]) <= {"force", "stroke", "current"}
        assert found(usual, together) == []

    def test_a_wild_row_is_no_onset(self) -> None:
        then = moving(400, seed=8)
        then[200] = 1e6
        assert found(moving(1000), then) == []

    def test_a_signal_that_wandered_while_it_was_learned_may_wander(self) -> None:
        chance = np.random.default_rng(3)
        walk = np.cumsum(chance.standard_normal(4000))
        rows = moving(4000)
        rows[:, 3] = walk
        assert found(rows[:600], rows[600:]) == []

    def test_a_signal_that_never_changed_says_nothing(self) -> None:
        rows = moving(1400)
        rows[:, 1] = 5.0
        rows[1200:, 1] = 50.0
        assert found(rows[:1000], rows[1000:]) == []

    def test_scales_do_not_matter(self) -> None:
        rows = moving(800)
        rows[600:, 3] += 9
        once, twice = (learn(some[:400], NAMES) for some in (rows, rows * 1024))
        assert advance(*once, rows[400:])[1].evidence == pytest.approx(advance(*twice, rows[400:] * 1024)[1].evidence)

    def test_the_more_was_learned_the_rarer_it_must_be(self) -> None:
        limits = [float(advance(*learn(moving(rows), NAMES), moving(10))[1].limit[0]) for rows in (100, 1000, 10_000)]
        assert limits[0] + 0.9 < limits[1] < limits[2] - 0.9

    def test_it_learns_on_while_it_watches(self) -> None:
        scores = advance(*learn(moving(100), NAMES), moving(1000, seed=8))[1]
        assert (np.diff(scores.limit) >= 0).all()
        assert scores.limit[-1] > scores.limit[0] + 0.9

    @pytest.mark.parametrize("missing", [0, 3])
    def test_what_is_missing_leaves_a_signal_as_it_was(self, missing: int) -> None:
        rows = moving(1400)
        rows[1200:, 2] += 2.5
        rows[::3, missing] = np.nan
        (onset,) = found(rows[:1000], rows[1000:])
        assert 1205 <= onset.began <= 1220

    def test_over_a_gap_nothing_has_changed(self) -> None:
        model, state = learn(moving(1000), NAMES)
        then = moving(400, seed=8)
        then[:, 3] += 30
        anew = np.array([False, False, False, True])
        assert advance(model, state, then)[1].on.any()
        assert not advance(model, state, then, anew)[1].on.any()

    def test_a_break_while_it_learns(self) -> None:
        rows = moving(1000)
        rows[500:, 3] += 1000
        broken, whole = learn(rows, NAMES, breaks=[500])[1], learn(rows, NAMES)[1]
        assert (broken.squares[:, 3] < whole.squares[:, 3] / 10).all()

    @pytest.mark.parametrize("seed", [3, 5, 8])
    def test_while_a_signal_is_missing_and_when_it_is_back_the_others_are_judged_without_it(self, seed: int) -> None:
        rows = restless(12_000, seed)
        rows[5000:7000, 0] = np.nan
        model, state = learn(rows[:4000], NAMES[:3])
        told: list[int] = []
        for first in range(4000, len(rows), 500):
            fresh = np.array([first == 7000, False, False])
            state, scores = advance(model, state, rows[first : first + 500], fresh)
            told.extend((first + np.flatnonzero(scores.on)).tolist())
        assert told == []

    def test_the_others_still_tell_when_a_signal_is_missing(self) -> None:
        rows = restless(6000)
        rows[4500:, 0] = np.nan
        rows[5000:, 2] += 3
        model, state = learn(rows[:4000], NAMES[:3])
        _, scores = advance(model, state, rows[4000:])
        (first, *_) = scores.began
        assert 5000 - 4000 < first < 5060 - 4000
        assert scores.began[first][0] == 0
        assert scores.began[first][2] > 0.3

    def test_runs_shorter_than_a_horizon_are_not_taken_for_quieter_than_they_are(self) -> None:
        # After every stop both averages begin as one: their difference of 0 says nothing of how far they stray.
        run, learned, rows = 1000, 4320, restless(15_000)
        model, state = learn(rows[:learned], NAMES[:3], breaks=range(run, learned, run))
        told: list[int] = []
        for first in range(learned, len(rows), 20):
            fresh = np.full(3, first % run == 0)
            state, scores = advance(model, state, rows[first : first + 20], fresh)
            told.extend((first + np.flatnonzero(scores.on)).tolist())
        assert told == []

    def test_runs_too_short_for_a_horizon(self) -> None:
        rows = moving(800)
        model, _ = learn(rows, NAMES, breaks=range(20, 800, 20))
        assert (model.freedom > 0).all()
        assert np.isfinite(model.loadings).all()

    def test_too_few_rows_to_learn_from(self) -> None:
        with pytest.raises(ValueError, match="47 rows are too few to learn from; give at least 48"):
            onsets(frame(moving(100)), 47)

    def test_nothing_that_ever_changed(self) -> None:
        model, state = learn(np.ones((100, 2)), ["one", "other"])
        assert model.live == ()
        scores = advance(model, state, np.zeros((5, 2)))[1]
        assert not scores.on.any()

    def test_shares_by_name(self) -> None:
        model, _ = learn(moving(100), NAMES)
        assert named(model, np.array([0.25, 0.0, 0.75, 0.0])) == {"current": 0.75, "force": 0.25}


class TestPortions:
    @given(
        seed=st.integers(0, 50),
        cuts=st.lists(st.integers(1, 299), max_size=8),
        holes=st.lists(st.tuples(st.integers(0, 299), st.integers(0, 3)), max_size=30),
        shift=st.sampled_from([0.0, 6.0]),
    )
    @settings(deadline=None, max_examples=40)
    def test_in_whatever_portions_rows_come(
        self, seed: int, cuts: list[int], holes: list[tuple[int, int]], shift: float
    ) -> None:
        rows = moving(300, seed)
        rows[150:, 3] += shift
        for row, signal in holes:
            rows[row, signal] = np.nan
        model, state = learn(moving(200, seed + 100), NAMES)
        end, whole = advance(model, state, rows)
        parts: list[Scores] = []
        for first, last in pairwise([0, *sorted({*cuts}), 300]):
            model = Model.from_json(known(model.to_json()))
            state, part = advance(model, State.from_json(known(state.to_json())), rows[first:last])
            parts.append(part)
        assert state.to_json() == end.to_json()
        for name in ("evidence", "limit", "t2", "spe", "on"):
            assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(whole, name).tolist()
        told = [shares.tolist() for part in parts for shares in part.began.values()]
        assert told == [shares.tolist() for shares in whole.began.values()]

    def test_json_gives_a_model_back_to_the_last_bit(self) -> None:
        model, _ = learn(moving(200), NAMES, Settings(variance=0.5))
        assert Model.from_json(known(model.to_json())).to_json() == model.to_json()

    def test_no_rows(self) -> None:
        model, state = learn(moving(200), NAMES)
        after, scores = advance(model, state, np.empty((0, 4)))
        assert after.to_json() == state.to_json()
        assert len(scores.on) == 0


@pytest.mark.skipif(not skab_valve1.DATA.exists(), reason=f"the recordings of SKAB are not here: {skab_valve1.DATA}")
@pytest.mark.parametrize("shift", [0, 90])
def test_a_real_pump_whose_valve_closes(shift: int) -> None:
    recorded = [one.without(shift) for one in skab_valve1.recordings()]
    verdict = skab_valve1.judge(skab_valve1.ours, recorded)
    assert verdict.of == 16
    assert verdict.detected >= 15
    assert verdict.false_onsets <= 3


@pytest.mark.skipif(not skab_valve1.DATA.exists(), reason=f"the recordings of SKAB are not here: {skab_valve1.DATA}")
def test_controls_are_judged_as_published() -> None:
    recorded = list(skab_valve1.recordings())
    always, clock = (skab_valve1.judge(alarm, recorded) for alarm in (skab_valve1.always, skab_valve1.clock))
    assert (always.detected, always.false_onsets) == (0, 16)
    assert (clock.detected, clock.false_onsets) == (16, 56)


@pytest.mark.skipif(not tep.DATA.exists(), reason=f"the runs of the Tennessee Eastman process are not here: {tep.DATA}")
def test_missed_detections_of_the_tennessee_eastman_process() -> None:
    assert float(str(tep.measure()["max_difference"])) <= tep.ALLOWED
