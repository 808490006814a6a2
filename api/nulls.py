"""Nothing lies beneath a null: tables as they may leave the house in a form that shows memory as it is.

Arrow keeps a value in the place of every null, and Polars leaves there whatever was there: the value that a condition
has hidden, or a text of a row that was filtered out. JSON, CSV and Parquet write no such value; Arrow writes it.
"""

import polars as pl


def emptied(table: pl.DataFrame) -> pl.DataFrame:
    """Give the same table with nothing of what its nulls hide; columns of simple types."""
    return table.with_columns(_emptied(column) for column in table if column.null_count())


def _emptied(column: pl.Series) -> pl.Series:
    """Take the values that are there, and put them into their places."""
    there = column.is_not_null()
    places = pl.select(pl.when(there).then(there.cum_sum() - 1)).to_series()
    return column.drop_nulls().gather(places).alias(column.name)
