"""Answers: one page of a list as JSON, or the same rows as CSV, Parquet or an Arrow stream, as the request accepts.

    application/json                       {"items": [...], "next_page_token": ..., ...}
    text/csv                               RFC 4180, UTF-8, a header row; instants as RFC 3339
    application/vnd.apache.parquet         one file
    application/vnd.apache.arrow.stream    one Arrow IPC stream

A table has a column per field of the route's model: a field that is an object gives a column per field of its own
(`title.zh`), what has no fixed shape is JSON text. The page that follows is in the header `Link` (RFC 8288) of every
form. Long lists are written straight from columns: a response model per row costs more than the query. The route still
names its model, which documents the rows and which the tests hold the answers against.
"""

import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

import orjson
import polars as pl
from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import State

from adapters.sample import INSTANT as SAMPLED
from api.errors import NOT_ACCEPTABLE, ProblemError, wrong
from api.nulls import emptied
from collector.spreadsheet import guarded

INSTANT: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
"""How instants in nanoseconds are written: RFC 3339 in UTC, with as many digits as they need."""

BYTES_AT_MOST: Final = 64 * 2**20
"""How large a page may be: its rows are bounded, and texts in them are as long as machines make them."""

_OPTIONS: Final = orjson.OPT_UTC_Z

_MOMENT: Final = pl.Datetime("us", "UTC")
_SECONDS: Final = "%Y-%m-%dT%H:%M:%S"
_STRAIGHT: Final = frozenset({pl.String(), pl.Boolean(), pl.Int64(), pl.UInt32(), pl.Float64(), _MOMENT})
"""Types of columns that Polars writes as JSON as `orjson` does; instants are made texts first."""


class Form(StrEnum):
    """What a list is answered as, by its media type."""

    JSON = "application/json"
    CSV = "text/csv"
    PARQUET = "application/vnd.apache.parquet"
    ARROW = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a request says about the form of its answer."""

    form: Form
    """The media type that it prefers."""

    fields: tuple[str, ...]
    """Fields of each row that it wants; empty: all of them."""

    url: str
    """What was asked, without `page_token`: path and query."""

    state: State | None = None
    """What is noted of the request: `rows`, how many it was answered, is for the audit."""

    def page(
        self, model: type[BaseModel], items: pl.DataFrame | Sequence[BaseModel], token: str | None, **beside: Any
    ) -> Response:
        """Answer one page.

        Args:
            model: the model of a row.
            items: the rows: views, or a frame whose columns are the model's fields, in this order.
            token: `next_page_token`.
            beside: what stands beside the rows in JSON; tables leave it out.

        Raises:
            ProblemError: `fields` names one that rows do not have, or the page has more than `BYTES_AT_MOST`.
        """
        there = items.columns if isinstance(items, pl.DataFrame) else list(model.model_fields)
        for name in self.fields:
            if name not in there:
                raise wrong(parameter="fields", detail=f"rows have no field {name!r}; they have {', '.join(there)}")
        if isinstance(items, pl.DataFrame):
            items = items.select(self.fields) if self.fields else items
            _bounded(_text_bytes(items), len(items))  # before as much again is taken to write it
        if self.state is not None:
            self.state.rows = len(items)
        headers = {"Vary": "Accept"}
        if token is not None:
            headers["Link"] = f'<{self.url}{"&" if "?" in self.url else "?"}page_token={token}>; rel="next"'
        if self.form is Form.JSON:
            body = {"items": self._objects(items), "next_page_token": token, **beside}
            content = orjson.dumps(body, option=_OPTIONS, default=_plain)
        else:
            content = _written(self._table(model, items), self.form)
        _bounded(len(content), len(items))
        return Response(content, media_type=self.form.value, headers=headers)

    def _objects(self, items: pl.DataFrame | Sequence[BaseModel]) -> orjson.Fragment | list[dict[str, Any]]:
        if isinstance(items, pl.DataFrame):
            return _rows(items)
        return [item.model_dump(mode="json", by_alias=True, include=set(self.fields) or None) for item in items]

    def _table(self, model: type[BaseModel], items: pl.DataFrame | Sequence[BaseModel]) -> pl.DataFrame:
        if isinstance(items, pl.DataFrame):
            return items.with_columns(
                _text(column) for column in items if column.dtype.is_nested() or column.dtype == pl.Object
            )
        table = table_of(model, items)
        return table.select(name for name in table.columns if _wanted(name, self.fields))


def shape_of(request: Request, fields: str = "") -> Shape:
    """Give the form of the answer to a request for a list; raises ProblemError where it accepts none."""
    asked = tuple(dict.fromkeys(name.strip() for name in fields.split(",") if name.strip()))
    rest = request.url.remove_query_params("page_token")
    url = f"{rest.path}?{rest.query}" if rest.query else rest.path
    return Shape(accepted(", ".join(request.headers.getlist("accept"))), asked, url, request.state)


async def _given(
    request: Request,
    fields: Annotated[
        str, Query(max_length=1000, description="Fields of each row that are wanted, with commas between; empty: all.")
    ] = "",
) -> Shape:
    return shape_of(request, fields)


GivenShape: TypeAlias = Annotated[Shape, Depends(_given)]
"""The parameter by which a route of a list is given the form of its answer."""


def accepted(header: str) -> Form:
    """Give the form that a header `Accept` (RFC 9110, 12.5.1) prefers; of equals the first of `Form`.

    Raises:
        ProblemError: it accepts none.
    """
    return Form(preferred(header, [form.value for form in Form]))


def preferred(header: str, known: Sequence[str]) -> str:
    """Give the media type among these that a header `Accept` prefers; of equals the first.

    Raises:
        ProblemError: it accepts none.
    """
    ranges = [_range(part) for part in header.split(",") if part.strip()] or [("*/*", 1.0)]

    def weight(media: str) -> float:
        fitting = [(len(name.replace("*", "")), q) for name, q in ranges if _fits(name, media)]
        return max(fitting)[1] if fitting else 0.0

    best = max(known, key=weight)
    if weight(best) <= 0:
        told = f"there is nothing here that `Accept: {header[:200]}` takes; there is {', '.join(known)}"
        raise ProblemError(NOT_ACCEPTABLE, told)
    return best


def table_of(model: type[BaseModel], items: Sequence[BaseModel]) -> pl.DataFrame:
    """Give views as a table."""
    schema = dict(columns_of(model))
    rows = [dict(_flat(item.model_dump(by_alias=True), schema)) for item in items]
    return pl.DataFrame([[row[name] for name in schema] for row in rows], schema=schema, orient="row")


def columns_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, pl.DataType]]:
    """Give the columns of a table of this model: their names and types."""
    for name, field in model.model_fields.items():
        alias = prefix + (field.serialization_alias or field.alias or name)
        kinds = [kind for kind in _kinds(field.annotation) if kind is not type(None)]
        if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel):
            yield from columns_of(kinds[0], f"{alias}.")
        else:
            yield alias, _type_of(kinds)


def _kinds(annotation: Any) -> Iterator[Any]:
    """Give the alternatives of an annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for one in get_args(annotation):
            yield from _kinds(one)
    else:
        yield annotation


def _type_of(kinds: Sequence[Any]) -> pl.DataType:
    known: dict[Any, pl.DataType] = {
        bool: pl.Boolean(),
        int: pl.Int64(),
        float: pl.Float64(),
        datetime: pl.Datetime("us", "UTC"),
    }
    return known.get(kinds[0], pl.String()) if len(kinds) == 1 else pl.String()


def _flat(values: dict[str, Any], schema: dict[str, pl.DataType], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give a row's cells, for every column of the schema below `prefix`."""
    for name, value in values.items():
        column = prefix + name
        if column in schema:
            text = schema[column] == pl.String() and value is not None and not isinstance(value, str)
            yield column, orjson.dumps(value, option=_OPTIONS, default=_plain).decode() if text else value
        elif isinstance(value, dict):
            yield from _flat(value, schema, f"{column}.")
        else:  # an object that is null
            yield from ((below, None) for below in schema if below.startswith(f"{column}."))


def _wanted(column: str, fields: tuple[str, ...]) -> bool:
    return not fields or column in fields or column.partition(".")[0] in fields


def _rows(table: pl.DataFrame) -> orjson.Fragment | list[dict[str, Any]]:
    """Give rows as JSON straight from the columns, where all of them have a fixed shape.

    It is what `orjson` makes of objects, to the byte, in a third of the time.
    """
    fine = [name for name, kind in table.schema.items() if kind == SAMPLED]
    table = table.with_columns(pl.col(fine).dt.to_string(INSTANT))
    instants = [pl.col(name) for name, kind in table.schema.items() if kind == _MOMENT]
    if not all(kind in _STRAIGHT for kind in table.dtypes):
        return table.to_dicts()
    whole = [instant.dt.microsecond() == 0 for instant in instants]
    texts = (
        pl.when(even).then(instant.dt.to_string(f"{_SECONDS}Z")).otherwise(instant.dt.to_string(f"{_SECONDS}%.6fZ"))
        for instant, even in zip(instants, whole, strict=True)
    )
    return orjson.Fragment(table.with_columns(texts).write_json())


def _text(column: pl.Series) -> pl.Series:
    """Give values without a fixed shape as JSON."""
    cells = [
        None if value is None else orjson.dumps(value, option=_OPTIONS, default=_plain).decode()
        for value in column.to_list()
    ]
    return pl.Series(column.name, cells, dtype=pl.String)


def _text_bytes(table: pl.DataFrame) -> int:
    """Give how many bytes the texts of a table have."""
    return sum(int(column.str.len_bytes().cast(pl.UInt64).sum()) for column in table if column.dtype == pl.String)


def _bounded(size: int, rows: int) -> None:
    """Answer 422 where a page of so many rows has too many bytes."""
    if size > BYTES_AT_MOST:
        fewer = f"ask for fewer rows, about {max(1, rows * BYTES_AT_MOST // size)}, or for fewer `fields`"
        detail = f"the page would have {size:,} bytes, and {BYTES_AT_MOST:,} at most are sent; {fewer}"
        raise wrong(parameter="limit", detail=detail)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError


def _written(table: pl.DataFrame, form: Form) -> bytes:
    file = BytesIO()
    if form is Form.PARQUET:
        table.write_parquet(file)
    elif form is Form.ARROW:
        # not as string views: their buffers keep the texts of rows that were filtered out, which others may not see
        emptied(table).write_ipc_stream(file, compat_level=pl.CompatLevel.oldest())
    else:
        guarded(table).write_csv(file, datetime_format=INSTANT, line_terminator="\r\n")
    return file.getvalue()


def _range(part: str) -> tuple[str, float]:
    """Read one media range and its weight; a weight that is none counts as 0."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
    return name.lower(), weight


def _fits(name: str, media: str) -> bool:
    return name in {"*/*", media} or name == f"{media.partition('/')[0]}/*"
