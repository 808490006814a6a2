"""Solves what told sums say: whether something can be computed from them that is of too few."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np


def rank(rows: Sequence[Sequence[float]], columns: Sequence[int]) -> int:
    """Give the rank of some columns of a matrix."""
    return int(np.linalg.matrix_rank(np.asarray(rows)[:, columns])) if rows and columns else 0


def leak(rows: Sequence[Sequence[float]], owners: Sequence[str], fewest: int) -> tuple[str, ...] | None:
    """Give owners, fewer than `fewest`, of whose elements alone something can be computed; None where there are none.

    A combination of rows that is zero outside some columns and not within them is there exactly where the rows have a
    greater rank than what is left of them without these columns.

    Args:
        rows: a told sum each: 1 for the elements that are in it, 0 for others.
        owners: the owner of each element: its factory, or its machine.
        fewest: of how many something may be computed.
    """
    every = sorted(set(owners))
    whole = rank(rows, range(len(owners)))
    for some in combinations(every, min(fewest - 1, len(every))):
        outside = [place for place, owner in enumerate(owners) if owner not in some]
        if rank(rows, outside) < whole:
            return some
    return None
