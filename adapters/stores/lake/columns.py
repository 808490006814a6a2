"""Columns of a table as they are, and as its layout says: older and newer versions of parkline share a lake."""

from collections.abc import Mapping
from typing import Final

import polars as pl
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType

from adapters.stores.lake.layout import DAY, Layout

_DELTA_TYPES: Final[Mapping[pl.DataType, str]] = {
    pl.String(): "string",
    pl.Int64(): "long",
    pl.Float64(): "double",
    pl.Boolean(): "boolean",
    pl.Datetime("us", "UTC"): "timestamp",
}
_DATE: Final = PrimitiveType("date")

HARMLESS: Final = frozenset({"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"})
"""Features of Delta Lake's protocol that leave the rows of a file as they are in the file."""


class OtherTableError(DeltaError):
    """There is a table in the folder, but not one of ours."""


def schema(layout: Layout) -> Schema:
    """Give the columns of a new table."""
    return Schema([*_fields(layout), Field(DAY, _DATE)])


def verify(delta: DeltaTable, layout: Layout) -> None:
    """See that a table is one of this layout, of any version of parkline. Raises OtherTableError."""
    place = delta.table_uri
    found = {field.name: field for field in delta.schema().fields}
    ours = {field.name: field for field in schema(layout).fields}
    strange = [name for name in (*layout.required, DAY) if name not in found]
    strange += [name for name, field in ours.items() if name in found and found[name].type != field.type]
    if strange or delta.metadata().partition_columns != [DAY]:
        msg = f"the table at {place} has columns {', '.join(found)}, which parkline did not make"
        raise OtherTableError(msg)
    demanding = [name for name, field in found.items() if name not in ours and not field.nullable]
    if demanding:
        msg = f"the table at {place} demands a value in {', '.join(demanding)}, which parkline does not have"
        raise OtherTableError(msg)
    protocol = delta.protocol()
    features = sorted(set(protocol.reader_features or ()) - HARMLESS)
    if features or protocol.min_reader_version == 2:  # noqa: PLR2004 - version 2 is column mapping, and has no list
        msg = f"the table at {place} uses {', '.join(features) or 'columnMapping'}, which parkline does not read"
        raise OtherTableError(msg)


def missing(delta: DeltaTable, layout: Layout) -> list[Field]:
    """Give the columns of the layout that a table does not have yet."""
    found = {field.name for field in delta.schema().fields}
    return [field for field in _fields(layout) if field.name not in found]


def carried(delta: DeltaTable, layout: Layout) -> pl.Schema:
    """Give the columns that a merge carries along: those of the layout, and all others that the table has."""
    there = pl.Schema(delta.schema().to_arrow())
    others = {name: kind for name, kind in there.items() if name not in layout.columns and name != DAY}
    return pl.Schema({**layout.columns, **others})


def _fields(layout: Layout) -> list[Field]:
    return [Field(name, PrimitiveType(_DELTA_TYPES[kind])) for name, kind in layout.columns.items()]
