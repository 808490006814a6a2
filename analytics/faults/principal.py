"""What was learned of signals that move together, what is known after a row, and what rows say; as `pca` tells."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import isnan
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from analytics.faults.components import Floats


@dataclass(frozen=True, slots=True)
class Settings:
    """How it learns and when it tells."""

    variance: float = 0.8
    """The part of the variance that the principal components explain, more than 0 and less than 1."""

    quickest: float = 8.0
    """The shortest horizon, rows, more than 1."""

    step: float = 4.0
    """How many times longer each further horizon is, more than 1."""

    reach: float = 8.0
    """The longest horizon but one is this part of the rows learned from, 2 or more."""

    certainty: float = 1.5
    """Alert at what is expected once in so many times what was learned, more than 0."""

    in_a_row: int = 6
    """So many rows in a row must be beyond the limit, 1 or more."""

    @property
    def fewest(self) -> int:
        """How many rows it needs to learn from."""
        return int(self.quickest * 6)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How a sum of weighted squares is distributed: as `unit` times chi-squared with `size` degrees of freedom."""

    weights: Floats
    """Of the squared scores; s by k."""

    unit: Floats
    """s."""

    size: Floats
    """s."""


@dataclass(frozen=True, eq=False)
class Model:
    """What was learned once; k of the m signals ever changed; s horizons."""

    names: tuple[str, ...]
    """The signals; m."""

    settings: Settings
    """As it was learned with."""

    rows: int
    """How many rows it was learned from."""

    live: tuple[int, ...]
    """Which signals changed at all while it learned; the others say nothing; k."""

    mean: Floats
    """k."""

    scale: Floats
    """How much a value strays from the average of the second horizon before it; k."""

    stride: Floats
    """Median of the steps that are not 0, in `scale`; k."""

    horizons: Floats
    """Of the averages, rows; s + 1."""

    freedom: Floats
    """Independent values per row; s by 2k."""

    independent: Floats
    """Independent rows that the correlations were learned from; s."""

    loadings: Floats
    """Eigenvectors of the correlations of z, of levels; s by k by k, one column each."""

    variances: Floats
    """Their eigenvalues; s by k."""

    kept: tuple[int, ...]
    """How many components span the plane; s."""

    @cached_property
    def columns(self) -> list[int]:
        """Of the live signals."""
        return list(self.live)

    @cached_property
    def spans(self) -> Floats:
        """The eigenvalues, none of them 0; s by k."""
        return np.maximum(self.variances, 1e-9)

    @cached_property
    def t2_shape(self) -> Shape:
        """How T² is distributed."""
        size = np.array(self.kept, dtype=np.float64)
        return Shape(np.where(self._plane, 1 / self.spans, 0.0), np.ones_like(size), size)

    @cached_property
    def spe_shape(self) -> Shape:
        """How SPE is distributed (Box 1954); where no component is left over, it is 0 and so it stays."""
        off = np.where(self._plane, 0.0, self.spans)
        first, second = off.sum(axis=1), (off**2).sum(axis=1)
        left = first > 0
        unit = np.where(left, second / np.where(left, first, 1.0), 1.0)
        size = np.where(left, first**2 / np.where(left, second, 1.0), 1.0)
        return Shape(np.where(self._plane, 0.0, 1.0), unit, size)

    @property
    def _plane(self) -> NDArray[np.bool_]:
        return np.arange(len(self.live)) < np.array(self.kept)[:, None]

    def to_json(self) -> dict[str, Any]:
        """Give what JSON can hold; numbers come back as they were, to the last bit."""
        return {
            "names": list(self.names),
            "settings": asdict(self.settings),
            "rows": self.rows,
            "live": list(self.live),
            "kept": list(self.kept),
            **{name: getattr(self, name).tolist() for name in _MODEL},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Give back what `to_json` gave."""
        s, k = len(kept["kept"]), len(kept["live"])
        shapes: dict[str, tuple[int, ...]] = {
            "horizons": (s + 1,),
            "freedom": (s, 2 * k),
            "independent": (s,),
            "loadings": (s, k, k),
            "variances": (s, k),
        }
        return cls(
            names=tuple(kept["names"]),
            settings=Settings(**kept["settings"]),
            rows=kept["rows"],
            live=tuple(kept["live"]),
            kept=tuple(kept["kept"]),
            **{name: np.array(kept[name], dtype=np.float64).reshape(shapes.get(name, (k,))) for name in _MODEL},
        )


_MODEL: Final = ("mean", "scale", "stride", "horizons", "freedom", "independent", "loadings", "variances")


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is known after a row."""

    averages: Floats
    """e; s + 1 by 2k."""

    squares: Floats
    """s²; s by 2k."""

    learned: Floats
    """How many rows s² is the mean of; s by 2k."""

    came: Floats
    """How many values the averages hold, since they began; 2k."""

    last: Floats
    """The last two values of each signal, scaled; NaN before the first; 2 by k."""

    absent: Floats
    """In how many rows in a row, the newest among them, each signal was missing; k."""

    beyond: int = 0
    """How many rows in a row were beyond the limit."""

    on: bool = False
    """Whether the alarm is on."""

    def to_json(self) -> dict[str, Any]:
        """Give what JSON can hold; numbers come back as they were, to the last bit."""
        return {
            **{name: getattr(self, name).tolist() for name in ("averages", "squares", "learned", "came", "absent")},
            "last": [[None if isnan(value) else value for value in row] for row in self.last.tolist()],
            "beyond": self.beyond,
            "on": self.on,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Give back what `to_json` gave."""
        k = len(kept["last"][0])
        averages = np.array(kept["averages"], dtype=np.float64).reshape(len(kept["averages"]), 2 * k)
        shape = (len(kept["squares"]), 2 * k)
        return cls(
            averages=averages,
            squares=np.array(kept["squares"], dtype=np.float64).reshape(shape),
            learned=np.array(kept["learned"], dtype=np.float64).reshape(shape),
            came=np.array(kept["came"], dtype=np.float64),
            last=np.array(kept["last"], dtype=np.float64),
            absent=np.array(kept["absent"], dtype=np.float64),
            beyond=kept["beyond"],
            on=kept["on"],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What n rows said."""

    evidence: Floats
    """-log10 of how rare it is; n."""

    limit: Floats
    """From where on it is an alarm, of the same; n."""

    t2: Floats
    """T² by horizon; n by s."""

    spe: Floats
    """SPE by horizon; n by s."""

    on: NDArray[np.bool_]
    """Whether the alarm is on; n, bool."""

    began: Mapping[int, Floats] = field(default_factory=dict)
    """By row in which the alarm went on, the share of each signal in it, 0 to 1, of all together 1; m."""


@dataclass(frozen=True, slots=True)
class Onset:
    """An alarm that went on."""

    began: int
    """In which row."""

    ended: int | None
    """In which row it went off; None: it was on to the end."""

    contributions: Mapping[str, float]
    """Share of each signal, 0 to 1, the largest first; of those that have one."""
