"""Silence: for how long nothing came of a signal, gaps of the ledger left out."""

from typing import TypeAlias

import polars as pl

Gaps: TypeAlias = list[tuple[int, int | None]]
"""Gaps of one signal, by begin: begin and end, ns since 1970; end None: it lasts."""


def by_signal(gaps: pl.DataFrame) -> dict[str, Gaps]:
    """Give the gaps of each signal; columns of `contract.GAPS`."""
    found: dict[str, Gaps] = {}
    for path, start, end in gaps.sort("start").select("signal", "start", "end").iter_rows():
        found.setdefault(path, []).append((start, end))
    return found


def silent(gaps: Gaps, since: int, ns: int, hold: int) -> int | None:
    """Give the begin of a silence of more than `hold` between `since` and `ns`, where there is one no gap parts."""
    for start, end in gaps:
        if start >= ns or start - since > hold:
            break
        if end is None:
            return None
        since = max(since, end)
    return since if ns - since > hold else None


def parted(gaps: Gaps, start: int, end: int) -> bool:
    """Tell whether a gap lies between two instants."""
    return any(begins < end and (ends is None or ends > start) for begins, ends in gaps)
