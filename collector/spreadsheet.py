"""Tables for spreadsheets: what others wrote is shown there, and not computed.

Where numbers have a decimal comma, a spreadsheet takes `;` for what separates cells, and then no quotation mark inside
a line for one: a semicolon, a tab or the end of a line within a text begins a cell as well. So what may follow them is
as harmless as what a text may begin with.
"""

from typing import Final

import polars as pl

_SIGNS: Final = r"=+\-@\x{ff0b}\x{ff0d}\x{ff1d}\x{ff20}"
"""How a cell begins that spreadsheets take for a formula (OWASP, CSV injection); some do so of wide characters, too."""

_RISKY: Final = rf"^ *[\t\r\n{_SIGNS}]"
"""How a text begins that is guarded; some spreadsheets pass over spaces."""

_INSIDE: Final = rf'([;\t\r\n][;\t\r\n "]*)([{_SIGNS}])'
"""What inside a text may be the begin of such a cell."""

_NUMBER: Final = r"^[+\-]?\d+(\.\d+)?([eE][+\-]?\d+)?$"
"""What is none, however it begins."""


def guarded(table: pl.DataFrame) -> pl.DataFrame:
    """Give a table whose texts no spreadsheet takes for formulas: an apostrophe stands before those that it would."""
    text = pl.col(pl.String)
    risky = text.str.contains(_RISKY) & ~text.str.contains(_NUMBER)
    begun = table.with_columns(pl.when(risky).then("'" + text).otherwise(text).name.keep())
    within = [column.name for column in begun if column.dtype == pl.String and column.str.contains(_INSIDE).any()]
    return begun.with_columns(pl.col(within).str.replace_all(_INSIDE, "${1}'${2}")) if within else begun
