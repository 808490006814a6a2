"""Missed detections of T² and Q on the Tennessee Eastman process, against the published way of computing them.

Russell, Chiang and Braatz (2000): autoscaled on the 500 normal rows, 11 components, limits at the 99th percentile of
the fault-free test run; rows 161 to 960 of every faulty run that stay below the limit are missed. What is judged is the
textbook form in `analytics.faults.components`; the detector `multivariate` takes the decomposition of it, not the
limits, and has no figures here.

    value       largest difference of a rate from the table beside the data
    reference   the difference that is allowed
"""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from analytics.faults.components import Components, components

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "tep"
"""Where the runs and the table lie."""

KEPT: Final = 11
"""Components."""

BEGINS: Final = 160
"""The row from which on a run is faulty."""

ALLOWED: Final = 0.03
"""The largest difference from the table that is allowed."""


def missed() -> pl.DataFrame:
    """Give the missed-detection rates: fault, T2, Q; and those of the table, missed_T2, missed_Q."""
    runs = pl.read_parquet(DATA / "tep_d00_d10.parquet")
    usual = components(_rows(runs, "d00_train"), kept=KEPT)
    limits = [float(np.quantile(number, 0.99)) for number in _numbers(usual, _rows(runs, "d00_te"))]
    table = pl.read_csv(DATA / "missed_detection_d01_d10.csv")
    rates = [
        [float((number <= limit).mean()) for number, limit in zip(_numbers(usual, faulty), limits, strict=True)]
        for faulty in (_rows(runs, f"d{fault:02}_te")[BEGINS:] for fault in table["fault"])
    ]
    return table.with_columns(T2=pl.Series([t2 for t2, _ in rates]), Q=pl.Series([q for _, q in rates]))


def _rows(runs: pl.DataFrame, run: str) -> np.ndarray:
    return runs.filter(pl.col("run") == run).sort("sample").drop("sample", "run").cast(pl.Float64).to_numpy()


def _numbers(usual: Components, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return usual.t2(rows), usual.spe(rows)


def measure() -> dict[str, object]:
    """Measure."""
    rates = missed()
    worst = max(float((rates[ours] - rates[f"missed_{ours}"]).abs().to_numpy().max()) for ours in ("T2", "Q"))
    return {
        "value": round(worst, 4),
        "reference": ALLOWED,
        "ratio": round(ALLOWED / max(worst, 1e-4), 2),
        "unit": "1",
        "max_difference": round(worst, 4),
        "rates": rates.select("fault", pl.col("T2", "Q").round(3)).to_dicts(),
    }
