"""Reports that were refused, read again: from the payload that their refusal kept. Pure.

A payload is a line of SHDR as it stands in its file, or a cell of a table as JSON, `{"time":…,"item":…,"value":…}`.
"""

from datetime import timedelta
from typing import Any

import orjson
import polars as pl

from adapters.sources.replay.decode import Decoded, decode, refuse
from adapters.sources.replay.instants import instants
from adapters.sources.replay.reports import ODDITIES, REPORTS, Stretch
from adapters.sources.replay.settings import ReplaySettings
from adapters.sources.replay.shdr import ShdrReader


def decode_again(
    payload: bytes, signals: pl.DataFrame, settings: ReplaySettings, *, source: str, signal: str | None
) -> Decoded:
    """Read a payload as the points and the settings now say.

    Args:
        payload: whole, as its refusal kept it.
        signals: as `decode.signals_of` gives them.
        settings: of the source; its fixed shift is added to the recorded times.
        source: its name.
        signal: path of the signal it was refused for; None: of every signal it reports of.
    """
    wanted = signals if signal is None else signals.filter(pl.col("signal") == signal)
    if settings.shift == "now":
        why = "its time was shifted by when it was played (`shift: now`), which nobody knows any more; play it again"
        return _nothing(payload, why, source)
    stretch = _stretch(payload, wanted["item"].to_list(), settings)
    odd = refuse(stretch.oddities, source=source, file="dead letter")
    decoded = decode(stretch.reports, wanted, source=source, file="dead letter")
    if stretch.reports.is_empty() and odd.is_empty():
        return _nothing(payload, "it reports of no item that a signal of this source has", source)
    shift = pl.lit(timedelta(0) if settings.shift == "none" else settings.shift).cast(pl.Duration("ns"))
    return Decoded(decoded.samples.with_columns(pl.col("time") + shift), pl.concat([odd, decoded.refusals]))


def _stretch(payload: bytes, items: list[str], settings: ReplaySettings) -> Stretch:
    cell = _cell(payload)
    if cell is None:
        return ShdrReader(items, zone=settings.time_zone, started=settings.started).read(payload, share=1.0)
    time = instants(pl.Series([cell["time"]]), "UTC")
    value = cell["value"]
    reports = pl.DataFrame(
        {"line": [1], "time": time, "item": [cell["item"]], "value": [value], "input": [value]}, schema=REPORTS
    )
    return Stretch(reports=reports.filter(pl.col("item").is_in(items)))


def _cell(payload: bytes) -> dict[str, Any] | None:
    """Give the cell of a table that a payload holds; None where it holds none."""
    try:
        found = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    is_cell = isinstance(found, dict) and found.keys() == {"time", "item", "value"}
    return found if is_cell and all(isinstance(part, str) for part in found.values()) else None


def _nothing(payload: bytes, reason: str, source: str) -> Decoded:
    odd = pl.DataFrame([(1, payload, reason)], schema=ODDITIES, orient="row")
    samples = decode(pl.DataFrame(schema=REPORTS), _NONE, source=source, file="").samples
    return Decoded(samples, refuse(odd, source=source, file="dead letter"))


_NONE = pl.DataFrame(schema={"item": pl.String, "signal": pl.String, "type": pl.String})
