"""Time elements of ISO 22400-2 (clause 6), made of the columns of an account.

    POT    planned operation time        planned_time
    PDOT   planned down time             planned_stop_time
    PBT    planned busy time             POT - PDOT
    APT    actual production time        producing_time
    AUST   actual unit setup time        setup_time
    AUPT   actual unit processing time   APT + AUST
    ADET   actual unit delay time        unplanned_stop_time + micro_stop_time
    AUBT   actual unit busy time         AUPT + ADET
    ADOT   actual unit down time         idle_time + off_time
    AOET   actual order execution time   APT + AUST + ADET + ADOT

AOET is summed as OPC 40501-1 (C.2.3) has it: without orders known, every planned second that is no planned stop counts
as the execution of some order. `unknown_time` is in PBT and in none of the actual elements: it lowers what is divided
by PBT, and does not touch what is divided by actual elements. All seconds lie within planned time.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """A time element in seconds, or a quantity, as an expression over an account."""

    value: pl.Expr
    """The expression."""

    columns: tuple[str, ...]
    """The columns of `ACCOUNT` that are in it."""

    def __add__(self, other: "Element") -> "Element":
        return Element(self.value + other.value, columns(self, other))

    def __sub__(self, other: "Element") -> "Element":
        return Element(self.value - other.value, columns(self, other))


def column(name: str) -> Element:
    """Give a column of the account as an element."""
    return Element(pl.col(name), (name,))


def columns(*elements: Element) -> tuple[str, ...]:
    """Give the columns that are in any of these, each once."""
    return tuple(dict.fromkeys(name for element in elements for name in element.columns))


def ratio(part: Element, whole: Element) -> pl.Expr:
    """Give one element divided by another; null where the other is not more than 0, or not counted."""
    return pl.when(whole.value > 0).then(part.value / whole.value)


POT: Final = column("planned_time")
"""Planned operation time."""
PDOT: Final = column("planned_stop_time")
"""Planned down time."""
PBT: Final = POT - PDOT
"""Planned busy time."""
APT: Final = column("producing_time")
"""Actual production time."""
AUST: Final = column("setup_time")
"""Actual unit setup time."""
AUPT: Final = APT + AUST
"""Actual unit processing time."""
ADET: Final = column("unplanned_stop_time") + column("micro_stop_time")
"""Actual unit delay time."""
AUBT: Final = AUPT + ADET
"""Actual unit busy time."""
ADOT: Final = column("idle_time") + column("off_time")
"""Actual unit down time."""
AOET: Final = AUBT + ADOT
"""Actual order execution time."""
PQ: Final = column("total_count")
"""Produced quantity."""
GQ: Final = column("good_count")
"""Good quantity."""
SQ: Final = column("reject_count")
"""Scrap quantity."""
RQ: Final = column("rework_count")
"""Rework quantity."""
JUDGED: Final = column("judged_time")
"""The part of APT of which the ideal cycle is known and parts are counted."""
IDEAL: Final = column("ideal_time")
"""Σ PRI * PQ over products: what all parts take at the ideal cycle (PRI, planned run time per item)."""
IDEAL_GOOD: Final = column("ideal_good_time")
"""The same of good parts."""
