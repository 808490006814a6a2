"""Principal components: how far a row is from what is usual, in the plane of the components and off it.

Rows are autoscaled, z = (x - mean) / standard deviation; P are the eigenvectors of their correlations that belong to
the a largest eigenvalues λ.

    t = z P
    T² = Σ t²/λ                     Hotelling: how far within the plane     (Jackson 1991; Russell, Chiang, Braatz 2000)
    SPE = |z - t Pᵀ|²               also Q: how far off the plane           (Jackson, Mudholkar 1979)

Limits, for rows that are independent and normal, at the level α:

    T²   a(n²-1) / (n(n-a)) · F_α(a, n-a)
    SPE  θ₁ · (h₀ c_α √(2θ₂)/θ₁ + 1 + θ₂ h₀(h₀-1)/θ₁²)^(1/h₀),  θᵢ = Σ λⁱ off the plane, h₀ = 1 - 2θ₁θ₃/(3θ₂²)

Contributions add up to the number they are of: zᵢ (z P Λ⁻¹ Pᵀ)ᵢ to T², where one that pulls back is negative; and
(z - t Pᵀ)ᵢ² to SPE.
"""

# ruff: noqa: RUF002 - Greek letters as the papers write them

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""Numbers, f64."""

_STEPS: Final = 200
"""Steps of bisection and of continued fractions: enough for the last bit."""

_FEWEST: Final = 2
"""So few rows have a standard deviation."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """What is usual of the rows of a table; m signals. A signal that never changed says nothing."""

    mean: Floats
    """Of each signal; m."""

    scale: Floats
    """Standard deviation of each signal; m; infinite where it never changed."""

    loadings: Floats
    """Eigenvectors of the correlations, the largest eigenvalue first; m by m, one column each."""

    variances: Floats
    """Their eigenvalues; m."""

    kept: int
    """How many components span the plane, 1 to m."""

    rows: int
    """How many rows it was learned from."""

    def t2(self, rows: Floats) -> Floats:
        """Give Hotelling's T² of each row; n by m to n."""
        scores = self._scaled(rows) @ self._plane
        return np.asarray((scores**2 / self._spans).sum(axis=1))

    def spe(self, rows: Floats) -> Floats:
        """Give the squared prediction error of each row; n by m to n."""
        return np.asarray(self.spe_contributions(rows).sum(axis=1))

    def t2_contributions(self, rows: Floats) -> Floats:
        """Give what each signal adds to T²; n by m to n by m."""
        scaled = self._scaled(rows)
        return np.asarray(scaled * (scaled @ self._plane / self._spans @ self._plane.T))

    def spe_contributions(self, rows: Floats) -> Floats:
        """Give what each signal adds to SPE; n by m to n by m."""
        scaled = self._scaled(rows)
        return np.asarray((scaled - scaled @ self._plane @ self._plane.T) ** 2)

    def t2_limit(self, level: float) -> float:
        """Give the T² that a new row exceeds in 1 - `level` of all cases, for 0 < `level` < 1."""
        a, n = self.kept, self.rows
        return a * (n * n - 1) / (n * (n - a)) * f_quantile(level, a, n - a)

    def spe_limit(self, level: float) -> float:
        """Give the SPE that a new row exceeds in 1 - `level` of all cases, for 0 < `level` < 1; 0 where a = m."""
        off = np.maximum(self.variances[self.kept :], 0.0)
        first, second, third = (float((off**power).sum()) for power in (1, 2, 3))
        if first <= 0:
            return 0.0
        h = 1 - 2 * first * third / (3 * second**2)
        c = NormalDist().inv_cdf(level)
        inner = h * c * sqrt(2 * second) / first + 1 + second * h * (h - 1) / first**2
        return float(first * max(inner, 0.0) ** (1 / h))

    def to_json(self) -> dict[str, Any]:
        """Give what JSON can hold; numbers come back as they were, to the last bit."""
        return {
            "mean": self.mean.tolist(),
            "scale": [scale if scale < inf else None for scale in self.scale.tolist()],
            "loadings": self.loadings.tolist(),
            "variances": self.variances.tolist(),
            "kept": self.kept,
            "rows": self.rows,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Give back what `to_json` gave."""
        m = len(kept["mean"])
        return cls(
            mean=np.array(kept["mean"], dtype=np.float64),
            scale=np.array([inf if scale is None else scale for scale in kept["scale"]], dtype=np.float64),
            loadings=np.array(kept["loadings"], dtype=np.float64).reshape(m, m),
            variances=np.array(kept["variances"], dtype=np.float64),
            kept=kept["kept"],
            rows=kept["rows"],
        )

    @property
    def _plane(self) -> Floats:
        return self.loadings[:, : self.kept]

    @property
    def _spans(self) -> Floats:
        return np.maximum(self.variances[: self.kept], 1e-12)

    def _scaled(self, rows: Floats) -> Floats:
        return np.asarray((rows - self.mean) / self.scale)


def components(rows: Floats, *, kept: int | None = None, variance: float = 0.9) -> Components:
    """Learn what is usual.

    Args:
        rows: n by m; rows with a number missing (NaN) are left out.
        kept: how many components; None: as many as explain `variance`.
        variance: the part of the variance they explain, more than 0 and less than 1.

    Raises:
        ValueError: when fewer than two rows are whole.
    """
    whole = rows[~np.isnan(rows).any(axis=1)]
    if len(whole) < _FEWEST:
        msg = f"{len(whole)} rows without a missing number; give at least {_FEWEST}"
        raise ValueError(msg)
    mean, scale = whole.mean(axis=0), whole.std(axis=0, ddof=1)
    scale = np.where(scale > np.abs(mean) * 1e-12, scale, inf)
    scaled = (whole - mean) / scale
    values, loadings = spectrum(scaled.T @ scaled / (len(whole) - 1))
    return Components(mean, scale, loadings, values, kept or span(values, variance), len(whole))


def spectrum(correlations: Floats) -> tuple[Floats, Floats]:
    """Give eigenvalues, the largest first, and eigenvectors as columns, each with its largest element positive."""
    values, vectors = np.linalg.eigh(correlations)
    values, vectors = values[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.where(vectors[largest, np.arange(len(values))] < 0, -1.0, 1.0)
    return np.ascontiguousarray(values), np.ascontiguousarray(vectors * signs)


def span(values: Floats, variance: float) -> int:
    """Give how many of the largest eigenvalues make up the part `variance` of their sum; 1 at least."""
    explained = np.cumsum(values) / max(float(values.sum()), 1e-300)
    return min(int((explained < variance).sum()) + 1, len(values))


def f_quantile(level: float, first: float, second: float) -> float:
    """Give the quantile of the F distribution with `first` and `second` degrees of freedom, for 0 < `level` < 1."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if beta(middle, first / 2, second / 2) < level:
            low = middle
        else:
            high = middle
    return inf if high >= 1 else second * high / (first * (1 - high))


def beta(x: float, a: float, b: float) -> float:
    """Give the regularised incomplete beta function I_x(a, b), 0 <= x <= 1 (Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Give the continued fraction of the incomplete beta function, by Lentz."""
    tiny = 1e-300
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1), tiny)
    h = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = h
        for term in (even, odd):
            d = 1 / _away(1 + term * d, tiny)
            c = _away(1 + term / c, tiny)
            h *= d * c
        if abs(h - before) <= 1e-16 * abs(h):
            break
    return h


def _away(number: float, tiny: float) -> float:
    return number if abs(number) > tiny else tiny
