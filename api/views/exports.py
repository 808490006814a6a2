"""Exports: rows as a file, made while one does something else."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from api.views.kpis import Period
from api.views.shape import Instant, View, example

What: TypeAlias = Literal["samples", "kpis", "losses", "states", "alerts"]
"""What can be exported."""

Path: TypeAlias = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
"""Path of an asset."""


class ExportRequest(View):
    """What is wanted as a file."""

    model_config = example(
        {
            "what": "samples",
            "paths": ["gears/hobbing"],
            "start": "2026-11-01T00:00:00Z",
            "end": "2026-12-01T00:00:00Z",
            "format": "parquet",
        }
    )

    what: What
    """Of which kind its rows are."""

    paths: Annotated[tuple[Path, ...], Field(max_length=1000)] = ()
    """Of what, 1,000 at most; none: of all that the caller may see. For `kpis` and `losses` park, factories, lines or
    machines themselves; for `states` and `alerts` all below them; for `samples` signals, or all signals below them."""

    period: Period | None = None
    """Of `kpis` and `losses` the kind of window; left out: of `kpis` hours, shifts and days, of `losses` days."""

    start: Instant
    """Start of the window, inclusive; RFC 3339 with a zone."""

    end: Instant
    """End of the window, exclusive: 366 days at most for `samples` and `states`, 3,700 for others."""

    format: Literal["parquet", "csv", "arrow"] = "parquet"
    """How the rows are written: a Parquet file, CSV (RFC 4180, UTF-8), or an Arrow IPC file."""

    lang: Literal["en", "zh"] = "en"
    """Language of `reason` and `note`."""


class ExportView(View):
    """One export."""

    id: str
    """Names it."""

    asked: ExportRequest
    """What was asked for."""

    state: Literal["queued", "running", "done", "failed", "expired"]
    """How it stands: it waits, is being made, can be downloaded, could not be made, or was deleted when its time was
    over."""

    progress: float
    """How much of it is made, 0 to 1."""

    rows: int
    """Rows that are made so far."""

    bytes: int
    """Bytes of its file so far."""

    sha256: str | None
    """SHA-256 of its file, in hexadecimal; null until it is done."""

    problem: str
    """Why it failed and what to do; empty where it did not."""

    created: datetime
    """When it was asked for."""

    begun: datetime | None
    """When it was begun; null: it waits."""

    ended: datetime | None
    """When it was done, or had failed; null: it has not come so far."""

    expires: datetime | None
    """When its file is deleted; null: it has none."""

    file: str | None
    """Address of its file; null where there is none."""
