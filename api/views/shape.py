"""The shape of every answer: snake_case fields, instants as RFC 3339 in UTC with `Z`, lists in pages."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

T = TypeVar("T")

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2200
"""Instants outside these years are mistakes, and some stores cannot count them in nanoseconds."""

TOKEN: Final = "WyI2ZWUyYjhhZWJjMjQiLDQyXQ"  # noqa: S105 - the place of a page in a list, no secret
"""A token of the page that follows, as examples have it."""

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _instant(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _RFC3339.fullmatch(value) is None:
        example = "2026-11-24T08:00:00Z or 2026-11-24T16:00:00%2B08:00"
        msg = f"{value!r} is no instant; write RFC 3339 with a zone, as {example} (a `+` is written `%2B` in a URL)"
        raise ValueError(msg)
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        msg = f"{value!r} is no instant ({error})"
        raise ValueError(msg) from error
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        msg = f"{value!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(msg)
    return instant


Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation")
]
"""An instant as a caller writes it: RFC 3339 with any zone, read as UTC to the microsecond."""


class View(BaseModel):
    """One thing as the API shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def example(values: dict[str, Any]) -> ConfigDict:
    """Give the `model_config` of a body with an example of it."""
    return ConfigDict(json_schema_extra={"examples": [values]})


class Paged(View, Generic[T], use_attribute_docstrings=False):
    """One page of a list.

    Its fields are described by themselves: Pydantic would search every module for the source of each `Paged[…]`, which
    has none, and took a fifth of the start of the API for it. A subclass with fields of its own turns that on again.
    """

    items: list[T] = Field(description="The rows of this page, in the order of the route.")

    next_page_token: str | None = Field(
        description="Send it as `page_token` for the page after this one; null: this is the last one as things stand."
    )


class TitleView(View):
    """What people call it, by language; the id where nobody gave it a title."""

    zh: str
    """Chinese."""

    en: str
    """English."""


class ProblemFault(View):
    """One wrong parameter."""

    where: str = Field(alias="in")
    """`query`, `path`, `header` or `body`."""

    name: str
    """Its name."""

    detail: str
    """What is wrong with it."""


class ProblemView(View):
    """What went wrong (RFC 9457)."""

    type: str
    """URI of the kind of problem, relative to the API; it explains the kind when asked."""

    title: str
    """The kind in words."""

    status: int
    """The HTTP status."""

    detail: str
    """What happened this time."""

    instance: str
    """The address that was asked."""

    remedy: str | None = None
    """What to do about it."""

    errors: list[ProblemFault] | None = None
    """The wrong parameters."""


def documented(value: Any) -> dict[int | str, dict[str, Any]]:
    """Give the OpenAPI entry of a good answer with this example, which holds no null: FastAPI leaves those out."""
    return {200: {"content": {"application/json": {"example": value}}}}


def listed(value: Any) -> dict[int | str, dict[str, Any]]:
    """Give the OpenAPI entry of a list with this example of JSON; its rows are also had as tables."""
    described = documented(value)
    described[200]["content"] |= {
        media: {"schema": {"type": "string", "contentMediaType": media}}
        for media in ("text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")
    }
    return described
