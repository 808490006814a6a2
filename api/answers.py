"""Answers straight from columns, for lists that may be long.

A response model per row costs more than the query; these write a frame's rows as JSON directly. The route still names
its model, which documents the rows and which the tests hold the answers against.
"""

from typing import Any, Final

import orjson
import polars as pl
from fastapi import Response

_OPTIONS: Final = orjson.OPT_UTC_Z

INSTANT: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
"""How instants in nanoseconds are written: RFC 3339 in UTC, with as many digits as they need."""


def rows(frame: pl.DataFrame, next_page_token: str | None, **beside: Any) -> Response:
    """Answer one page: the frame's rows as `items`, its columns as their fields."""
    body = {"items": frame.to_dicts(), "next_page_token": next_page_token, **beside}
    return Response(orjson.dumps(body, option=_OPTIONS), media_type="application/json")
