"""Signals of one machine that no longer move together as they did: T² and SPE of what has changed lately.

What is judged is not where the signals are but whether they leave where they have been, on several horizons at once:
a machine that warms up, or whose room cools down, is not ill. Everything is learned, and all is row by row: what is
known after a row depends on what was known before it and on the row.

    x      m values of a row, scaled by how much each strays from its own short average
    v      x, and the root of |step of x| in median steps, which is spread evenly: 2m features, of level and of unrest
    e      averages of v with horizons 8, 32, 128, … rows, up to an eighth of what was learned (EWMA; Roberts 1959);
           levels by the median of three values, and v as no further than 4 from the quickest average, so that one
           wild value is not a change (Tukey 1977; Huber 1981)
    c      the differences of neighbouring averages: what has changed lately, by horizon
    s², ν  mean square of c, and how many independent values it was learned from: n / Σ ρ², ρ the autocorrelation of c
           (Bayley, Hammersley 1946), fewer where c is seldom large. A signal that wanders has hardly been seen twice
    z      c / s as a normal deviate of the same rareness under Student's t with ν degrees of freedom (Wallace 1959)

    evidence = max over horizons of -log10 p for
        the largest |z| of all features                                     one signal alone
        T² = Σ t²/λ of z in the plane of its principal components           signals together, as they use to move
        SPE of z off that plane                                             signals that part

The correlations of z come from few independent values: they are shrunk towards none (Ledoit, Wolf 2004), and T² and SPE
pass Bartlett's approximation of Hotelling's distribution before their chi-squared one (Wilson, Hilferty 1931).

A signal that is missing is not judged, and the others are judged without it: in its place stands what they let expect.

The limit says how rare something must be before it is told: so that it is expected once in `certainty` times what has
been learned. It learns on: s² and ν grow with every row (one far out counts as 3 s), and the limit with them. From 400
rows little can be promised; after a day the same settings promise weeks.
The alarm goes on with the last of `in_a_row` rows beyond the limit, and off below half of it.
"""

# ruff: noqa: RUF002 - Greek letters as the papers write them

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import inf, log, log10, pi, sqrt
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.faults.components import Floats, span, spectrum
from analytics.faults.principal import Model, Onset, Scores, Settings, State

__all__ = ["Model", "Onset", "Scores", "Settings", "State", "advance", "learn", "named", "onsets"]

_WILD: Final = 4.0
"""No value counts as further than this from the quickest average."""

_LEAP: Final = 5.0
"""No step counts as more than this many median steps."""

_FAR: Final = 3.0
"""While it learns on, no contrast counts as more than this many standard deviations."""

_SETTLING: Final = 10
"""So many rows after it has begun, every value counts as it is."""

_NOTHING: Final = 1e-12
"""The least that a mean square is taken for."""

_STILL: Final = 1e-9
"""A step of less, scaled, is none."""

_FEWEST: Final = 4
"""From fewer contrasts of a horizon nothing is learned."""

_PORTION: Final = 4096
"""So many rows are looked at in one go."""


def learn(
    table: pl.DataFrame | Floats, names: Sequence[str], settings: Settings | None = None, breaks: Collection[int] = ()
) -> tuple[Model, State]:
    """Learn what is usual from rows in which the machine is well.

    Args:
        table: n by m, in order of time; a missing value is null or NaN.
        names: of its m columns.
        settings: how; None: the defaults.
        breaks: rows before which something may be missing: the averages begin anew.

    Returns:
        What was learned, and what is known after the last of these rows.

    Raises:
        ValueError: when there are fewer rows than `Settings.fewest`.
    """
    settings = settings or Settings()
    rows = _rows(table)
    if len(rows) < settings.fewest:
        msg = f"{len(rows)} rows are too few to learn from; give at least {settings.fewest}"
        raise ValueError(msg)
    model = _scaled_by(rows, tuple(names), settings)
    state = _nothing(model)
    contrasts: list[list[Floats]] = [[] for _ in model.kept]
    starts = sorted({*range(0, len(rows), _PORTION), *breaks})
    for first, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        if first in breaks:
            state = _anew(state, np.ones(len(model.live), dtype=np.bool_))
        state, averages = _averaged_over(model, state, rows[first:end])
        for horizon, kept in enumerate(contrasts):
            offset = -first % _apart(model, horizon)
            quick, slow = (averages[offset :: _apart(model, horizon), one] for one in (horizon, horizon + 1))
            kept.append(quick - slow)
    found = [np.concatenate(kept) for kept in contrasts]
    squares, learned, freedom = _moments(model, found, _unbroken(len(rows), breaks))
    state = replace(state, squares=squares, learned=learned)
    return _planes(replace(model, freedom=freedom), found, squares, learned), state


def advance(
    model: Model,
    state: State,
    table: pl.DataFrame | Floats,
    fresh: NDArray[np.bool_] | None = None,
) -> tuple[State, Scores]:
    """Go on by some rows.

    Args:
        model: what was learned.
        state: what was known before.
        table: n by m, in order of time; a missing value is null or NaN, and leaves its signal as it was.
        fresh: of which signals the first value comes after a gap, m: their averages begin anew, and what has changed
            over the gap is no change; None: of none.

    Returns:
        What is known now, and what the rows said. In whatever portions rows come, both are the same.
    """
    rows = _rows(table)
    if fresh is not None:
        state = _anew(state, fresh[model.columns])
    if not model.live or not len(rows):
        return state, _silence(model, len(rows))
    known, averages = _averaged_over(model, state, rows)
    contrasts = averages[:, :-1] - averages[:, 1:]
    squares, learned, known = _learned_on(model, state, known, rows, contrasts)
    deviates = _deviates(contrasts, squares, learned * model.freedom)
    missing, apart = _unknown(model, state, rows)
    alone = np.where(np.tile(missing, 2)[:, None, :], 0.0, deviates)
    together = _supposed(model, deviates, apart)
    evidence, t2, spe, kinds = _judged(model, alone, together)
    limit = _limit(model.settings, learned.max(axis=(1, 2)))
    beyond, on = _alarm(model.settings, state, evidence, limit)
    began = {
        int(row): _shares(model, alone[row], together[row], apart[row], kinds[row])
        for row in np.flatnonzero(on & ~np.concatenate([[state.on], on[:-1]]))
    }
    state = replace(known, beyond=beyond, on=bool(on[-1]))
    return state, Scores(evidence, limit, t2, spe, on, began)


def onsets(table: pl.DataFrame, train_rows: int, settings: Settings | None = None) -> list[Onset]:
    """Learn from the first rows of a table of numbers, and give the alarms that go on in the others.

    Args:
        table: a row per instant, in order of time; a column per signal.
        train_rows: how many rows to learn from.
        settings: how; None: the defaults.

    Raises:
        ValueError: when `train_rows`, or the rows that are there, are too few to learn from.
    """
    model, state = learn(table.head(train_rows), table.columns, settings)
    found: list[Onset] = []
    was_on = False
    for first in range(train_rows, len(table), _PORTION):
        state, scores = advance(model, state, table.slice(first, _PORTION))
        for row, on in enumerate(scores.on.tolist()):
            if on and not was_on:
                found.append(Onset(first + row, None, named(model, scores.began[row])))
            elif was_on and not on:
                found[-1] = replace(found[-1], ended=first + row)
            was_on = on
    return found


def named(model: Model, shares: Floats) -> dict[str, float]:
    """Give shares by name of the signal, the largest first, without those that are 0."""
    told = sorted(zip(model.names, shares.tolist(), strict=True), key=lambda one: -one[1])
    return {name: share for name, share in told if share > 0}


def _rows(table: pl.DataFrame | Floats) -> Floats:
    if isinstance(table, pl.DataFrame):
        table = table.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.ascontiguousarray(np.where(np.isfinite(table), table, np.nan))


def _scaled_by(rows: Floats, names: tuple[str, ...], settings: Settings) -> Model:
    """Give a model that knows how to scale, and its horizons; nothing of contrasts yet."""
    n = len(rows)
    count = 1
    while settings.quickest * settings.step**count <= n / settings.reach:
        count += 1
    horizons = settings.quickest * settings.step ** np.arange(count + 1.0)
    live, means, scales, strides = [], [], [], []
    for signal in range(rows.shape[1]):
        values = rows[:, signal][~np.isnan(rows[:, signal])]
        if len(values) < settings.fewest or np.ptp(values) <= abs(values[0]) * 1e-12:
            continue
        average = _average(values, horizons[1])
        scale = sqrt(float(np.mean((values[1:] - average[:-1]) ** 2)))
        steps = np.abs(np.diff(values)) / scale
        live.append(signal)
        means.append(float(values.mean()))
        scales.append(scale)
        strides.append(float(np.median(steps[steps > _STILL])))
    k = len(live)
    return Model(
        names=names,
        settings=settings,
        rows=n,
        live=tuple(live),
        mean=np.array(means, dtype=np.float64),
        scale=np.array(scales, dtype=np.float64),
        stride=np.array(strides, dtype=np.float64),
        horizons=horizons,
        freedom=np.zeros((count, 2 * k)),
        independent=np.ones(count),
        loadings=np.zeros((count, k, k)),
        variances=np.zeros((count, k)),
        kept=(1,) * count,
    )


def _average(values: Floats, horizon: float) -> Floats:
    averages = np.empty_like(values)
    average = values[0]
    for row, value in enumerate(values.tolist()):
        average += max(1 / horizon, 1 / (row + 1)) * (value - average)
        averages[row] = average
    return averages


def _nothing(model: Model) -> State:
    s, k = len(model.kept), len(model.live)
    return State(
        averages=np.zeros((s + 1, 2 * k)),
        squares=np.zeros((s, 2 * k)),
        learned=np.zeros((s, 2 * k)),
        came=np.zeros(2 * k),
        last=np.full((2, k), np.nan),
        absent=np.zeros(k),
    )


def _scaled(model: Model, rows: Floats) -> Floats:
    levels = np.empty((len(rows), len(model.live)))
    np.divide(rows[:, model.columns] - model.mean, model.scale, out=levels)
    return levels


def _there(model: Model, state: State, rows: Floats) -> NDArray[np.bool_]:
    """Tell which features a row has: a level where there is a value, a step where there was one before it, too."""
    levels = np.logical_not(np.isnan(rows[:, model.columns]))
    had = np.logical_not(np.isnan(state.last[-1])) | np.concatenate(
        [np.zeros((1, levels.shape[1]), dtype=bool), np.logical_or.accumulate(levels, axis=0)[:-1]]
    )
    return np.concatenate([levels, levels & had], axis=1)


def _held(values: Floats) -> Floats:
    """Put the newest value before it in the place of every missing one."""
    missing = np.isnan(values)
    if not np.any(missing[1:]):
        return values
    there = np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))[:, None]), axis=0)
    return np.take_along_axis(values, there, axis=0)


def _averaged_over(model: Model, state: State, rows: Floats) -> tuple[State, Floats]:
    """Take the averages over rows: what is known then but for s², and e after each row, n by s + 1 by 2k."""
    levels = _scaled(model, rows)
    held = _held(np.concatenate([state.last, levels]))
    before, before_it = held[1:-1], held[:-2]
    steps = np.sqrt(np.minimum(np.abs(levels - before) / model.stride, _LEAP))
    averages, came = _averaged(
        model.horizons, state, np.concatenate([_middle(levels, before, before_it), steps], axis=1)
    )
    absent = _absences(state, levels)[-1].copy()
    return replace(state, averages=averages[-1].copy(), came=came, last=held[-2:].copy(), absent=absent), averages


def _middle(values: Floats, before: Floats, before_it: Floats) -> Floats:
    """Give the median of each value and the two before it; of as many as there are, the newer ones count again."""
    second = np.where(np.isnan(before), values, before)
    third = np.where(np.isnan(before_it), second, before_it)
    low, high = np.minimum(values, second), np.maximum(values, second)
    return np.asarray(np.maximum(low, np.minimum(high, third)))


def _averaged(horizons: Floats, state: State, values: Floats) -> tuple[Floats, Floats]:
    """Give e after each row, and how many values it holds in the end; v is NaN where it is missing."""
    gains = np.repeat(1 / horizons[:, None], values.shape[1], axis=1)
    there = np.array(np.isfinite(values), dtype=np.bool_)
    whole = np.logical_and.reduce(there, axis=1).tolist()
    settled = float(max(horizons[-1], _SETTLING))
    out = np.empty((len(values), *gains.shape))
    average, came = state.averages, state.came.copy()
    steady = bool((came > settled).all())
    gain, near = gains, np.full(values.shape[1], _WILD)
    low, high = np.empty_like(near), np.empty_like(near)
    for row in range(len(values)):
        if not steady:
            steady = bool((came > settled).all())
            gain = np.maximum(gains, 1 / (came + 1))
            near = np.where(came > _SETTLING, _WILD, inf)
        np.subtract(average[0], near, out=low)
        np.add(average[0], near, out=high)
        np.maximum(values[row], low, out=low)
        np.minimum(low, high, out=low)
        after = out[row]
        np.subtract(low, average, out=after)
        np.multiply(after, gain, out=after)
        if not whole[row]:
            after[:, ~there[row]] = 0.0
        np.add(after, average, out=after)
        average = after
        if not steady:
            came += there[row]
    if steady:
        came = state.came + there.sum(axis=0)
    return out, came


def _anew(state: State, which: NDArray[np.bool_]) -> State:
    """Let the averages of some signals begin anew."""
    came = np.where(np.tile(which, 2), 0.0, state.came)
    return replace(state, came=came, last=np.where(which, np.nan, state.last))


def _apart(model: Model, horizon: int) -> int:
    """Give how many rows apart contrasts of a horizon are learned from; between them they hardly change."""
    return int(model.horizons[horizon] / model.horizons[0])


def _unbroken(rows: int, breaks: Collection[int]) -> NDArray[np.intp]:
    """Give how many rows there are before each one since the averages began; n."""
    numbers = np.arange(rows)
    begun = np.zeros(rows, dtype=np.intp)
    begun[[row for row in breaks if row < rows]] = [row for row in breaks if row < rows]
    return numbers - np.maximum.accumulate(begun)


def _moments(model: Model, contrasts: Sequence[Floats], unbroken: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """Give s², of how many rows it is the mean, and how many independent values a row is worth; s by 2k each.

    What comes before the quicker average has settled is left out: both averages are the same there. Where runs are too
    short for a horizon, s² is that of the horizon before, and worth one value.
    """
    shape = (len(contrasts), 2 * len(model.live))
    squares, learned, freedom = np.ones(shape), np.ones(shape), np.ones(shape)
    for horizon, found in enumerate(contrasts):
        apart = _apart(model, horizon)
        settling = int(min(model.horizons[horizon], model.rows // 4))
        settled = found[unbroken[::apart] >= settling // apart * apart]
        rows = max(int(np.count_nonzero(unbroken >= settling)), 1)
        learned[horizon] = rows
        if len(settled) < _FEWEST:
            squares[horizon] = squares[max(horizon - 1, 0)]
            freedom[horizon] = 1 / rows
            continue
        for feature in range(shape[1]):
            contrast = settled[:, feature]
            independent = max(min(_freedom(contrast), _tailed(contrast**2)), 1.0)
            squares[horizon, feature] = max(float(np.mean(contrast**2)), _NOTHING)
            freedom[horizon, feature] = independent / rows
    return squares, learned, freedom


def _covariances(values: Floats) -> Floats:
    """Give the sums of products of values 0, 1, … apart."""
    n = len(values)
    size = 1 << (2 * n - 1).bit_length()
    spectrum_ = np.fft.rfft(values, size)
    return np.asarray(np.fft.irfft(spectrum_ * spectrum_.conj(), size)[:n])


def _freedom(contrast: Floats) -> float:
    """Give how many independent values a mean square is worth, of values that are normal and correlated."""
    sums = _covariances(contrast)
    if sums[0] <= 0:
        return 1.0
    return float(len(contrast) / (1 + 2 * float(((sums[1:] / sums[0]) ** 2).sum())))


def _tailed(squares: Floats) -> float:
    """Give the same by how much the squares themselves stray, whatever their distribution (Bartlett's window)."""
    n = len(squares)
    mean = float(squares.mean())
    sums = _covariances(squares - mean) / n
    lags = n // 4
    long_run = float(sums[0] + 2 * ((1 - np.arange(1, lags) / lags) * sums[1:lags]).sum())
    return 2 * mean**2 * n / max(long_run, 1e-300)


def _planes(model: Model, contrasts: Sequence[Floats], squares: Floats, learned: Floats) -> Model:
    """Add the principal components of z, levels only."""
    k = len(model.live)
    if not k:
        return model
    independent = np.median((learned * model.freedom)[:, :k], axis=1)
    loadings, variances, kept = [], [], []
    for horizon, found in enumerate(contrasts):
        freedom = learned[horizon, :k] * model.freedom[horizon, :k]
        z = _deviates(found[len(found) // 4 :, :k], squares[horizon, :k], freedom)
        products = z.T @ z
        spread = np.sqrt(np.maximum(np.diag(products), _NOTHING))
        known = float(independent[horizon] / (k + independent[horizon]))
        correlations = known * products / spread[:, None] / spread[None, :]
        np.fill_diagonal(correlations, 1.0)
        values, vectors = spectrum(correlations)
        loadings.append(vectors)
        variances.append(values)
        kept.append(span(values, model.settings.variance))
    return replace(
        model,
        independent=independent,
        loadings=np.array(loadings),
        variances=np.array(variances),
        kept=tuple(kept),
    )


def _learned_on(
    model: Model, state: State, known: State, rows: Floats, contrasts: Floats
) -> tuple[Floats, Floats, State]:
    """Give s² and its rows as they were before each row, n by s by 2k each; and what is known after the last."""
    there = _there(model, state, rows)
    came = state.came + np.cumsum(there, axis=0)
    counted = np.array(there[:, None, :] & (came[:, None, :] > model.horizons[1:, None]), dtype=np.bool_)
    counts = np.cumsum(np.concatenate([state.learned[None], counted]), axis=0)
    capped = _FAR**2
    squares = np.empty((len(contrasts) + 1, *state.squares.shape))
    squares[0] = state.squares
    found, whole = contrasts**2, np.logical_and.reduce(counted, axis=(1, 2)).tolist()
    for row in range(len(contrasts)):
        before, after = squares[row], squares[row + 1]
        np.multiply(before, capped, out=after)
        np.minimum(after, found[row], out=after)
        np.subtract(after, before, out=after)
        np.divide(after, counts[row + 1], out=after)
        if not whole[row]:
            after[~counted[row]] = 0.0
        np.add(after, before, out=after)
    return squares[:-1], counts[:-1], replace(known, squares=squares[-1].copy(), learned=counts[-1].copy())


def _deviates(contrasts: Floats, squares: Floats, freedom: Floats) -> Floats:
    """Give z."""
    size = (8 * freedom + 1) / (8 * freedom + 3) * np.sqrt(freedom * np.log1p(contrasts**2 / squares / freedom))
    return np.asarray(np.copysign(size, contrasts))


def _absences(state: State, levels: Floats) -> Floats:
    """Give in how many rows in a row each signal was missing, at each row; n by k."""
    numbers = np.arange(1.0, len(levels) + 1)[:, None]
    newest = np.maximum.accumulate(np.where(np.isnan(levels), 0.0, numbers), axis=0)
    return np.where(newest > 0, numbers - newest, state.absent + numbers)


def _unknown(model: Model, state: State, rows: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which signals are missing, n by k; and which cannot be compared with the others, by horizon, n by s by k.

    They are missing, or came again when the others were there already, and the averages have not yet settled.
    """
    levels = rows[:, model.columns]
    missing = _absences(state, levels) >= model.settings.quickest
    came = state.came[: levels.shape[1]] + np.cumsum(~np.isnan(levels), axis=0)
    behind = came.max(axis=1, keepdims=True) - came
    younger = (came[:, None] <= model.horizons[1:, None]) & (behind[:, None] > model.horizons[:-1, None])
    return missing, missing[:, None] | younger


def _supposed(model: Model, deviates: Floats, unknown: NDArray[np.bool_]) -> Floats:
    """Put in the place of levels that are not known what the others let expect (regression; Nelson and others 1996)."""
    if not unknown.any():
        return deviates
    k = unknown.shape[2]
    supposed = deviates.copy()
    slopes: dict[tuple[int, bytes], Floats] = {}
    for row, horizon in np.argwhere(unknown.any(axis=2)).tolist():
        lacks = unknown[row, horizon]
        key = (horizon, lacks.tobytes())
        if key not in slopes:
            loadings = model.loadings[horizon]
            correlations = loadings * model.spans[horizon] @ loadings.T
            slopes[key] = np.linalg.solve(correlations[np.ix_(~lacks, ~lacks)], correlations[np.ix_(~lacks, lacks)]).T
        levels = supposed[row, horizon, :k]
        levels[lacks] = slopes[key] @ levels[~lacks]
    return supposed


def _judged(model: Model, alone: Floats, deviates: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
    """Give evidence, T² and SPE of each row; and by which horizon and kind it is largest, kinds first.

    `alone` are deviates as they are judged one by one, `deviates` as they are together.
    Kinds are 0 one signal, 1 T², 2 SPE. Sums are taken term by term, so that a row does not depend on its neighbours.
    """
    n, s, features = deviates.shape
    k = features // 2
    scores: Floats = deviates[:, :, :1] * model.loadings[:, 0]
    for signal in range(1, k):
        scores += deviates[:, :, signal : signal + 1] * model.loadings[:, signal]
    scores *= scores
    told = np.empty((n, 3, s))
    told[:, 0] = _rareness(np.abs(alone).max(axis=2)) - log10(2 * features)
    sums = []
    for kind, shape in enumerate((model.t2_shape, model.spe_shape)):
        number = scores[:, :, 0] * shape.weights[:, 0]
        for one in range(1, k):
            number += scores[:, :, one] * shape.weights[:, one]
        sums.append(number)
        told[:, kind + 1] = _rareness(_chi(_hotelling(number / shape.unit, shape.size, model.independent), shape.size))
    flat = told.reshape(n, 3 * s)
    return flat.max(axis=1), sums[0], sums[1], flat.argmax(axis=1)


def _hotelling(number: Floats, dimensions: Floats, independent: Floats) -> Floats:
    """Turn T² with correlations from so many independent rows into a chi-squared number of about the same rareness."""
    factor = np.maximum(independent - (dimensions - 1) / 2, independent / 2)
    return np.asarray(factor * np.log1p(number / independent))


def _chi(number: Floats, freedom: Floats) -> Floats:
    """Turn a chi-squared number into a normal deviate of the same rareness."""
    spread = 2 / (9 * freedom)
    return np.asarray((np.cbrt(number / freedom) - (1 - spread)) / np.sqrt(spread))


def _rareness(deviate: Floats) -> Floats:
    """Give -log10 of how often a normal deviate is larger (Sampford 1953); as of 0 for those below."""
    z = np.maximum(deviate, 0.0)
    return np.asarray((z * z / 2 + np.log(sqrt(pi / 2) * (z + np.sqrt(z * z + 8 / pi)))) / log(10))


def _limit(settings: Settings, learned: Floats) -> Floats:
    """Give the evidence that is expected once in `certainty` times so many rows.

    An average with horizon h comes beyond z about z²/h times as often as it is beyond z (Rice 1944; Pickands 1969), and
    z² is about 2 ln 10 times the evidence.
    """
    looks = np.maximum(np.log10(settings.certainty / settings.quickest * learned), 1.0)
    return np.asarray(looks + np.log10(2 * log(10) * looks))


def _alarm(settings: Settings, state: State, evidence: Floats, limit: Floats) -> tuple[int, NDArray[np.bool_]]:
    beyond, on = state.beyond, state.on
    out = np.zeros(len(evidence), dtype=bool)
    for row, (told, bound) in enumerate(zip(evidence.tolist(), limit.tolist(), strict=True)):
        beyond = beyond + 1 if told >= bound else 0
        on = told >= bound / 2 if on else beyond >= settings.in_a_row
        out[row] = on
    return beyond, out


def _shares(model: Model, alone: Floats, deviates: Floats, unknown: NDArray[np.bool_], kind: int) -> Floats:
    """Give the share of each signal in the evidence of a row; m."""
    s, k = len(model.kept), len(model.live)
    sort, horizon = divmod(int(kind), s)
    z, a = deviates[horizon, :k], model.kept[horizon]
    loadings, spans = model.loadings[horizon], model.spans[horizon]
    if sort == 0:
        parts = np.maximum(alone[horizon, :k] ** 2, alone[horizon, k:] ** 2)
    elif sort == 1:
        plane = loadings[:, :a]
        parts = np.maximum(z * (z @ plane / spans[:a] @ plane.T), 0.0)
    else:
        rest = loadings[:, a:]
        parts = (z @ rest @ rest.T) ** 2
    if sort > 0:
        parts = np.where(unknown[horizon], 0.0, parts)
    shares = np.zeros(len(model.names))
    shares[list(model.live)] = parts / parts.sum()
    return shares


def _silence(model: Model, n: int) -> Scores:
    s = len(model.kept)
    nothing = np.zeros((n, s))
    return Scores(np.zeros(n), np.ones(n), nothing, nothing, np.zeros(n, dtype=bool))
