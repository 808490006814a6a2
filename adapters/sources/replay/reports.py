"""What is read of a recorded file before the types of its values matter: reports, and what is none.

    reports      line: u64                  in the file, the first is 1; of Parquet the row
                 time: datetime[ns, UTC]
                 item: str                  its name in the file
                 value: str                 as written; null where nothing stands
                 input: str                 what a refusal shows: the line, or the cell

    oddities     line: u64                  as above
                 input: bytes               the line as it stands
                 reason: str                why it is no report

Every format is read into these, a stretch of the file at a time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from adapters.sample import INSTANT

REPORTS: Final = pl.Schema(
    {"line": pl.UInt64(), "time": INSTANT, "item": pl.String(), "value": pl.String(), "input": pl.String()}
)
"""The columns of reports, in the order in which they were written or happened."""

ODDITIES: Final = pl.Schema({"line": pl.UInt64(), "input": pl.Binary(), "reason": pl.String()})
"""The columns of what is no report."""


class RecordingError(Exception):
    """A file is not what its format says; the text says what to do. Reading it again will not help."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a recorded file."""

    reports: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPORTS))
    """Columns of `REPORTS`, of wanted items alone."""

    oddities: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ODDITIES))
    """Columns of `ODDITIES`."""

    skipped: Mapping[str, int] = field(default_factory=dict)
    """Items that nobody wanted, and how many reports there were of each."""

    read: float = 1.0
    """Share of the file that is read after it, 0 to 1."""


def sift(rows: pl.DataFrame, wanted: Collection[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Keep the rows whose `item` is wanted, and count the others by item."""
    known = pl.col("item").is_in(list(wanted))
    skipped = rows.filter(~known).group_by("item").len()
    return rows.filter(known), dict(skipped.iter_rows())
