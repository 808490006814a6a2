"""What an answer's bytes hold: the rows that were asked for, and nothing of those that were left out."""

from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from api import answers
from api.answers import Form, Shape, accepted, shape_of
from api.errors import ProblemError
from tests.analytics.plant import EXAMPLES


class _Row(BaseModel):
    path: str
    number: int


@pytest.mark.parametrize("rows", [50, 5000])
@pytest.mark.parametrize("form", Form)
def test_no_form_keeps_what_was_filtered_out(form: Form, rows: int) -> None:
    every = pl.DataFrame(
        [(f"gears/hobbing/hob-{row}" if row % 5 else f"moulds/injection/imm-{row}", row) for row in range(rows)],
        schema=["path", "number"],
        orient="row",
    )
    own = pl.concat([every, every]).filter(pl.col("path").str.starts_with("gears"))
    body = Shape(form, (), "/rows").page(_Row, own, None).body
    assert b"moulds" not in bytes(body)
    if form is not Form.PARQUET:
        assert b"gears/hobbing/hob-1" in bytes(body)


@pytest.mark.parametrize("form", Form)
def test_a_page_has_so_many_bytes_and_says_so(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "BYTES_AT_MOST", 20_000)
    views = [_Row(path=f"{number}{'abcdefgh' * 30}", number=number) for number in range(100)]
    table = pl.DataFrame([view.model_dump() for view in views])
    for rows in (table,) if form is Form.PARQUET else (table, views):  # Parquet packs so many alike into less
        with pytest.raises(ProblemError, match=r"limit: the page would have .* 20,000 at most .* about [3-9]\d, or"):
            Shape(form, (), "/rows").page(_Row, rows, None)
        Shape(form, (), "/rows").page(_Row, rows[:30], None)
        Shape(form, ("number",), "/rows").page(_Row, rows, None)


class _Number(BaseModel):
    at: datetime | None
    text: str | None
    value: float | None
    count: int | None
    sure: bool | None


instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - Hypothesis draws naive ones


@EXAMPLES
@given(
    st.lists(
        st.tuples(
            st.none() | instants | instants.map(lambda at: at.replace(microsecond=0)),
            st.none() | st.text(),
            st.none() | st.floats(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.booleans(),
        )
    )
)
def test_rows_are_written_from_columns_as_they_would_be_one_by_one(rows: list[tuple[Any, ...]]) -> None:
    schema = pl.Schema(
        {
            "at": pl.Datetime("us", "UTC"),
            "text": pl.String(),
            "value": pl.Float64(),
            "count": pl.Int64(),
            "sure": pl.Boolean(),
        }
    )
    table = pl.DataFrame(rows, schema=schema, orient="row")
    body = bytes(Shape(Form.JSON, (), "/rows").page(_Number, table, None, beside=1).body)
    told = {"items": table.to_dicts(), "next_page_token": None, "beside": 1}
    assert body == orjson.dumps(told, option=orjson.OPT_UTC_Z)


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        (["*/*"], Form.JSON),
        ([], Form.JSON),
        ([""], Form.JSON),
        (["text/html, text/csv;q=0.5, */*;q=0.1"], Form.CSV),
        (["text/*"], Form.CSV),
        (["TEXT/CSV; charset=utf-8"], Form.CSV),
        (["application/json;q=0, */*"], Form.CSV),
        (["application/json;q=0.4", "application/vnd.apache.parquet"], Form.PARQUET),
        (["image/png"], None),
        (["*/*;q=0"], None),
        (["text/csv;q=nonsense"], None),
    ],
)
def test_an_answer_has_the_form_that_is_preferred(asked: list[str], form: Form | None) -> None:
    headers = [(b"accept", one.encode()) for one in asked]
    request = Request({"type": "http", "path": "/rows", "query_string": b"", "headers": headers, "state": {}})
    if form is not None:
        assert shape_of(request).form is form
    else:
        with pytest.raises(ProblemError, match="there is nothing here that"):
            shape_of(request)


def test_wildcards_give_way_to_names() -> None:
    assert accepted("*/*;q=1, application/*;q=0.2, text/csv;q=0.3, application/json;q=0.1") is Form.CSV
