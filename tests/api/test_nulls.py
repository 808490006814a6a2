"""What a table hides is not in what is written of it."""

import struct
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from api.nulls import emptied

SECRETS = {
    "text": "a text that nobody may see",
    "short": "hush",
    "number": 1234.5678,
    "count": 4_711_081_512,
    "at": datetime(2031, 4, 5, 6, 7, 8, tzinfo=UTC),
}

OTHERS = {
    "text": "a text that is long, too",
    "short": "well",
    "number": 7.25,
    "count": 12,
    "at": datetime(2026, 1, 1, tzinfo=UTC),
}

BYTES = {
    "text": b"nobody may see",
    "short": b"hush",
    "number": struct.pack("<d", 1234.5678),
    "count": struct.pack("<q", 4_711_081_512),
    "at": struct.pack("<q", int(datetime(2031, 4, 5, 6, 7, 8, tzinfo=UTC).timestamp()) * 10**6),
}


def written(table: pl.DataFrame) -> bytes:
    file = BytesIO()
    table.write_ipc_stream(file, compat_level=pl.CompatLevel.oldest())
    return file.getvalue()


def hidden(name: str) -> pl.DataFrame:
    """Give a table in which a condition has hidden what is secret."""
    rows = pl.DataFrame({name: [SECRETS[name], OTHERS[name], None, SECRETS[name]], "shown": [0, 1, 1, 0]})
    return rows.with_columns(pl.when(pl.col("shown") == 1).then(pl.col(name)).name.keep())


@pytest.mark.parametrize("name", SECRETS)
def test_what_a_condition_has_hidden_is_gone(name: str) -> None:
    table = hidden(name)
    assert BYTES[name] in written(table), "Polars empties it by itself: `emptied` is not needed any more"
    assert BYTES[name] not in written(emptied(table))
    assert_frame_equal(emptied(table), table)


def test_what_nobody_sees_is_not_in_parquet_either() -> None:
    for name in SECRETS:
        file = BytesIO()
        hidden(name).write_parquet(file, compression="uncompressed")
        assert BYTES[name] not in file.getvalue()


@given(
    st.lists(
        st.tuples(st.none() | st.text(max_size=20), st.none() | st.floats(allow_nan=False), st.none() | st.booleans()),
        max_size=40,
    )
)
def test_the_table_stays_as_it_is(rows: list[tuple[Any, ...]]) -> None:
    table = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.Float64, "c": pl.Boolean}, orient="row")
    assert_frame_equal(emptied(table), table)
