"""Tables for spreadsheets: what others wrote is shown there, and not computed."""

from typing import Final

import polars as pl

_RISKY: Final = r"^[=+\-@\t\r\n\x{ff0b}\x{ff0d}\x{ff1d}\x{ff20}]"
"""How a cell begins that spreadsheets take for a formula (OWASP, CSV injection); some do so of wide characters, too."""

_NUMBER: Final = r"^[+\-]?\d+(\.\d+)?([eE][+\-]?\d+)?$"
"""What is none, however it begins."""


def guarded(table: pl.DataFrame) -> pl.DataFrame:
    """Give a table whose texts no spreadsheet takes for formulas: an apostrophe stands before those that it would."""
    text = pl.col(pl.String)
    risky = text.str.contains(_RISKY) & ~text.str.contains(_NUMBER)
    return table.with_columns(pl.when(risky).then("'" + text).otherwise(text).name.keep())
