"""What an answer's bytes hold: the rows that were asked for, and nothing of those that were left out."""

import polars as pl
import pytest
from pydantic import BaseModel

from api.answers import Form, Shape


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
